//! The translations, and the boot options that live in the BMC.

use std::time::{Duration, Instant};

use ipmi_proto::command::Body as _;
use ipmi_proto::command::boot_options::{
    BootDeviceSelector, BootFlags, BootInfoAcknowledge, BootInfoHandlers, BootOption, ParameterMark,
    ParameterSelector, SetInProgress, ValidBitRetention,
};
use ipmi_proto::command::chassis::{IdentifyState, PowerAction};
use ipmi_proto::number::CompletionCode;
use machine::{BootDevice, BootOverride, BootSetting, Denied, Lifetime, PowerRequest};
use proptest::prelude::*;

use super::boot_options::{
    UnsupportedDevice, VolatileBootOptions, WrittenFlags, boot_override, reported_flags,
};
use super::{Question, chassis, denial};
use crate::identity::DeviceIdentity;

const MINUTE: Duration = Duration::from_secs(60);

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn flags_for(number: u8) -> BootFlags {
    BootFlags::for_device(BootDeviceSelector::new(number).unwrap())
}

#[test]
fn only_what_the_platform_boots_from_is_accepted() {
    let device = |number| boot_override(flags_for(number)).map(|wanted| wanted.map(|wanted| wanted.device));
    assert_eq!(device(0x0), Ok(None), "no override");
    assert_eq!(device(0x1), Ok(Some(BootDevice::Network)), "PXE");
    assert_eq!(device(0x2), Ok(Some(BootDevice::Disk)), "disk");
    assert_eq!(device(0x3), Ok(Some(BootDevice::Disk)), "safe");
    assert_eq!(device(0x5), Ok(Some(BootDevice::Network)), "CD");
    assert_eq!(device(0x8), Ok(Some(BootDevice::Network)), "remote CD");
    for number in [0x4, 0x6, 0x7, 0x9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf] {
        assert_eq!(device(number), Err(UnsupportedDevice), "{number:#x}");
    }
}

#[test]
fn flags_that_are_not_valid_ask_for_nothing() {
    for number in 0..16 {
        assert_eq!(boot_override(flags_for(number).invalidated()), Ok(None));
    }
}

#[test]
fn persistent_bit_is_the_lifetime() {
    let once = boot_override(BootFlags([0xa0, 0x04, 0, 0, 0])).unwrap().unwrap();
    assert_eq!(once.lifetime, Lifetime::Once);
    let persistent = boot_override(BootFlags([0xe0, 0x04, 0, 0, 0])).unwrap().unwrap();
    assert_eq!(persistent.lifetime, Lifetime::Persistent);
}

#[test]
fn without_an_override_the_flags_say_what_the_platform_boots() {
    let flags = |device| reported_flags(BootSetting::Platform(device)).0;
    assert_eq!(flags(BootDevice::Disk), [0xc0, 0x08, 0, 0, 0]);
    assert_eq!(flags(BootDevice::Network), [0xc0, 0x04, 0, 0, 0]);
}

proptest! {
    #[test]
    fn override_carries_every_bit_there_and_back(bytes: [u8; 5]) {
        if let Ok(Some(BootOverride { flags, .. })) = boot_override(BootFlags(bytes)) {
            prop_assert_eq!(reported_flags(BootSetting::Override(flags)).0, bytes);
        }
    }

    /// What is reported for the platform means to the platform just that: a console that writes back what it read
    /// changes nothing.
    #[test]
    fn reported_platform_device_reads_as_itself(disk: bool) {
        let device = if disk { BootDevice::Disk } else { BootDevice::Network };
        let read_back = boot_override(reported_flags(BootSetting::Platform(device))).unwrap().unwrap();
        prop_assert_eq!(read_back.device, device);
        prop_assert_eq!(read_back.lifetime, Lifetime::Persistent);
    }
}

