//! What executes the guests: the processor where it can, else QEMU in software.
//!
//! That `/dev/kvm` can be opened says little. In a virtual machine KVM may refuse the processor that QEMU describes, or
//! emulate the guest itself, slower than QEMU does and with gaps in which guests break. So a machine without drives is tried: it is
//! run in software for comparison, then under KVM, and KVM is chosen if its firmware hands over, and not much later.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::Instant;

use super::QemuError;
use super::error_chain::chain;
use super::firmware::hands_over;
use super::options::Accelerator;
use super::process::last_words;

/// How long a trial may take at most. In software it takes some tenths of a second.
const LONGEST: Duration = Duration::from_secs(10);

/// How many times as long as the software KVM may take to be chosen. A processor with support for virtual machines
/// takes about as long; a KVM that emulates takes forty times as long.
const SLOWER: u32 = 5;

/// How much is read of what a QEMU says that does not work, in bytes.
const WORDS: u64 = 16 << 10;

/// The processors that are tried under KVM, best first. Some hosts of virtual machines claim the model-specific register of
/// `arch-capabilities` and refuse to set it, and QEMU ends then.
const PROCESSORS: [&str; 2] = ["max", "max,-arch-capabilities"];

/// An accelerator and the processor that it shows to guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Execution {
    accelerator: &'static str,
    processor: &'static str,
}

/// Why KVM is not used.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("/dev/kvm cannot be opened")]
    Device(#[source] io::Error),
    #[error("QEMU cannot be run")]
    Run(#[source] io::Error),
    #[error("QEMU said: {said}")]
    Ended { said: String },
    #[error("the firmware of a trial machine did not hand over within {limit:?}")]
    Slow { limit: Duration },
}

/// What KVM is tried with.
pub(super) struct Host<'a> {
    /// `/dev/kvm`.
    pub(super) device: &'a Path,
    /// Makes a command that runs QEMU.
    pub(super) qemu: &'a dyn Fn() -> Command,
    /// How long a trial under KVM may always take, however fast the software was: a host may be busy for a moment.
    pub(super) grace: Duration,
}

impl Execution {
    /// QEMU itself.
    pub(super) const SOFTWARE: Self = Self { accelerator: "tcg", processor: "max" };

    /// Finds out what works.
    ///
    /// # Errors
    /// [`QemuError::Kvm`] if KVM was asked for and does not work.
    pub(super) async fn choose(wanted: Accelerator, host: &Host<'_>) -> Result<Self, QemuError> {
        let tried = match wanted {
            Accelerator::Tcg => return Ok(Self::SOFTWARE),
            Accelerator::Kvm => host.kvm(LONGEST).await,
            Accelerator::Auto => host.kvm_if_fast().await,
        };
        match (tried, wanted) {
            (Ok(kvm), _) => {
                tracing::info!(processor = kvm.processor, "the processor executes the guests (KVM)");
                Ok(kvm)
            }
            (Err(unfit), Accelerator::Kvm) => Err(QemuError::Kvm { why: chain(&unfit) }),
            (Err(unfit), Accelerator::Auto | Accelerator::Tcg) => {
                let error = chain(&unfit);
                tracing::warn!(error, "software executes the guests, which is slow: KVM does not work here");
                Ok(Self::SOFTWARE)
            }
        }
    }

    /// The machine without its parts, as arguments of QEMU.
    pub(super) fn arguments(self) -> impl Iterator<Item = &'static str> {
        let machine = [
            "-nodefaults",
            "-no-user-config",
            // Without graphics the firmware shows its screen on the serial port and reads its keys there.
            "-machine",
            "pc,graphics=off",
            "-display",
            "none",
            "-vga",
            "none",
            // The firmware's debug port: it says there when it has handed over.
            "-chardev",
            "stdio,id=firmware,signal=off",
            "-device",
            "isa-debugcon,iobase=0x402,chardev=firmware",
            "-accel",
            self.accelerator,
            "-cpu",
            self.processor,
        ];
        machine.into_iter()
    }
}

