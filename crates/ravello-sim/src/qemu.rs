//! Guests as QEMU processes: the engine behind `--engine qemu`.
//!
//! One process for each VM that has power, started with new arguments at every power-on. So hardware and boot
//! order change with a power cycle and never before, as in the cloud. Nothing is changed in a running process:
//! a guest that reboots by itself finds the boot order that it was started with.
//!
//! It is not a manager of networks or images: bridges, taps and image files are there already.
//!
//! ```text
//!   hardware     a VM's document → drives, interfaces, memory        pure
//!   arguments    hardware → command line                             pure
//!   firmware     which resets are reboots                            pure
//!   options      what the operator chose
//!   execution    KVM or software: tried at the start
//!   tools        qemu-system-x86_64, qemu-img, setpriv: found, or what to install
//!   folder       the files of one VM, and what an earlier run left
//!   disks        qcow2 files
//!   qmp          the control connection
//!   process      one QEMU from start to end
//!   vm           orders in, reports out: one task for each VM
//! ```
//!
//! # No process is left behind
//!
//! QEMU gets SIGKILL from the kernel when the thread that started it ends (`setpriv --pdeathsig`), so all of it
//! runs on one thread of its own, which lives as long as the simulator: also SIGKILL to the simulator takes
//! the guests along. What is left all the same, for example where `setpriv` cannot do that, is ended through
//! its control socket when the next simulator takes over the folder. A lock keeps two from using the same.

mod arguments;
mod disks;
mod error_chain;
mod execution;
mod firmware;
mod folder;
mod hardware;
mod options;
mod process;
mod qmp;
mod tools;
mod vm;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

pub use options::{Accelerator, InvalidOption, Network, NetworkOption, QemuOptions};

use crate::engine::{Order, Report};
use execution::{Execution, Host};
use folder::Leftover;
use tools::Tools;
use vm::Vm;

/// Why guests cannot be QEMU processes.
#[derive(Debug, thiserror::Error)]
pub enum QemuError {
    /// A program is missing.
    #[error("{program} is not installed or does not run: {install}")]
    Missing {
        /// The program.
        program: &'static str,
        /// What to install.
        install: &'static str,
        /// What happened when it was called.
        source: io::Error,
    },
    /// An image of the configuration is not there.
    #[error("the image {name} cannot be read from {}", file.display())]
    Image {
        /// Its name in the documents.
        name: String,
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// KVM was asked for.
    #[error(
        "KVM does not work here: {why}; software emulation works everywhere (--accel tcg), and a /dev/kvm that is there must be open to this user (group kvm)"
    )]
    Kvm {
        /// What is wrong with it.
        why: String,
    },
    /// The folder of the VMs cannot be used.
    #[error("the folder {} of the VMs cannot be used", path.display())]
    Folder {
        /// The folder, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else runs VMs there.
    #[error("another simulator runs VMs in {}: end it, or choose another state directory", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The path of a socket is too long.
    #[error("{} is too long for a socket: choose a state directory with a shorter path", path.display())]
    PathTooLong {
        /// The socket.
        path: PathBuf,
    },
    /// A QEMU of an earlier run does not end.
    #[error(
        "the QEMU process of an earlier run that uses {} does not end: its process id is in {}; end it",
        folder.display(), folder.join(folder::PID).display()
    )]
    Leftover {
        /// The folder of the VM.
        folder: PathBuf,
    },
    /// No thread or no runtime to be had.
    #[error("the thread that runs the VMs cannot be started")]
    Thread(#[source] io::Error),
}

/// How long a trial of KVM may always take. It takes some tenths of a second.
const KVM_GRACE: Duration = Duration::from_secs(2);

/// What all VMs share.
#[derive(Debug)]
struct Shared {
    options: QemuOptions,
    tools: Tools,
    execution: Execution,
    /// How many may start at once: a QEMU that starts keeps a core busy.
    starts: Semaphore,
    reports: mpsc::UnboundedSender<Report>,
}

/// The engine while it runs. Dropping it ends the guests.
#[derive(Debug)]
pub(crate) struct QemuEngine {
    orders: Mutex<Option<mpsc::UnboundedSender<Order>>>,
    reports: tokio::sync::Mutex<mpsc::UnboundedReceiver<Report>>,
    ended: watch::Receiver<bool>,
}