#[test]
fn diagnostic_interrupt_and_undefined_actions_are_no_power_request() {
    let request = |number| chassis::power_request(PowerAction::new(number).unwrap());
    assert_eq!(request(0), Some(PowerRequest::Off));
    assert_eq!(request(1), Some(PowerRequest::On));
    assert_eq!(request(2), Some(PowerRequest::Cycle));
    assert_eq!(request(3), Some(PowerRequest::Reset));
    assert_eq!(request(5), Some(PowerRequest::Soft));
    for number in [4].into_iter().chain(6..16) {
        assert_eq!(request(number), None, "{number}");
    }
}

#[test]
fn chassis_status_has_only_bits_with_something_behind_them() {
    let status = |power_on, control_fault: Option<&str>, last_power_on_by_command| {
        chassis::status(
            &machine::ChassisStatus {
                power_on,
                control_fault: control_fault.map(str::to_owned),
                last_power_on_by_command,
                state: "STARTED".to_owned(),
                age: Duration::ZERO,
            },
            IdentifyState::Off,
        )
        .to_bytes()
    };
    assert_eq!(status(false, None, false), [0x60, 0x00, 0x40, 0x00]);
    assert_eq!(status(true, None, false), [0x61, 0x00, 0x40, 0x00]);
    assert_eq!(status(false, Some("ERROR_DEPLOY"), false), [0x70, 0x00, 0x40, 0x00]);
    assert_eq!(status(true, None, true), [0x61, 0x10, 0x40, 0x00]);
}

#[test]
fn refusals_of_the_port_have_their_completion_codes() {
    let reason = || "because".to_owned();
    for (denied, code) in [
        (Denied::CloudUnreachable { reason: reason() }, CompletionCode::NODE_BUSY),
        (Denied::NotInPresentState { reason: reason() }, CompletionCode::NOT_SUPPORTED_IN_STATE),
        (Denied::NoSuchNode, CompletionCode::NOT_SUPPORTED_IN_STATE),
        (Denied::NotRecorded { reason: reason() }, CompletionCode::UNSPECIFIED),
    ] {
        assert_eq!(denial::completion_code(&denied), code, "{denied}");
    }
}

#[test]
fn firmware_revision_is_the_version_of_the_crate() {
    let response = DeviceIdentity::RAVBMC.response(true);
    let version = format!(
        "{}.{}.{}",
        response.firmware_major,
        response.firmware_minor.number().unwrap(),
        response.auxiliary_firmware.unwrap()[0]
    );
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert_eq!(response.manufacturer, 0);
    assert_eq!(response.to_bytes().len(), 15);
}

#[test]
fn minor_revision_beyond_two_digits_is_reported_as_99() {
    let identity = DeviceIdentity { firmware_minor: 100, ..DeviceIdentity::RAVBMC };
    assert_eq!(identity.response(false).firmware_minor.number(), Some(99));
}

/// Parameters 0, 3 and 4 as a console sees them.
struct Console {
    options: VolatileBootOptions,
    now: Instant,
}

impl Console {
    fn new() -> Self {
        Self { options: VolatileBootOptions::new(None), now: start() }
    }

    fn write(&mut self, option: BootOption) -> CompletionCode {
        self.options.write(self.now, &option, ParameterMark::Valid)
    }

    fn begin(&mut self) -> CompletionCode {
        self.write(BootOption::SetInProgress(SetInProgress::InProgress))
    }

    fn end(&mut self) -> CompletionCode {
        self.write(BootOption::SetInProgress(SetInProgress::Complete))
    }

    /// The bytes of a parameter.
    fn read(&self, selector: ParameterSelector) -> Vec<u8> {
        self.options.read(self.now, selector).unwrap().to_bytes().split_off(2)
    }

    fn is_in_progress(&self) -> bool {
        self.read(ParameterSelector::SET_IN_PROGRESS) == [1]
    }
}

#[test]
fn set_in_progress_twice_is_81() {
    let mut console = Console::new();
    assert!(!console.is_in_progress());
    assert_eq!(console.begin(), CompletionCode::NORMAL);
    assert!(console.is_in_progress());
    assert_eq!(console.begin(), CompletionCode(0x81));
    assert_eq!(console.end(), CompletionCode::NORMAL);
    assert!(!console.is_in_progress());
    assert_eq!(console.begin(), CompletionCode::NORMAL);
}

