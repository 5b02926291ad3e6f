//! The command line as a user meets it: words, exit status, errors, JSON, and an end without traces.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use ravbmc_tests::ravbmc::{API_PASSWORD, PASSWORD, Process, command, configuration, run};
use ravbmc_tests::wait_for;
use serde_json::{Value, json};

const BOUND: Duration = Duration::from_secs(30);

fn ipmi(process: &Process, words: &str) -> Output {
    let address = process.bmcs()[0].address;
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let mut arguments = vec!["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E"];
    arguments.extend(words.split(' '));
    run(&arguments)
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!((1..=2).contains(&text.lines().count()), "one or two lines: {text}");
    text
}

#[test]
fn our_own_client_does_everything_that_it_promises() {
    let demo = Process::demo(1, &["--speed", "20"]);
    assert_eq!(said(&ipmi(&demo, "power status")), "Chassis Power is off\n");
    assert_eq!(said(&ipmi(&demo, "-C 3 power on")), "Chassis Power Control: on\n");
    let status = || said(&ipmi(&demo, "-C 17 power status"));
    wait_for("on", BOUND, status, |said| said == "Chassis Power is on\n");

    for (set, device, holds_for, boot_type) in [
        ("pxe", "PXE", "next boot", "legacy"),
        ("disk --persistent", "hard disk", "all boots", "legacy"),
        ("cdrom --persistent --efi", "CD/DVD", "all boots", "EFI"),
        ("safe", "hard disk in safe mode", "next boot", "legacy"),
    ] {
        said(&ipmi(&demo, &format!("bootdev {set}")));
        let seen: Value = serde_json::from_str(&said(&ipmi(&demo, "--json bootdev get"))).unwrap();
        assert_eq!(seen["boot-device"], device);
        assert_eq!((&seen["holds-for"], &seen["boot-type"]), (&json!(holds_for), &json!(boot_type)));
    }
    said(&ipmi(&demo, "bootdev none"));
    let refused = complaint(&ipmi(&demo, "bootdev bios"));
    assert!(refused.contains("bootdev bios") && refused.contains("0xcc"), "{refused}");
    let refused = complaint(&ipmi(&demo, "power diag"));
    assert!(refused.contains("power diag") && refused.contains("0xcc"), "{refused}");

    assert!(said(&ipmi(&demo, "mc info")).contains("IPMI Version             : 2.0"));
    assert!(said(&ipmi(&demo, "chassis status")).contains("System Power             : on"));
    assert_eq!(said(&ipmi(&demo, "raw 0x00 0x08 0x03 0x08")), "");
    assert_eq!(said(&ipmi(&demo, "raw 0x00 0x09 3 0 0")), "01 03 08\n");
    for word in ["cycle", "reset", "soft"] {
        let wait = || said(&ipmi(&demo, "power status"));
        wait_for("on", BOUND, wait, |said| said == "Chassis Power is on\n");
        assert_eq!(said(&ipmi(&demo, &format!("power {word}"))), format!("Chassis Power Control: {word}\n"));
    }
    let wait = || said(&ipmi(&demo, "power status"));
    wait_for("off", BOUND, wait, |said| said == "Chassis Power is off\n");
    assert_eq!(said(&ipmi(&demo, "power off")), "Chassis Power Control: off\n");
}