impl Host<'_> {
    /// KVM, if it is not much slower than software.
    async fn kvm_if_fast(&self) -> Result<Execution, Unfit> {
        self.open_device()?;
        let started = Instant::now();
        let limit = match self.trial(Execution::SOFTWARE, LONGEST).await {
            Ok(()) => started.elapsed().saturating_mul(SLOWER).max(self.grace).min(LONGEST),
            // There are builds of QEMU that have only KVM.
            Err(_) => LONGEST,
        };
        self.kvm(limit).await
    }

    /// KVM with the first processor that works, or what is wrong with the last.
    async fn kvm(&self, limit: Duration) -> Result<Execution, Unfit> {
        self.open_device()?;
        let mut outcome = Err(Unfit::Slow { limit });
        for processor in PROCESSORS {
            let execution = Execution { accelerator: "kvm", processor };
            outcome = self.trial(execution, limit).await.map(|()| execution);
            match &outcome {
                Ok(_) => break,
                Err(error) => tracing::debug!(%error, processor, "KVM does not work with this processor"),
            }
        }
        outcome
    }

    fn open_device(&self) -> Result<(), Unfit> {
        File::options().read(true).write(true).open(self.device).map(drop).map_err(Unfit::Device)
    }

    /// Runs a machine until its firmware hands over.
    async fn trial(&self, execution: Execution, limit: Duration) -> Result<(), Unfit> {
        let mut qemu = (self.qemu)();
        qemu.args(execution.arguments()).args(["-m", "32M"]);
        qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = qemu.spawn().map_err(Unfit::Run)?;
        let (firmware, words) = (child.stdout.take(), child.stderr.take());
        let watched = async {
            let mut lines = firmware.map(|firmware| BufReader::new(firmware).split(b'\n'));
            while let Some(lines) = &mut lines
                && let Some(line) = lines.next_segment().await.map_err(Unfit::Run)?
            {
                if hands_over(&String::from_utf8_lossy(&line)) {
                    return Ok(());
                }
            }
            let mut said = Vec::new();
            if let Some(words) = words {
                words.take(WORDS).read_to_end(&mut said).await.map_err(Unfit::Run)?;
            }
            Err(Unfit::Ended { said: last_words(&said) })
        };
        let outcome = tokio::time::timeout(limit, watched).await.unwrap_or(Err(Unfit::Slow { limit }));
        // It may have ended.
        let _ = child.kill().await;
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKS: &str = "printf 'SeaBIOS (version 1)\\nenter handle_19:\\n'; exec sleep 600";
    const REFUSED: &str = "echo 'SeaBIOS'; echo 'failed to set MSR 0x10a to 0x69' >&2; exit 134";
    const STUCK: &str = "echo 'SeaBIOS'; exec sleep 600";

    /// What is chosen on a host where QEMU is a script: in software, under KVM, and under KVM with less of a processor.
    async fn chosen(wanted: Accelerator, [software, kvm, lesser]: [&str; 3]) -> Result<Execution, String> {
        let script =
            format!("case \"$*\" in *tcg*) {software} ;; *-arch-capabilities*) {lesser} ;; *) {kvm} ;; esac");
        let qemu = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", &script, "qemu"]);
            shell
        };
        // Only a trial that must fail is not given all the time there is.
        let grace = if kvm == STUCK { Duration::from_millis(100) } else { LONGEST };
        let host = Host { device: Path::new("/dev/null"), qemu: &qemu, grace };
        Execution::choose(wanted, &host).await.map_err(|error| error.to_string())
    }

    const fn kvm(processor: &'static str) -> Execution {
        Execution { accelerator: "kvm", processor }
    }

    #[tokio::test]
    async fn kvm_is_chosen_where_its_firmware_hands_over() {
        for wanted in [Accelerator::Auto, Accelerator::Kvm] {
            assert_eq!(chosen(wanted, [WORKS, WORKS, STUCK]).await, Ok(kvm("max")));
        }
        assert_eq!(chosen(Accelerator::Tcg, [WORKS, WORKS, WORKS]).await, Ok(Execution::SOFTWARE));
        // A QEMU that has only KVM.
        assert_eq!(chosen(Accelerator::Auto, [REFUSED, WORKS, STUCK]).await, Ok(kvm("max")));
    }

    #[tokio::test]
    async fn processor_that_the_host_refuses_is_tried_with_less() {
        for wanted in [Accelerator::Auto, Accelerator::Kvm] {
            let chosen = chosen(wanted, [WORKS, REFUSED, WORKS]).await;
            assert_eq!(chosen, Ok(kvm("max,-arch-capabilities")));
        }
    }

    #[tokio::test]
    async fn kvm_that_does_not_work_is_an_error_for_those_who_want_no_other() {
        let none = [WORKS, REFUSED, REFUSED];
        assert_eq!(chosen(Accelerator::Auto, none).await, Ok(Execution::SOFTWARE));
        let error = chosen(Accelerator::Kvm, none).await.unwrap_err();
        assert!(
            error.contains("failed to set MSR 0x10a to 0x69") && error.contains("--accel tcg"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn kvm_that_is_much_slower_than_software_is_not_chosen() {
        assert_eq!(chosen(Accelerator::Auto, [WORKS, STUCK, STUCK]).await, Ok(Execution::SOFTWARE));
    }

    #[tokio::test]
    async fn host_without_kvm_has_software() {
        let missing = Path::new("/no/such/device");
        let host = Host { device: missing, qemu: &|| Command::new("/no/such/program"), grace: LONGEST };
        assert_eq!(Execution::choose(Accelerator::Auto, &host).await.unwrap(), Execution::SOFTWARE);
        let error = Execution::choose(Accelerator::Kvm, &host).await.unwrap_err().to_string();
        assert!(error.contains("/dev/kvm cannot be opened: No such file"), "{error}");
    }
}