#[test]
fn set_in_progress_of_a_dead_console_ends_after_a_minute() {
    let mut console = Console::new();
    console.begin();
    console.now += MINUTE - Duration::from_millis(1);
    assert_eq!(console.begin(), CompletionCode(0x81));
    console.now += Duration::from_millis(1);
    assert!(!console.is_in_progress());
    assert_eq!(console.begin(), CompletionCode::NORMAL);
}

#[test]
fn set_in_progress_ends_with_a_power_down_or_a_reset() {
    for request in [PowerRequest::Off, PowerRequest::Soft, PowerRequest::Cycle, PowerRequest::Reset] {
        let mut console = Console::new();
        console.begin();
        console.options.power_requested(console.now, request);
        assert!(!console.is_in_progress(), "{request}");
    }
    let mut console = Console::new();
    console.begin();
    console.options.power_requested(console.now, PowerRequest::On);
    assert!(console.is_in_progress());
}

#[test]
fn commit_without_roll_back_is_cc_and_changes_nothing() {
    let mut console = Console::new();
    console.begin();
    let commit = BootOption::SetInProgress(SetInProgress::Commit);
    assert_eq!(console.write(commit), CompletionCode::INVALID_DATA_FIELD);
    assert!(console.is_in_progress());
}

#[test]
fn other_parameters_may_be_written_while_set_in_progress_is_set() {
    let mut console = Console::new();
    console.begin();
    let retention = BootOption::ValidBitClearing(ValidBitRetention::TIMEOUT);
    assert_eq!(console.write(retention), CompletionCode::NORMAL);
}

#[test]
fn valid_bit_clearing_reads_back_as_written() {
    let mut console = Console::new();
    assert_eq!(console.read(ParameterSelector::VALID_BIT_CLEARING), [0x00]);
    console.write(BootOption::ValidBitClearing(ValidBitRetention::from_bits(0x1f)));
    assert_eq!(console.read(ParameterSelector::VALID_BIT_CLEARING), [0x1f]);
}

#[test]
fn boot_info_acknowledge_changes_masked_bits_and_reads_with_mask_zero() {
    let mut console = Console::new();
    let mut write = |mask, bits| {
        console.write(BootOption::BootInfoAcknowledge(BootInfoAcknowledge {
            write_mask: BootInfoHandlers::from_bits(mask),
            pending: BootInfoHandlers::from_bits(bits),
        }));
        console.read(ParameterSelector::BOOT_INFO_ACKNOWLEDGE)
    };
    assert_eq!(write(0x01, 0x01), [0x00, 0x01]);
    assert_eq!(write(0x06, 0x05), [0x00, 0x05]);
    assert_eq!(write(0xff, 0x10), [0x00, 0x10]);
}

#[test]
fn marks_belong_to_their_parameter() {
    let mut console = Console::new();
    let selector = ParameterSelector::VALID_BIT_CLEARING;
    let marked = ParameterMark::InvalidOrLocked;
    assert_eq!(console.options.mark(selector, marked), CompletionCode::NORMAL);
    assert_eq!(console.options.read(console.now, selector).unwrap().mark, marked);
    let other = ParameterSelector::SET_IN_PROGRESS;
    assert_eq!(console.options.read(console.now, other).unwrap().mark, ParameterMark::Valid);
}

#[test]
fn unsupported_parameters_are_80_in_every_form() {
    let mut console = Console::new();
    for number in [1, 2, 6, 7, 8, 96, 127] {
        let selector = ParameterSelector::new(number);
        assert_eq!(console.write(BootOption::Other { selector, data: vec![0] }), CompletionCode(0x80));
        assert_eq!(console.options.mark(selector, ParameterMark::Valid), CompletionCode(0x80));
        assert_eq!(console.options.read(console.now, selector), None);
    }
}

