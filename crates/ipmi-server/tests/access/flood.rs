//! A flood over loopback.

use std::net::UdpSocket;
use std::time::Duration;

use ipmi_client::{Client, ClientOptions};
use ipmi_proto::command::chassis::GetChassisStatus;
use tokio::time::Instant;

use super::support::Bmc;
use super::{PASSWORD, config};

const DATAGRAMS: usize = 200_000;

/// Sends what a stranger can think of, as fast as it goes.
fn flood(to: std::net::SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let open = [
        &[6, 0, 0xff, 7, 6, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 1, 2, 3, 4][..],
        &[0, 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 8, 1, 0, 0, 0],
    ]
    .concat();
    let ping = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 0, 0, 0];
    let sealed = [&[6, 0, 0xff, 7, 6, 0xc0][..], &[1; 66]].concat();
    for number in 0..DATAGRAMS {
        let datagram: &[u8] = match number % 4 {
            0 => &open,
            1 => &ping,
            2 => &sealed,
            _ => &open[..number % open.len()],
        };
        // A full buffer loses datagrams: so does a network.
        let _ = socket.send_to(datagram, to);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_goes_on_during_a_flood_and_a_login_succeeds_within_a_second_after() {
    let bmc = Bmc::start(config()).await;
    let options = || ClientOptions::new("admin", PASSWORD).unwrap();
    let patient = ClientOptions { timeout: Duration::from_millis(250), tries: 40, ..options() };
    let mut session = Client::connect(bmc.address(), patient).await.unwrap();
    let to = bmc.address();
    let flooding = tokio::task::spawn_blocking(move || flood(to));
    let mut asked = 0;
    while !flooding.is_finished() {
        session.call(&GetChassisStatus).await.unwrap();
        asked += 1;
    }
    flooding.await.unwrap();
    let quick = ClientOptions { timeout: Duration::from_millis(100), tries: 40, ..options() };
    let begin = Instant::now();
    let login = Client::connect(bmc.address(), quick).await.unwrap();
    let elapsed = begin.elapsed();
    println!("{DATAGRAMS} datagrams, {asked} questions answered meanwhile, login after {elapsed:?}");
    assert!(asked > 0 && elapsed < Duration::from_secs(1), "{asked} {elapsed:?}");
    login.close().await;
    session.call(&GetChassisStatus).await.unwrap();
    session.close().await;
    bmc.stop().await;
}