impl QemuEngine {
    /// Checks that everything is there, ends what an earlier run left, and starts the thread.
    pub(crate) fn start(mut options: QemuOptions) -> Result<Self, QemuError> {
        let tools = Tools::find()?;
        options.check()?;
        let lock = folder::take(&options)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(QemuError::Thread)?;
        let leftovers = folder::leftovers(&options)?;
        let (orders, wanted) = mpsc::unbounded_channel();
        let (reports, seen) = mpsc::unbounded_channel();
        let (over, ended) = watch::channel(false);
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = move || {
            let prepared = prepare(options, tools, leftovers, reports);
            runtime.block_on(live(prepared, wanted, &ready));
            drop(lock);
            over.send_replace(true);
        };
        std::thread::Builder::new().name("qemu".to_owned()).spawn(thread).map_err(QemuError::Thread)?;
        // Short: what runs there is told to end, and KVM is tried.
        match is_ready.recv() {
            Ok(outcome) => outcome?,
            Err(gone) => return Err(QemuError::Thread(io::Error::other(gone))),
        }
        Ok(Self { orders: Mutex::new(Some(orders)), reports: tokio::sync::Mutex::new(seen), ended })
    }

    /// Takes orders. What becomes of them is reported.
    pub(crate) fn carry_out(&self, orders: Vec<Order>) {
        if orders.is_empty() {
            return;
        }
        let sender = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        for order in orders {
            if sender.as_ref().is_none_or(|sender| sender.send(order).is_err()) {
                tracing::warn!("an order for a guest came after the end");
            }
        }
    }

    /// What was seen next; `None` if the engine has ended. Nothing is lost if this is dropped.
    pub(crate) async fn next_report(&self) -> Option<Report> {
        self.reports.lock().await.recv().await
    }

    /// Ends all guests and waits until they are gone. No report says so: the cloud remembers who ran.
    pub(crate) async fn stop(&self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut ended = self.ended.clone();
        // An error means that the thread is gone, and every guest with it.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// What runs on the thread as long as it lives.
async fn live(
    prepared: impl Future<Output = Result<Shared, QemuError>>,
    wanted: mpsc::UnboundedReceiver<Order>,
    ready: &std::sync::mpsc::Sender<Result<(), QemuError>>,
) {
    match prepared.await {
        Ok(shared) => {
            if ready.send(Ok(())).is_ok() {
                carry_out_all(Arc::new(shared), wanted).await;
            }
        }
        // Whoever starts the engine waits for this.
        Err(error) => drop(ready.send(Err(error))),
    }
}

/// Ends what an earlier run left, and finds out what executes the guests.
async fn prepare(
    options: QemuOptions,
    tools: Tools,
    leftovers: Vec<Leftover>,
    reports: mpsc::UnboundedSender<Report>,
) -> Result<Shared, QemuError> {
    for leftover in leftovers {
        leftover.end().await?;
    }
    let host = Host { device: Path::new("/dev/kvm"), qemu: &|| tools.qemu(), grace: KVM_GRACE };
    let execution = Execution::choose(options.accelerator, &host).await?;
    let starts = Semaphore::new(options.starts_at_once.max(1));
    Ok(Shared { options, tools, execution, starts, reports })
}

async fn carry_out_all(shared: Arc<Shared>, mut wanted: mpsc::UnboundedReceiver<Order>) {
    let mut inboxes = BTreeMap::new();
    let mut vms = JoinSet::new();
    while let Some(Order { vm, wish }) = wanted.recv().await {
        let inbox: &mut mpsc::UnboundedSender<_> = inboxes.entry(vm).or_insert_with(|| {
            let (inbox, wishes) = mpsc::unbounded_channel();
            vms.spawn(Vm::new(vm, Arc::clone(&shared), wishes).live());
            inbox
        });
        if inbox.send(wish).is_err() {
            tracing::error!(%vm, "the task of this VM is gone");
        }
        while vms.try_join_next().is_some() {}
    }
    // Without their inboxes the tasks end, and their guests with them.
    drop(inboxes);
    while vms.join_next().await.is_some() {}
}
