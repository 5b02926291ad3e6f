//! The seam between the cloud, which decides, and whatever runs the guests.
//!
//! The cloud stays pure: where guests are real, its machines put [`Order`]s into an [`Outbox`] and get
//! [`Report`]s back. Without an outbox a guest is a line in the boot log, and nothing here is used.
//!
//! ```text
//!   cloud ──Order──▶ engine ──▶ QEMU          power on with these drives, press the button, pull the plug
//!   cloud ◀─Report── engine ◀── QEMU          it runs, it rebooted, it turned itself off, it is gone, it failed
//! ```
//!
//! An order never fails: what becomes of it is a report. Reports can be late, so each names its [`Run`].

use serde_json::{Map, Value};

use crate::guest::BootedFrom;
use crate::id::VmId;

/// One stretch of power of one guest, from power-on to power-off. No two are the same while a simulator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run(u64);

/// What the engine is to do with one VM.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) vm: VmId,
    pub(crate) wish: Wish,
}

/// What is to happen. All but the first mean nothing to a guest that is off.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wish {
    /// Power on, with the hardware of this document, and this device first.
    PowerOn { run: Run, document: Map<String, Value>, device: BootedFrom },
    /// Ask the guest, through ACPI, to turn itself off.
    PressPowerButton,
    /// Pull the plug, then report that it is gone.
    PowerOff { run: Run },
    /// Reset, as a guest does that reboots.
    Reset,
    /// A diagnostic interrupt.
    InjectNmi,
    /// Forget what is on the disks: the next power-on makes new ones. Comes while the guest is off or after
    /// [`Wish::PowerOff`].
    FreshDisks,
}

/// What the engine saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) vm: VmId,
    pub(crate) run: Run,
    pub(crate) sighting: Sighting,
}

/// What became of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// It was powered on and runs.
    Running,
    /// It started anew without losing its power.
    Rebooted,
    /// It turned itself off.
    PoweredOff,
    /// The plug is pulled, as ordered.
    Gone,
    /// It could not be powered on, or it broke.
    Failed { why: String },
}

/// Orders that nobody has fetched yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    orders: Vec<Order>,
    last_run: u64,
}

impl Outbox {
    pub(crate) fn new_run(&mut self) -> Run {
        self.last_run = self.last_run.saturating_add(1);
        Run(self.last_run)
    }

    pub(crate) fn put(&mut self, vm: VmId, wish: Wish) {
        self.orders.push(Order { vm, wish });
    }

    pub(crate) fn take(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }
}
