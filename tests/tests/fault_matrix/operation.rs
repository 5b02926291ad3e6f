//! What a client does with a node, what requests to the cloud that takes, and what must have happened in the end.

use machine::{Admission, BootDevice, Denied, Lifetime, PowerRequest};
use ravello_sim::{BootCause, BootEnd, BootedFrom, VmState};

use crate::fault::Kind;
use crate::lab::{Boot, Lab, Node, Wrong, boot_from};

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Status,
    On,
    Off,
    Soft,
    Cycle,
    Reset,
    /// Sets the boot device of a running node, whose guest then reboots by itself, and cycles its power.
    BootOfRunning,
    /// Sets the boot device of a stopped node and powers it on.
    BootOfStopped,
}

impl Operation {
    pub(crate) const ALL: [Self; 8] = [
        Self::Status,
        Self::On,
        Self::Off,
        Self::Soft,
        Self::Cycle,
        Self::Reset,
        Self::BootOfRunning,
        Self::BootOfStopped,
    ];

    /// Whether the node runs before.
    pub(crate) const fn begins_running(self) -> bool {
        !matches!(self, Self::On | Self::BootOfStopped)
    }

    /// Whether it takes requests of this kind.
    pub(crate) const fn takes(self, kind: Kind) -> bool {
        let starts =
            matches!(self, Self::On | Self::Cycle | Self::Reset | Self::BootOfRunning | Self::BootOfStopped);
        let stops = matches!(self, Self::Off | Self::Cycle | Self::Reset | Self::BootOfRunning);
        match kind {
            Kind::Get | Kind::Filter => true,
            Kind::Put | Kind::Publish => matches!(self, Self::BootOfRunning | Self::BootOfStopped),
            Kind::Start | Kind::BatchStart | Kind::SetExpiration => starts,
            Kind::PowerOff | Kind::BatchPowerOff => stops,
            Kind::Shutdown | Kind::BatchShutdown => matches!(self, Self::Soft),
        }
    }

    /// The power request at its end.
    pub(crate) const fn request(self) -> Option<PowerRequest> {
        match self {
            Self::Status => None,
            Self::On | Self::BootOfStopped => Some(PowerRequest::On),
            Self::Off => Some(PowerRequest::Off),
            Self::Soft => Some(PowerRequest::Soft),
            Self::Cycle | Self::BootOfRunning => Some(PowerRequest::Cycle),
            Self::Reset => Some(PowerRequest::Reset),
        }
    }

    /// Whether the node is to run afterwards.
    pub(crate) const fn ends_running(self) -> bool {
        !matches!(self, Self::Off | Self::Soft)
    }

    /// The device of a power up.
    pub(crate) const fn device(self) -> BootedFrom {
        match self {
            Self::BootOfRunning | Self::BootOfStopped => BootedFrom::Disk,
            Self::Status | Self::On | Self::Off | Self::Soft | Self::Cycle | Self::Reset => {
                BootedFrom::Network
            }
        }
    }

    /// What the boot log must say when all is done.
    pub(crate) fn boots(self) -> Vec<Boot> {
        use BootCause::{GuestReboot, Loaded, Start};
        use BootedFrom::{Disk, Network};
        match self {
            Self::Status => vec![(Loaded, Network, None)],
            Self::On => vec![(Start, Network, None)],
            Self::Off => vec![(Loaded, Network, Some(BootEnd::PowerOff))],
            Self::Soft => vec![(Loaded, Network, Some(BootEnd::Shutdown))],
            Self::Cycle | Self::Reset => {
                vec![(Loaded, Network, Some(BootEnd::PowerOff)), (Start, Network, None)]
            }
            Self::BootOfRunning => vec![
                (Loaded, Network, Some(BootEnd::GuestReboot)),
                (GuestReboot, Network, Some(BootEnd::PowerOff)),
                (Start, Disk, None),
            ],
            Self::BootOfStopped => vec![(Start, Disk, None)],
        }
    }

    /// Asks for it, for all these nodes at once.
    pub(crate) async fn ask(self, lab: &Lab, nodes: &[Node]) -> Result<(), Wrong> {
        for node in nodes {
            if matches!(self, Self::BootOfRunning | Self::BootOfStopped) {
                let wanted = boot_from(BootDevice::Disk, Lifetime::Persistent);
                let answer = lab.set_boot(node, Some(wanted)).await;
                expect(&answer, Ok(Admission::Recorded), "set boot device")?;
            }
            if self == Self::BootOfRunning {
                lab.simulator.reboot_guest(node.vm).map_err(|error| error.to_string())?;
            }
        }
        for node in nodes {
            if let Some(request) = self.request() {
                let answer = lab.request(node, request).await;
                expect(&answer, Ok(Admission::Recorded), "the power request")?;
            }
        }
        Ok(())
    }

    /// Asks again for what has failed, as a client does that is told of it: the first answer tells of the
    /// failure, the second one is an acknowledgement.
    pub(crate) async fn ask_again(self, lab: &Lab, node: &Node) -> Result<(), Wrong> {
        let Some(request) = self.request() else { return Ok(()) };
        let off = lab.state(node) == VmState::Stopped;
        let request = if off && self.ends_running() { PowerRequest::On } else { request };
        match lab.request(node, request).await {
            Err(Denied::NotInPresentState { .. }) => {}
            answer => return Err(format!("a failure was not told of: power {request} said {answer:?}")),
        }
        expect(&lab.request(node, request).await, Ok(Admission::Recorded), "the second power request")
    }
}

fn expect(
    answer: &Result<Admission, Denied>,
    expected: Result<Admission, Denied>,
    what: &str,
) -> Result<(), Wrong> {
    if *answer == expected { Ok(()) } else { Err(format!("{what}: {answer:?} instead of {expected:?}")) }
}