#[test]
fn our_own_client_says_what_is_wrong() {
    let demo = Process::demo(1, &[]);
    let address = demo.bmcs()[0].address;
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let attempt = |user: &str, password: &str, more: &[&str]| {
        let mut arguments = vec!["ipmi", "-H", &ip, "-p", &port, "-U", user, "-E"];
        arguments.extend_from_slice(more);
        arguments.extend(["power", "status"]);
        complaint(&command().env("IPMI_PASSWORD", password).args(arguments).output().unwrap())
    };
    assert!(attempt("admin", "wrong", &[]).contains("password"));
    assert!(attempt("nobody", PASSWORD, &[]).contains("user"));
    assert!(attempt("admin", PASSWORD, &["-C", "8"]).contains("cipher suite"));
    let missing = complaint(&run(&["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "power", "status"]));
    assert!(missing.contains("no password"), "{missing}");
    let unknown =
        complaint(&run(&["ipmi", "-H", "no-such-host.invalid", "-U", "admin", "-E", "power", "status"]));
    assert!(unknown.contains("no-such-host.invalid"), "{unknown}");
}

#[test]
fn a_file_with_the_password_works_as_the_demonstration_says() {
    let demo = Process::demo(1, &[]);
    let file = demo.announced["passwordFile"].as_str().unwrap().to_owned();
    let address = demo.bmcs()[0].address;
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    let output = run(&["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-f", &file, "power", "status"]);
    assert_eq!(said(&output), "Chassis Power is off\n");

    assert!(demo.terminate(), "SIGTERM is a clean end");
    assert!(!Path::new(&file).exists(), "without --state-dir the state is temporary");
}

#[test]
fn a_demonstration_with_a_state_directory_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let options = ["--speed", "20", "--state-dir", state.to_str().unwrap()];
    let demo = Process::demo(2, &options);
    let before: Vec<_> = demo.bmcs().into_iter().map(|bmc| (bmc.node, bmc.address)).collect();
    said(&ipmi(&demo, "bootdev disk --persistent"));
    said(&ipmi(&demo, "power on"));
    wait_for("on", BOUND, || said(&ipmi(&demo, "power status")), |said| said == "Chassis Power is on\n");
    assert!(demo.terminate());

    let demo = Process::demo(2, &options);
    let after: Vec<_> = demo.bmcs().into_iter().map(|bmc| (bmc.node, bmc.address)).collect();
    assert_eq!(after, before, "nodes and ports stay");
    assert_eq!(said(&ipmi(&demo, "power status")), "Chassis Power is on\n");
    assert!(said(&ipmi(&demo, "bootdev get")).contains("hard disk"));
}

#[test]
fn errors_are_plain_and_the_exit_status_tells_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| -> PathBuf {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let check = |path: &Path| run(&["check-config", "--config", path.to_str().unwrap()]);

    let missing = complaint(&check(Path::new("no-such-file.toml")));
    assert!(missing.contains("no-such-file.toml"), "{missing}");
    let wrong = complaint(&check(&file("wrong.toml", "[cloud]\nuser = 1\n")));
    assert!(wrong.contains("wrong.toml, line 2") && wrong.contains("user"), "{wrong}");
    let good = configuration(folder.path(), "http://127.0.0.1:1", "");
    assert!(said(&check(&good)).contains("is correct"));

    let simulator = Process::simulator(&["--empty"]);
    let unknown = configuration(folder.path(), &simulator.cloud_url(), "");
    let refused = command().args(["serve", "--config", unknown.to_str().unwrap()]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("demo"), "{refused:?}");

    let document = file("application.json", r#"{"name": 7}"#);
    let refused =
        complaint(&run(&["sim", "--listen", "127.0.0.1:0", "--application", document.to_str().unwrap()]));
    assert!(refused.contains("application.json"), "{refused}");
}

#[test]
fn a_second_daemon_on_the_same_state_directory_is_refused() {
    let simulator = Process::simulator(&["--nodes", "1"]);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let _first = Process::serve(&file);
    let second = command().args(["serve", "--config", file.to_str().unwrap()]).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("journal.redb"), "{second:?}");
}

#[test]
fn a_wrong_password_of_the_cloud_ends_the_daemon_with_a_reason() {
    let simulator = Process::simulator(&["--nodes", "1"]);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let refused = command()
        .env("RAVBMC_API_PASSWORD", "wrong")
        .args(["serve", "--config", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("ravbmc: ") && text.contains("401"), "{text}");
}

#[test]
fn no_secret_is_ever_logged() {
    let mut child = command()
        .args(["demo", "--nodes", "1", "--port-base", "0", "--speed", "20", "--json", "--log-format", "json"])
        .env("RUST_LOG", "trace")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let log = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || std::io::read_to_string(log).unwrap());
    let mut announced = Vec::new();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let announced: Value = loop {
        assert!(std::io::BufRead::read_until(&mut output, b'\n', &mut announced).unwrap() > 0, "it ended");
        if let Ok(announced) = serde_json::from_slice(&announced) {
            break announced;
        }
    };
    let address: std::net::SocketAddr = announced["nodes"][0]["address"].as_str().unwrap().parse().unwrap();
    let (ip, port) = (address.ip().to_string(), address.port().to_string());
    said(&run(&["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E", "power", "on"]));
    let wrong = command()
        .env("IPMI_PASSWORD", "another-secret")
        .args(["ipmi", "-H", &ip, "-p", &port, "-U", "admin", "-E", "power", "status"])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    child.kill().unwrap();
    child.wait().unwrap();

    let log = log.join().unwrap();
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "the log is detailed: {log}");
    serde_json::from_str::<Value>(log.lines().next().unwrap()).unwrap();
    let encoded = {
        use base64::Engine as _;
        let pair = format!("demo@example.com:{API_PASSWORD}");
        base64::engine::general_purpose::STANDARD.encode(pair)
    };
    for secret in [PASSWORD, API_PASSWORD, "another-secret", &encoded] {
        assert!(!log.contains(secret), "{secret:?} is in the log");
    }
}

#[test]
fn program_whose_log_nobody_reads_works_and_ends_all_the_same() {
    let demo = Process::start_unheard(&["demo", "--nodes", "1", "--port-base", "0", "--speed", "20"]);
    assert_eq!(said(&ipmi(&demo, "power on")), "Chassis Power Control: on\n");
    let status = || said(&ipmi(&demo, "power status"));
    wait_for("on", BOUND, status, |said| said == "Chassis Power is on\n");
    let (ended, has_ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || ended.send(demo.terminate()));
    assert!(has_ended.recv_timeout(BOUND).expect("SIGTERM ends it"));
}

#[test]
fn failure_that_nobody_reads_is_still_a_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut failing = command();
    failing
        .args(["check-config", "--config", "/no/such/file"])
        .stdout(std::process::Stdio::null())
        .stderr(writer);
    assert_eq!(failing.status().unwrap().code(), Some(1), "and no panic, which would be 101");
}
