//! Clients whose answers get lost on the way: each one in turn. What they ask for is done, and once.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::target::{PASSWORD, Target, USER, has};

/// How long a client may take: it waits for a second or more before it asks again, and may have to log in anew.
const BOUND: Duration = Duration::from_secs(40);

/// Carries datagrams between one client and a BMC, and loses one answer.
struct Relay {
    address: SocketAddr,
    answers: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Loses the answer of this number, from 0 on.
    async fn start(bmc: SocketAddr, lost: usize) -> Self {
        let any_port = (Ipv4Addr::LOCALHOST, 0);
        let (front, back) =
            (UdpSocket::bind(any_port).await.unwrap(), UdpSocket::bind(any_port).await.unwrap());
        back.connect(bmc).await.unwrap();
        let address = front.local_addr().unwrap();
        let answers = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&answers);
        let task = tokio::spawn(async move {
            let (mut question, mut answer) = ([0; 2048], [0; 2048]);
            let mut client = None;
            loop {
                // Both sides can be dropped while they wait: a datagram is taken whole or not at all.
                tokio::select! {
                    received = front.recv_from(&mut question) => {
                        let (len, from) = received.unwrap();
                        client = Some(from);
                        back.send(&question[..len]).await.unwrap();
                    }
                    received = back.recv(&mut answer) => {
                        let len = received.unwrap();
                        if count.fetch_add(1, Ordering::Relaxed) != lost {
                            front.send_to(&answer[..len], client.unwrap()).await.unwrap();
                        }
                    }
                }
            }
        });
        Self { address, answers, task }
    }
}

/// Runs a client that asks for one power cycle, and loses an answer; whether the client was content, how often the node was asked,
/// and how many answers there were.
async fn cycle(lost: usize, command: impl FnOnce(SocketAddr) -> Command) -> (bool, usize, usize) {
    let target = Target::with_ipmi_1_5().await;
    let relay = Relay::start(target.address, lost).await;
    let mut command = tokio::process::Command::from(command(relay.address));
    let output = timeout(BOUND, command.kill_on_drop(true).output()).await.expect("it ends").unwrap();
    relay.task.abort();
    let cycles = target.node.cycles();
    target.stop().await;
    (output.status.success(), cycles, relay.answers.load(Ordering::Relaxed))
}

/// One run for each answer that the client gets when nothing is lost, and what became of them.
async fn each_lost(command: fn(SocketAddr) -> Command) -> Vec<(usize, bool, usize)> {
    let (content, cycles, answers) = cycle(usize::MAX, command).await;
    assert!(
        content && cycles == 1 && answers > 5,
        "without any loss: {content}, {cycles} cycles, {answers} answers"
    );
    let mut runs = JoinSet::new();
    for lost in 0..answers {
        runs.spawn(async move {
            let (content, cycles, _) = cycle(lost, command).await;
            (lost, content, cycles)
        });
    }
    let mut all = runs.join_all().await;
    all.sort_unstable();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_cycles_a_node_once_whichever_answer_is_lost() {
    if !has("ipmitool", crate::ipmitool::CLIENT.version) {
        return;
    }
    let runs = each_lost(|address| {
        let mut command = Command::new("ipmitool");
        let port = address.port().to_string();
        command.args([
            "-I",
            "lanplus",
            "-H",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            USER,
            "-R",
            "4",
            "-N",
            "1",
            "-E",
        ]);
        command.env("IPMI_PASSWORD", PASSWORD).args(["power", "cycle"]);
        command
    })
    .await;
    assert!(
        runs.iter().all(|(_, content, cycles)| *content && *cycles == 1),
        "lost, content, cycles: {runs:?}"
    );
}

/// It repeats a request under a new number, so that nobody can tell the repetition from another request. The reconciler takes
/// both for one cycle, because the first is under way; the node of this test does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn freeipmi_cycles_a_node_whichever_answer_is_lost() {
    if !has("ipmipower", crate::freeipmi::CLIENT.version) {
        return;
    }
    let runs = each_lost(|address| {
        let mut command = Command::new("ipmipower");
        command.args(["-D", "LAN_2_0", "-I", "17", "-h", &address.to_string(), "-u", USER, "-p", PASSWORD]);
        command.args(["-l", "ADMIN", "--cycle"]);
        command
    })
    .await;
    let right = |(_, content, cycles): &(usize, bool, usize)| *content && (1..=2).contains(cycles);
    assert!(runs.iter().all(right), "lost, content, cycles: {runs:?}");
    let twice = runs.iter().filter(|(.., cycles)| *cycles == 2).count();
    assert!(twice <= 1, "only the lost answer to the request itself makes it come again: {runs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmitool_over_ipmi_1_5_cycles_a_node_once_whichever_answer_is_lost() {
    if !has("ipmitool", crate::ipmitool::CLIENT.version) {
        return;
    }
    let runs = each_lost(|address| {
        let mut command = Command::new("ipmitool");
        let port = address.port().to_string();
        command.args(["-I", "lan", "-H", "127.0.0.1", "-p", &port, "-U", USER, "-R", "4", "-N", "1", "-E"]);
        command.env("IPMI_PASSWORD", PASSWORD).args(["power", "cycle"]);
        command
    })
    .await;
    assert!(
        runs.iter().all(|(_, content, cycles)| *content && *cycles == 1),
        "lost, content, cycles: {runs:?}"
    );
}
