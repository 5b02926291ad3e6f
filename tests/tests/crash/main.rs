//! The daemon is killed, again and again, at random moments of a busy run; and it has no room on its disk.
//!
//! Twenty nodes, each with a client that asks over real IPMI for one thing after another, as Ironic does: what is
//! not acknowledged is asked for again. The daemon gets SIGKILL at random moments, also while it starts. Then:
//!
//! * what was acknowledged is carried out, with the boot device that was acknowledged last;
//! * nothing happens twice: the boot log holds as many starts as were asked for, and not more than one more for each
//!   power cycle whose acknowledgement was lost and that was therefore asked for twice;
//! * no publish restarts a running VM, and a guest's own reboot never boots what is still pending;
//! * the daemon comes back each time: its journal can always be read.
//!
//! `RAVBMC_KILLS` says how often it is killed, `RAVBMC_CRASH_SEED` from which seed everything is drawn but the timing
//! (docs/testing.md).

mod client;
mod disk;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use ravbmc_tests::ravbmc::{Process, command, configuration};
use ravbmc_tests::simulated::Simulated;
use ravello_sim::{BootCause, BootedFrom};
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

use crate::client::{Client, Tally, pending};

const NODES: u32 = 20;
const TRANSIENT: Duration = Duration::from_millis(60);
/// How often the daemon is killed if nobody says.
const KILLS: u32 = 40;
/// Kills between two moments at which everything is compared.
const STAGE: u32 = 20;
/// How long a busy machine may take for anything.
const BOUND: Duration = Duration::from_secs(60);

#[test]
fn nothing_acknowledged_is_lost_or_done_twice_when_the_daemon_is_killed() {
    let number =
        |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (kills, seed) = (number("RAVBMC_KILLS", KILLS), number("RAVBMC_CRASH_SEED", 1));
    println!("crash: {kills} kills, seed {seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(busy_run(Arc::new(Simulated::serve(NODES, TRANSIENT)), kills, seed.into()));
}

async fn busy_run(cloud: Arc<Simulated>, kills: u32, seed: u64) {
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &cloud.url, "");
    // The ports that the nodes get now are theirs for good.
    let bmcs = tokio::task::block_in_place(|| {
        let first = Process::serve(&file);
        let bmcs = first.bmcs();
        first.kill();
        bmcs
    });
    assert_eq!(bmcs.len(), usize::try_from(NODES).unwrap());

    // A client holds it for reading while it does something; for writing means that nobody does.
    let busy = Arc::new(RwLock::new(()));
    let over = CancellationToken::new();
    let socket = folder.path().join("state/ravbmc.sock");
    let clients = bmcs.into_iter().zip(1_u64..).map(|(bmc, number)| {
        let random = StdRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(number));
        let client = Client::new(Arc::clone(&cloud), bmc, random, socket.clone());
        tokio::spawn(client.live(Arc::clone(&busy), over.clone()))
    });
    let clients: Vec<_> = clients.collect();

    let mut random = StdRng::seed_from_u64(seed);
    let mut log = 0;
    let mut lives = |ready| {
        log += 1;
        Life::begin(&file, folder.path().join(format!("log-{log}")), ready)
    };
    let mut done = 0;
    let mut starts_awaited = 0;
    while done < kills {
        for _ in 0..STAGE.min(kills - done) {
            // One life in three ends before the daemon may have come up.
            let early = random.next_u32().is_multiple_of(3);
            let lifetime =
                Duration::from_millis(u64::from(random.next_u32() % if early { 150 } else { 700 }));
            let mut life = tokio::task::block_in_place(|| lives(!early));
            starts_awaited += u32::from(!early);
            tokio::time::sleep(lifetime).await;
            tokio::task::block_in_place(|| life.kill());
            done += 1;
        }
        // Now it may live, the clients come to the end of what they are doing, and nothing is pending.
        let mut life = tokio::task::block_in_place(|| lives(true));
        let nobody = tokio::time::timeout(BOUND * 2, busy.write()).await.unwrap_or_else(|_| {
            panic!("a client waits in vain; the daemon's log:\n{}", life.log());
        });
        wait_until_nothing_is_pending(&socket, &life).await;
        undisturbed(&cloud);
        if done == kills {
            over.cancel();
        }
        drop(nobody);
        if done < kills {
            // At the next kill somebody is busy again.
            tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 300))).await;
            tokio::task::block_in_place(|| life.kill());
            done += 1;
        }
    }
    let mut total = Tally::default();
    for client in clients {
        total += client.await.unwrap();
    }
    undisturbed(&cloud);
    println!(
        "crash: {done} kills ({starts_awaited} after the daemon was ready), {} requests acknowledged, {} not \
         acknowledged and repeated, {} power cycles that may have been asked for twice of which {} were, {} boots, \
         {:.0} s",
        total.acknowledged,
        total.unacknowledged,
        total.doubtful,
        total.extra,
        total.boots,
        begun.elapsed().as_secs_f64()
    );
    assert!(total.acknowledged > done.into(), "the run was busy");
}

/// No publish has restarted anything, and the VM that is no node never noticed anything.
fn undisturbed(cloud: &Simulated) {
    assert_eq!(cloud.boots("undercloud"), [(BootCause::Loaded, BootedFrom::Disk, None)]);
    for node in 1..=NODES {
        let boots = cloud.boots(&format!("node{node}"));
        let allowed = |cause| matches!(cause, BootCause::Start | BootCause::GuestReboot);
        assert!(boots.iter().all(|(cause, ..)| allowed(*cause)), "node{node}: {boots:?}");
    }
}

/// Waits until no power request is under way, as the daemon itself says.
async fn wait_until_nothing_is_pending(socket: &Path, life: &Life) {
    let end = Instant::now() + BOUND;
    loop {
        let pending = pending(socket).await;
        if pending.iter().flatten().all(|node| node["power"].is_null()) && pending.is_some() {
            return;
        }
        assert!(Instant::now() < end, "still pending: {pending:?}; the daemon's log:\n{}", life.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One life of the daemon.
struct Life {
    child: Child,
    /// Kept open: a program that cannot write to its output would end.
    output: Option<ChildStdout>,
    log: PathBuf,
}

impl Life {
    /// Starts the daemon, and waits until it is ready if that is wanted.
    fn begin(configuration: &Path, log: PathBuf, ready: bool) -> Self {
        let mut child = command()
            .args(["serve", "--json", "--config", configuration.to_str().unwrap()])
            .stdout(if ready { Stdio::piped() } else { Stdio::null() })
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let output = child.stdout.take();
        let mut life = Self { child, output, log };
        if let Some(output) = &mut life.output {
            // The announcement comes at the end of the start.
            let length = output.read(&mut [0]).unwrap();
            assert_eq!(length, 1, "the daemon does not come up; its log:\n{}", life.log());
        }
        life
    }

    fn kill(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the daemon ended by itself ({status}); its log:\n{}", self.log());
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
