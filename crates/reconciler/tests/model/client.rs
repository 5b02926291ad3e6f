//! Who asks: Ironic with its seven steps of a deploy, or anybody with any request.

use machine::{BootDevice, BootFlags, BootOverride, Lifetime, Phase, PowerRequest};

use crate::cloud::Vm;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    Ironic(Deploy),
    /// So many requests of any kind.
    Anybody(u8),
}

/// A deploy: network, on, write the image, disk, power cycle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Deploy {
    pub at: Point,
    /// How the power cycle is asked for: `off` and then `on`, or one request.
    pub cycle: PowerRequest,
    /// How often the last power request may be repeated, in a new session, because its acknowledgement is late.
    pub repeats: u8,
    pub last: Option<PowerRequest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    SetNetwork,
    PowerOn,
    /// The ramdisk boots from the network and writes the image.
    AwaitRamdisk,
    Cycle,
    AwaitOff,
    AwaitDisk,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    Power(PowerRequest),
    /// A device, and whether for the next power cycle only; or none.
    Boot(Option<(BootDevice, bool)>),
}

impl Ask {
    pub const ALL: [Self; 9] = [
        Self::Power(PowerRequest::On),
        Self::Power(PowerRequest::Off),
        Self::Power(PowerRequest::Soft),
        Self::Power(PowerRequest::Cycle),
        Self::Power(PowerRequest::Reset),
        Self::Boot(Some((BootDevice::Disk, false))),
        Self::Boot(Some((BootDevice::Disk, true))),
        Self::Boot(Some((BootDevice::Network, false))),
        Self::Boot(None),
    ];
}

pub fn boot_override((device, is_once): (BootDevice, bool)) -> BootOverride {
    let lifetime = if is_once { Lifetime::Once } else { Lifetime::Persistent };
    BootOverride { device, lifetime, flags: BootFlags([0xe0, 0, 0, 0, 0]) }
}

impl Deploy {
    pub const fn new(cycle: PowerRequest, repeats: u8) -> Self {
        Self { at: Point::SetNetwork, cycle, repeats, last: None }
    }

    /// What it asks next, and where it is when that is acknowledged; `None` while it waits.
    ///
    /// It sees what a look shows. When nothing is under way and the node is not what it should be, because
    /// the request failed or somebody else interfered, it asks again, as a person would.
    pub fn next(&self, vm: &Vm, is_idle: bool) -> Option<(Option<Ask>, Point)> {
        let shown = vm.seen().phase;
        let at_rest = is_idle && vm.shows.is_none();
        let again = match shown {
            Phase::On if at_rest => Some(PowerRequest::Cycle),
            Phase::Off if at_rest => Some(PowerRequest::On),
            _ => None,
        };
        let runs = |device| vm.phase == Phase::On && vm.booted == Some(device);
        let power = |request, then| Some((Some(Ask::Power(request)), then));
        match self.at {
            Point::SetNetwork => Some((Some(Ask::Boot(Some((BootDevice::Network, false)))), Point::PowerOn)),
            Point::PowerOn => power(PowerRequest::On, Point::AwaitRamdisk),
            Point::AwaitRamdisk if runs(BootDevice::Network) => {
                Some((Some(Ask::Boot(Some((BootDevice::Disk, false)))), Point::Cycle))
            }
            Point::AwaitRamdisk => power(again?, Point::AwaitRamdisk),
            Point::Cycle if shown == Phase::Off => power(PowerRequest::On, Point::AwaitDisk),
            Point::Cycle if self.cycle == PowerRequest::Off => power(PowerRequest::Off, Point::AwaitOff),
            Point::Cycle => power(self.cycle, Point::AwaitDisk),
            Point::AwaitOff if matches!(shown, Phase::Off | Phase::PoweringOff) => {
                power(PowerRequest::On, Point::AwaitDisk)
            }
            Point::AwaitOff => {
                again?;
                power(PowerRequest::Off, Point::AwaitOff)
            }
            Point::AwaitDisk if runs(BootDevice::Disk) && is_idle => Some((None, Point::Done)),
            Point::AwaitDisk => power(again?, Point::AwaitDisk),
            Point::Done => None,
        }
    }
}
