//! What a guest does, and the log of its boots.
//!
//! The log is what a test asks "was it restarted?" and "did it boot from disk once, and uninterrupted?".

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::id::{ApplicationId, VmId};
use crate::switches::BootSelection;

/// What a VM booted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootedFrom {
    /// The disk.
    Disk,
    /// The network, by way of the iPXE CD-ROM.
    Network,
    /// Nothing: no bootable drive.
    Nothing,
}

impl BootedFrom {
    /// What a deployed VM boots from (`ravello-api.md §9`): with flags, a bootable DISK goes first, always;
    /// with an order, its first entry.
    pub(crate) fn chosen_by(vm: &Map<String, Value>, selection: BootSelection) -> Self {
        let drives = || vm.get("hardDrives").and_then(Value::as_array).into_iter().flatten();
        let is = |drive: &&Value, kind: &str| drive.get("type").and_then(Value::as_str) == Some(kind);
        let first_in_order = vm
            .get("bootOrder")
            .and_then(Value::as_array)
            .and_then(|order| order.first())
            .and_then(Value::as_str);
        let has_cdrom = drives().any(|drive| is(&drive, "CDROM"));
        match (selection, first_in_order) {
            (BootSelection::Order, Some("CDROM")) if has_cdrom => return Self::Network,
            (BootSelection::Order, Some(_)) if drives().any(|drive| is(&drive, "DISK")) => return Self::Disk,
            (BootSelection::Order | BootSelection::Flag, _) => {}
        }
        let bootable = |drive: &&Value| drive.get("boot").and_then(Value::as_bool) == Some(true);
        if drives().filter(|drive| is(drive, "DISK")).any(|drive| bootable(&drive)) {
            Self::Disk
        } else if has_cdrom {
            Self::Network
        } else {
            Self::Nothing
        }
    }
}

/// Why a VM booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootCause {
    /// The first publish, or the publish of a draft, started it.
    Publish,
    /// The action `start`.
    Start,
    /// The action `restart`, which the guest followed.
    Restart,
    /// A publish changed its hardware while it ran.
    PublishRestart,
    /// The guest rebooted by itself.
    GuestReboot,
    /// Its disks were reset.
    ResetDisks,
    /// It was replaced by a fresh copy.
    Redeploy,
    /// It was repaired.
    Repair,
    /// It ran already when the simulator was filled.
    Loaded,
}

/// How a boot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootEnd {
    /// The plug was pulled.
    PowerOff,
    /// The guest shut down when asked to.
    Shutdown,
    /// The guest ignored a stop and was cut off after its `stopTimeOut`.
    StopTimeOut,
    /// The application expired.
    Expired,
    /// The guest followed the action `restart`.
    Restart,
    /// A publish cut it off to change its hardware.
    Publish,
    /// The guest rebooted by itself.
    GuestReboot,
    /// Its disks were reset.
    ResetDisks,
    /// It was replaced by a fresh copy.
    Redeploy,
    /// It was removed from the application, or the application was deleted.
    Removed,
    /// It failed.
    Failed,
    /// The guest turned itself off, and nobody had asked for it.
    GuestPowerOff,
    /// The simulator ended, and its real guests with it.
    HostDown,
}

/// One boot of one VM, from power-on to whatever ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BootRecord {
    /// Counts all boots of the cloud, from 1.
    pub sequence: u64,
    /// The application of the VM.
    pub application: ApplicationId,
    /// The VM.
    pub vm: VmId,
    /// When it booted.
    pub time: Timestamp,
    /// Why it booted.
    pub cause: BootCause,
    /// What it booted from.
    pub device: BootedFrom,
    /// When and how this boot ended; `None` while it still runs.
    pub ended: Option<BootEnded>,
}

impl BootRecord {
    /// How long it ran, up to `now` if it still runs.
    pub fn ran(&self, now: Timestamp) -> Duration {
        self.ended.map_or(now, |ended| ended.time).since(self.time)
    }

    /// Whether it still runs.
    pub const fn is_running(&self) -> bool {
        self.ended.is_none()
    }
}

/// When and how a boot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootEnded {
    /// When.
    pub time: Timestamp,
    /// How.
    pub how: BootEnd,
}

/// All boots since the start, or since somebody cleared the log.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct BootLog {
    records: Vec<BootRecord>,
    last_sequence: u64,
}

/// How many boots are remembered; the oldest are forgotten first.
const BOOTS_KEPT: usize = 100_000;

impl BootLog {
    /// Enters a boot and returns its number.
    pub(crate) fn begin(
        &mut self,
        now: Timestamp,
        (application, vm): (ApplicationId, VmId),
        cause: BootCause,
        device: BootedFrom,
    ) -> u64 {
        self.last_sequence = self.last_sequence.saturating_add(1);
        if self.records.len() >= BOOTS_KEPT {
            self.records.drain(..BOOTS_KEPT / 2);
        }
        let record = BootRecord {
            sequence: self.last_sequence,
            application,
            vm,
            time: now,
            cause,
            device,
            ended: None,
        };
        tracing::info!(%application, %vm, ?cause, ?device, "VM boots");
        self.records.push(record);
        self.last_sequence
    }

    /// What a boot booted from.
    pub(crate) fn device_of(&self, sequence: u64) -> Option<BootedFrom> {
        self.get(sequence).map(|record| record.device)
    }

    pub(crate) fn end(&mut self, now: Timestamp, sequence: u64, how: BootEnd) {
        if let Ok(index) = self.records.binary_search_by_key(&sequence, |record| record.sequence)
            && let Some(record) = self.records.get_mut(index)
        {
            record.ended = Some(BootEnded { time: now, how });
        }
    }

    /// A boot by its number.
    pub(crate) fn get(&self, sequence: u64) -> Option<&BootRecord> {
        let index = self.records.binary_search_by_key(&sequence, |record| record.sequence).ok()?;
        self.records.get(index)
    }

    /// The boots with larger numbers than this, in the order of their numbers.
    pub(crate) fn after(&self, sequence: u64) -> &[BootRecord] {
        let first = self.records.partition_point(|record| record.sequence <= sequence);
        self.records.get(first..).unwrap_or_default()
    }

    /// The boots in the order of their times.
    pub(crate) fn records(&self) -> Vec<BootRecord> {
        let mut records = self.records.clone();
        records.sort_by_key(|record| (record.time, record.sequence));
        records
    }

    /// Forgets the boots that ended, and keeps counting.
    pub(crate) fn clear(&mut self) {
        self.records.clear();
    }
}

/// How a guest behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct GuestBehaviour {
    /// What it does when asked to shut down or to restart.
    pub soft_shutdown: SoftShutdown,
    /// When it reboots by itself, if it does.
    pub reboots: Option<SelfReboot>,
}

/// What a guest does when asked through ACPI to shut down or to restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SoftShutdown {
    /// It does it.
    #[default]
    Honoured,
    /// It hangs, or does not listen.
    Ignored,
}

/// A guest that reboots by itself some time after each boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SelfReboot {
    /// How long after a boot, in milliseconds; at least one.
    pub after_millis: u64,
    /// How many times more; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}
