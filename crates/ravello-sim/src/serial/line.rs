//! The boot log in words.

use crate::clock::Timestamp;
use crate::guest::{BootCause, BootEnd, BootEnded, BootRecord, BootedFrom};

/// What a serial port says when a guest boots.
pub(super) fn of_begin(record: &BootRecord) -> String {
    let why = match record.cause {
        BootCause::Publish => "power on by a publish",
        BootCause::Start => "power on",
        BootCause::Restart => "restart",
        BootCause::PublishRestart => "power on after a publish",
        BootCause::GuestReboot => "reboot",
        BootCause::ResetDisks => "power on with empty disks",
        BootCause::Redeploy => "power on as a fresh copy",
        BootCause::Repair => "power on after a repair",
        BootCause::Loaded => "it runs",
    };
    let from = match record.device {
        BootedFrom::Disk => "disk boot",
        BootedFrom::Network => "network boot (iPXE)",
        BootedFrom::Nothing => "nothing to boot from",
    };
    format!("{} {why}: {from}\r\n", time(record.time))
}

/// What a serial port says when a boot has ended.
pub(super) fn of_end(ended: BootEnded) -> String {
    let how = match ended.how {
        BootEnd::PowerOff => "power off",
        BootEnd::Shutdown => "shut down",
        BootEnd::StopTimeOut => "power off: it did not shut down in time",
        BootEnd::Expired => "power off: the application has expired",
        BootEnd::Restart => "shut down for a restart",
        BootEnd::Publish => "power off by a publish",
        BootEnd::GuestReboot => "the guest reboots",
        BootEnd::ResetDisks => "power off to empty the disks",
        BootEnd::Redeploy => "replaced by a fresh copy",
        BootEnd::Removed => "removed",
        BootEnd::Failed => "failed",
        BootEnd::GuestPowerOff => "the guest has turned itself off",
        BootEnd::HostDown => "power off: the simulator ended",
    };
    format!("{} {how}\r\n", time(ended.time))
}

/// The time of day, UTC.
fn time(at: Timestamp) -> String {
    let seconds = at.as_millis() / 1000;
    format!("[{:02}:{:02}:{:02}]", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ApplicationId, VmId};

    #[test]
    fn lines_say_when_why_and_from_what() {
        let record = BootRecord {
            sequence: 1,
            application: ApplicationId(1),
            vm: VmId(2),
            time: Timestamp::from_millis(((25 * 60 + 4) * 60 + 5) * 1000 + 999),
            cause: BootCause::Start,
            device: BootedFrom::Network,
            ended: None,
        };
        assert_eq!(of_begin(&record), "[01:04:05] power on: network boot (iPXE)\r\n");
        let ended = BootEnded { time: record.time, how: BootEnd::PowerOff };
        assert_eq!(of_end(ended), "[01:04:05] power off\r\n");
    }
}