#[test]
fn marking_the_boot_flags_invalid_drops_the_override() {
    let mut console = Console::new();
    let asked = console.options.mark_flags(ParameterMark::InvalidOrLocked);
    assert_eq!(asked, Ok(Question::SetBootOverride { wanted: None, mark: ParameterMark::InvalidOrLocked }));
    let written = WrittenFlags { lifetime: None, mark: ParameterMark::InvalidOrLocked };
    console.options.flags_written(console.now, written);
    assert_eq!(console.options.flags_mark(), ParameterMark::InvalidOrLocked);
    assert_eq!(console.options.mark_flags(ParameterMark::Valid), Err(CompletionCode::NORMAL));
    assert_eq!(console.options.flags_mark(), ParameterMark::Valid);
}

/// The 60-second rule, as an option.
mod lapse {
    use super::*;

    const ONCE: WrittenFlags = WrittenFlags { lifetime: Some(Lifetime::Once), mark: ParameterMark::Valid };
    const PERSISTENT: WrittenFlags =
        WrittenFlags { lifetime: Some(Lifetime::Persistent), mark: ParameterMark::Valid };
    const DROPPED: WrittenFlags = WrittenFlags { lifetime: None, mark: ParameterMark::Valid };

    fn written(written: WrittenFlags) -> (VolatileBootOptions, Instant) {
        let now = start();
        let mut options = VolatileBootOptions::new(Some(MINUTE));
        options.flags_written(now, written);
        (options, now)
    }

    #[test]
    fn flags_without_a_timeout_never_lapse() {
        let now = start();
        let mut options = VolatileBootOptions::new(None);
        options.flags_written(now, ONCE);
        assert_eq!(options.flags_lapse_at(), None);
        assert!(!options.lapse(now + 1000 * MINUTE));
    }

    #[test]
    fn one_shot_flags_lapse_when_the_time_is_over() {
        let (mut options, now) = written(ONCE);
        assert_eq!(options.flags_lapse_at(), Some(now + MINUTE));
        assert!(!options.lapse(now + MINUTE - Duration::from_millis(1)));
        assert!(options.lapse(now + MINUTE));
        assert!(!options.lapse(now + 2 * MINUTE), "only once");
    }

    #[test]
    fn persistent_and_dropped_flags_do_not_lapse() {
        assert_eq!(written(PERSISTENT).0.flags_lapse_at(), None);
        let (mut options, now) = written(ONCE);
        options.flags_written(now, DROPPED);
        assert_eq!(options.flags_lapse_at(), None);
    }

    #[test]
    fn parameter_3_bit_3_keeps_the_flags() {
        let (mut options, now) = written(ONCE);
        options.write(now, &BootOption::ValidBitClearing(ValidBitRetention::TIMEOUT), ParameterMark::Valid);
        assert!(!options.lapse(now + MINUTE));
        assert_eq!(options.flags_lapse_at(), None);
    }

    #[test]
    fn power_cycle_uses_the_flags_and_power_off_starts_the_time_anew() {
        for request in [PowerRequest::On, PowerRequest::Cycle, PowerRequest::Reset] {
            let (mut options, now) = written(ONCE);
            options.power_requested(now, request);
            assert_eq!(options.flags_lapse_at(), None, "{request}");
        }
        for request in [PowerRequest::Off, PowerRequest::Soft] {
            let (mut options, now) = written(ONCE);
            options.power_requested(now + MINUTE / 2, request);
            assert_eq!(options.flags_lapse_at(), Some(now + MINUTE / 2 + MINUTE), "{request}");
            let (mut options, now) = written(PERSISTENT);
            options.power_requested(now, request);
            assert_eq!(options.flags_lapse_at(), None, "{request}");
        }
    }

    #[test]
    fn new_flags_are_busy_while_the_old_ones_lapse() {
        let (mut options, now) = written(ONCE);
        assert!(options.lapse(now + MINUTE));
        let flags = BootFlags::for_device(BootDeviceSelector::PXE);
        let write = |options: &VolatileBootOptions| options.write_flags(flags, ParameterMark::Valid);
        assert_eq!(write(&options), Err(CompletionCode::NODE_BUSY));
        options.reset();
        assert_eq!(write(&options), Err(CompletionCode::NODE_BUSY), "a reset does not end it");
        options.flags_lapsed();
        assert!(write(&options).is_ok());
    }
}
