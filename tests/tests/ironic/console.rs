//! The serial console: Ironic runs `ipmitool sol activate` behind socat, and gives a TCP port to whoever wants to look.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use ravbmc_tests::client::installed;
use ravbmc_tests::wait_for;
use serde_json::json;

use crate::conductor::{Timing, free_ports};
use crate::lab::Lab;
use crate::node::BOUND;

/// A person who has opened the port that Ironic gives.
struct Person {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Person {
    fn connect(port: u16) -> Self {
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let stream = wait_for("Ironic's port", BOUND, connect, Result::is_ok).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        Self { stream, seen: Vec::new() }
    }

    fn sees(&mut self, text: &str) {
        let what = format!("{text:?} on the console");
        let look = || {
            let mut piece = [0; 1024];
            match self.stream.read(&mut piece) {
                Ok(length) => self.seen.extend_from_slice(&piece[..length]),
                Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)),
            }
            String::from_utf8_lossy(&self.seen).into_owned()
        };
        wait_for(&what, BOUND, look, |seen| seen.contains(text));
    }
}

#[test]
fn a_person_sees_the_node_boot_and_types_through_ironics_console() {
    if !installed("socat") {
        return;
    }
    let [port] = free_ports();
    let more = "[console]\nterminal_pid_dir = $state_path\n";
    let Some(lab) = Lab::start(1, "20", Timing::Quick, more) else { return };
    let node = lab.node(1);
    node.set(&[("/driver_info/ipmi_terminal_port", json!(port))]);
    node.provision("manage", "manageable");
    assert_eq!(node.get("/validate")["console"]["result"], true);

    node.put("/states/console", &json!({ "enabled": true })).ok();
    wait_for("the console", BOUND, || node.show(), |node| node["console_enabled"] == true);
    let console = node.get("/states/console");
    let url = format!("tcp://127.0.0.1:{port}");
    assert_eq!(console["console_info"], json!({ "type": "socat", "url": url }));

    let mut person = Person::connect(port);
    person.sees("SOL Session operational");
    node.power("power on");
    person.sees("network boot");
    person.stream.write_all(b"is somebody there?").unwrap();
    person.sees("is somebody there?");
    drop(person);

    node.put("/states/console", &json!({ "enabled": false })).ok();
    wait_for("its end", BOUND, || node.show(), |node| node["console_enabled"] == false);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    assert_eq!(node.boot_log(), ["start network runs"]);
}
