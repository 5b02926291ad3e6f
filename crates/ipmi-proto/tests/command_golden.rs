//! The bytes of every command, as independent implementations exchanged them.
//!
//! Each case states where its bytes come from: a captured conversation by name, or a section of
//! `ipmi-commands.md`. They are facts about the world: never edit one to make it pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::fmt::Debug;
use std::net::Ipv4Addr;

use ipmi_proto::command::app::*;
use ipmi_proto::command::boot_options::*;
use ipmi_proto::command::chassis::*;
use ipmi_proto::command::dcmi::*;
use ipmi_proto::command::sensor::*;
use ipmi_proto::command::storage::*;
use ipmi_proto::command::transport::*;
use ipmi_proto::command::{Body, Command, Nothing};
use ipmi_proto::number::{
    ChannelNumber, CipherSuiteId, CompletionCode, Guid, PayloadType, PrivilegeLevel, SessionId, UserName,
};

/// The bytes are the message, in both directions.
fn golden<B: Body + PartialEq + Debug>(source: &str, bytes: &str, message: &B) {
    let bytes = hex::decode(bytes.replace(' ', "")).unwrap();
    assert_eq!(B::decode(&bytes).as_ref(), Ok(message), "decode, {source}");
    assert_eq!(message.to_bytes(), bytes, "encode, {source}");
}

fn code<B: Body + Debug>(bytes: &str) -> CompletionCode {
    let bytes = hex::decode(bytes.replace(' ', "")).unwrap();
    B::decode(&bytes).expect_err("the bytes are no request").completion_code()
}

#[test]
fn requests_without_data_accept_no_byte() {
    fn empty<C: Command + PartialEq + Debug + Default>() {
        golden("ipmi-commands.md §3", "", &C::default());
        assert_eq!(code::<C>("00"), CompletionCode::DATA_LENGTH_INVALID, "{}", C::NAME);
    }
    empty::<GetDeviceId>();
    empty::<ColdReset>();
    empty::<WarmReset>();
    empty::<GetSelfTestResults>();
    empty::<GetDeviceGuid>();
    empty::<GetSystemGuid>();
    empty::<GetChassisCapabilities>();
    empty::<GetChassisStatus>();
    empty::<GetSdrRepositoryInfo>();
    empty::<ReserveSdrRepository>();
    empty::<GetSelInfo>();
    empty::<ReserveSel>();
    empty::<GetSelTime>();
    empty::<GetAcpiPowerState>();
    empty::<GetBmcGlobalEnables>();
    empty::<ResetWatchdogTimer>();
    empty::<GetWatchdogTimer>();
    empty::<GetSystemRestartCause>();
}

#[test]
fn responses_without_data_have_no_byte() {
    golden("mc-reset-cold-ipmitool-goipmi", "", &Nothing);
    assert!(Nothing::decode(&[0]).is_err());
}

#[test]
fn device_id() {
    golden(
        "ref-bmc-info-freeipmi",
        "20 01 01 00 02 bf 000000 0100 00000000",
        &DeviceId {
            device_id: 0x20,
            provides_device_sdrs: false,
            revision: 1,
            availability: DeviceAvailability::Normal,
            firmware_major: 1,
            firmware_minor: Bcd::from_number(0).unwrap(),
            ipmi_version: IpmiVersion::V2_0,
            support: DeviceSupport::from_bits(0xbf),
            manufacturer: 0,
            product: 1,
            auxiliary_firmware: Some([0; 4]),
        },
    );
    golden(
        "auto-suite-ipmitool-goipmi",
        "20 01 01 00 20 3b 570100 0100",
        &DeviceId {
            device_id: 0x20,
            provides_device_sdrs: false,
            revision: 1,
            availability: DeviceAvailability::Normal,
            firmware_major: 1,
            firmware_minor: Bcd::from_byte(0),
            ipmi_version: IpmiVersion(0x20),
            support: DeviceSupport::from_bits(0x3b),
            manufacturer: 343,
            product: 1,
            auxiliary_firmware: None,
        },
    );
    golden(
        "auto-suite-ipmitool-ipmi_sim",
        "00 03 09 08 02 9f 911200 020f 00000000",
        &DeviceId {
            device_id: 0,
            provides_device_sdrs: false,
            revision: 3,
            availability: DeviceAvailability::Normal,
            firmware_major: 9,
            firmware_minor: Bcd::from_number(8).unwrap(),
            ipmi_version: IpmiVersion::V2_0,
            support: DeviceSupport::CHASSIS
                .with(DeviceSupport::EVENT_RECEIVER)
                .with(DeviceSupport::FRU_INVENTORY)
                .with(DeviceSupport::SEL)
                .with(DeviceSupport::SDR_REPOSITORY)
                .with(DeviceSupport::SENSOR),
            manufacturer: 4753,
            product: 0x0f02,
            auxiliary_firmware: Some([0; 4]),
        },
    );
    let updating = DeviceId::decode(&hex::decode("2080811002df0000000100").unwrap()).unwrap();
    assert_eq!(updating.availability, DeviceAvailability::Updating);
    assert!(updating.provides_device_sdrs);
    assert_eq!(updating.firmware_minor.number(), Some(10));
    let cut_off = DeviceId::decode(&hex::decode("0000010002000000000000000000").unwrap()).unwrap();
    assert_eq!(cut_off.auxiliary_firmware, None, "auto-suite-ipmitool-pyghmi");
    for len in (0..20).filter(|len| !(11..=15).contains(len)) {
        assert!(DeviceId::decode(&vec![0; len]).is_err(), "{len} bytes");
    }
}

#[test]
fn bcd_has_two_decimal_digits() {
    for number in 0..=99 {
        let bcd = Bcd::from_number(number).unwrap();
        assert_eq!(bcd.number(), Some(number));
        assert_eq!(bcd.to_string(), format!("{number:02}"));
    }
    assert_eq!(Bcd::from_number(100), None);
    assert_eq!(Bcd::from_byte(0x1a).number(), None);
}

#[test]
fn self_test_results() {
    golden("mc-selftest-ipmitool-goipmi", "55 00", &SelfTestResults::Passed);
    golden("ipmi-commands.md §4", "56 00", &SelfTestResults::NotImplemented);
    golden(
        "ipmi-commands.md §4",
        "57 c0",
        &SelfTestResults::Inaccessible(InaccessibleDevices::SEL.with(InaccessibleDevices::SDR_REPOSITORY)),
    );
    golden("ipmi-commands.md §4", "58 07", &SelfTestResults::Fatal(7));
    golden("ipmi-commands.md §4", "ff 01", &SelfTestResults::Other { result: 0xff, detail: 1 });
}

#[test]
fn guid_is_the_uuid_backwards() {
    let wire: [u8; 16] = hex::decode("ffeeddccbbaa99887766554433221100").unwrap().try_into().unwrap();
    golden("ref-bmc-info-freeipmi", "ffeeddccbbaa99887766554433221100", &Guid(wire));
    assert!(Guid::decode(&[0; 15]).is_err());
}

#[test]
fn channel_authentication_capabilities() {
    let request = |extended, channel, privilege| GetChannelAuthenticationCapabilities {
        extended,
        channel: ChannelNumber(channel),
        privilege,
    };
    golden("auto-suite-ipmitool-pyghmi", "8e 04", &request(true, 0x0e, PrivilegeLevel::ADMINISTRATOR));
    golden("ping-ipmiping-freeipmi-ipmi_sim", "0e 02", &request(false, 0x0e, PrivilegeLevel::USER));
    golden("ref-channel-authcap-ipmitool", "81 04", &request(true, 0x01, PrivilegeLevel::ADMINISTRATOR));
    type Request = GetChannelAuthenticationCapabilities;
    assert_eq!(code::<Request>("8e"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<Request>("8e 04 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<Request>("8e 00"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<Request>("8e 06"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<Request>("9e 04"), CompletionCode::INVALID_DATA_FIELD);

    let response = |extended, auth_types, status, sessions| ChannelAuthenticationCapabilities {
        channel: ChannelNumber(1),
        extended,
        auth_types,
        status,
        sessions,
        oem: 0,
        oem_auxiliary: 0,
    };
    golden(
        "auto-suite-ipmitool-pyghmi",
        "01 80 04 02 000000 00",
        &response(
            true,
            AuthTypes::empty(),
            AuthenticationStatus::NON_NULL_USER_NAMES,
            SessionSupport::IPMI_2_0,
        ),
    );
    golden(
        "ref-channel-authcap-ipmitool",
        "01 94 04 03 000000 00",
        &response(
            true,
            AuthTypes::PASSWORD.with(AuthTypes::MD5),
            AuthenticationStatus::NON_NULL_USER_NAMES,
            SessionSupport::IPMI_1_5.with(SessionSupport::IPMI_2_0),
        ),
    );
    golden(
        "v15-bad-password-freeipmi-ipmi_sim",
        "01 17 06 00 000000 00",
        &response(
            false,
            AuthTypes::PASSWORD.with(AuthTypes::MD5).with(AuthTypes::MD2).with(AuthTypes::NONE),
            AuthenticationStatus::NON_NULL_USER_NAMES.with(AuthenticationStatus::NULL_USER_NAMES),
            SessionSupport::empty(),
        ),
    );
    golden(
        "kg-missing-freeipmi-ipmi_sim",
        "01 97 26 03 000000 00",
        &response(
            true,
            AuthTypes::from_bits(0x17),
            AuthenticationStatus::KG_SET
                .with(AuthenticationStatus::NON_NULL_USER_NAMES)
                .with(AuthenticationStatus::NULL_USER_NAMES),
            SessionSupport::from_bits(0x03),
        ),
    );
}

#[test]
fn channel_cipher_suites() {
    let request = |channel, listing, page| GetChannelCipherSuites {
        channel: ChannelNumber(channel),
        payload_type: PayloadType::IPMI,
        listing,
        page,
    };
    golden("auto-suite-ipmitool-pyghmi", "0e 00 80", &request(0x0e, Listing::CipherSuites, 0));
    golden("channel-getciphers-ipmitool-goipmi", "01 00 81", &request(1, Listing::CipherSuites, 1));
    golden("ipmi-commands.md §5", "0e 00 00", &request(0x0e, Listing::Algorithms, 0));
    type Request = GetChannelCipherSuites;
    assert_eq!(code::<Request>("0e 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<Request>("0e 00 80 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<Request>("1e 00 80"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<Request>("0e 40 80"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<Request>("0e 00 c0"), CompletionCode::INVALID_DATA_FIELD);

    let source = "ref-channel-getciphers-ipmitool";
    let records = hex::decode("c003014181c011034481").unwrap();
    golden(source, "01 c003014181 c011034481", &ChannelCipherSuites { channel: ChannelNumber(1), records });
    golden(
        "ipmi-commands.md §5, the page after the last",
        "01",
        &ChannelCipherSuites { channel: ChannelNumber(1), records: Vec::new() },
    );
}

#[test]
fn cipher_suite_list_comes_in_pages_of_sixteen_bytes() {
    let list: Vec<u8> = (0..32).collect();
    assert_eq!(record_page(&list, 0), &list[..16]);
    assert_eq!(record_page(&list, 1), &list[16..]);
    assert_eq!(record_page(&list, 2), &[] as &[u8]);
    assert_eq!(record_page(&list[..20], 1), &list[16..20]);
    assert_eq!(record_page(&[], 0), &[] as &[u8]);
    let page = |records: &[u8]| ChannelCipherSuites { channel: ChannelNumber(1), records: records.to_vec() };
    assert!(page(record_page(&list, 1)).has_more());
    assert!(!page(record_page(&list, 2)).has_more());
}

#[test]
fn session_privilege_level() {
    golden(
        "auto-suite-ipmitool-goipmi",
        "04",
        &SetSessionPrivilegeLevel { level: Some(PrivilegeLevel::ADMINISTRATOR) },
    );
    golden("ipmi-commands.md §5", "00", &SetSessionPrivilegeLevel { level: None });
    assert_eq!(code::<SetSessionPrivilegeLevel>(""), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<SetSessionPrivilegeLevel>("04 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<SetSessionPrivilegeLevel>("06"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<SetSessionPrivilegeLevel>("14"), CompletionCode::INVALID_DATA_FIELD);
    golden("bmc-info-freeipmi-goipmi", "02", &SessionPrivilegeLevel { level: PrivilegeLevel::USER });
}

#[test]
fn close_session() {
    golden(
        "ref-dcmi-power-freeipmi",
        "01 53 83 f5",
        &CloseSession { session: SessionReference::Id(SessionId(0xf583_5301)) },
    );
    golden("ipmi-commands.md §5", "00 00 00 00 07", &CloseSession { session: SessionReference::Handle(7) });
    for bytes in ["", "01 00 00", "00 00 00 00", "01 00 00 00 07", "00 00 00 00 07 00"] {
        assert_eq!(code::<CloseSession>(bytes), CompletionCode::DATA_LENGTH_INVALID, "{bytes}");
    }
}

#[test]
fn session_info() {
    golden("ref-session-info-active-ipmitool", "00", &GetSessionInfo::Current);
    golden("ipmi-commands.md §5", "fd", &GetSessionInfo::Nth(0xfd));
    golden("ipmi-commands.md §5", "fe 07", &GetSessionInfo::ByHandle(7));
    golden("ipmi-commands.md §5", "ff 04 03 02 01", &GetSessionInfo::ById(SessionId(0x0102_0304)));
    for bytes in ["", "fe", "ff", "00 00", "ff 01 02 03"] {
        assert_eq!(code::<GetSessionInfo>(bytes), CompletionCode::DATA_LENGTH_INVALID, "{bytes}");
    }

    let session = |console| ActiveSession {
        user_id: 2,
        privilege: PrivilegeLevel::ADMINISTRATOR,
        protocol: SessionProtocol::RMCP_PLUS,
        channel: 1,
        console,
    };
    golden(
        "ref-session-info-active-ipmitool",
        "01 04 01 02 04 11 7f000001 000000000000 e5d2",
        &SessionInfo {
            handle: 1,
            possible: 4,
            active: 1,
            session: Some(session(Some(LanConsole {
                address: Ipv4Addr::LOCALHOST,
                mac: [0; 6],
                port: 0xd2e5,
            }))),
        },
    );
    golden(
        "session-info-active-ipmitool-ipmi_sim",
        "01 3f 01 02 04 11",
        &SessionInfo { handle: 1, possible: 63, active: 1, session: Some(session(None)) },
    );
    golden(
        "ipmi-commands.md §5",
        "00 04 01",
        &SessionInfo { handle: 0, possible: 4, active: 1, session: None },
    );
}

#[test]
fn chassis_capabilities() {
    let capabilities = |bridge_address| ChassisCapabilities {
        features: ChassisFeatures::empty(),
        fru_info_address: 0x20,
        sdr_address: 0x20,
        sel_address: 0x20,
        system_management_address: 0x20,
        bridge_address,
    };
    golden("chassis-caps-freeipmi-goipmi", "00 20 20 20 20", &capabilities(None));
    golden("ref-chassis-caps-freeipmi", "00 20 20 20 20 20", &capabilities(Some(0x20)));
    assert!(ChassisCapabilities::decode(&[0; 7]).is_err());
}

#[test]
fn chassis_status() {
    let status = |current_power, restore_policy, last_power_event, front_panel| ChassisStatus {
        current_power,
        restore_policy,
        last_power_event,
        misc: MiscChassisState::empty(),
        identify: IdentifyState::Off,
        front_panel,
    };
    golden(
        "ref-chassis-status-ipmitool",
        "01 10 40 00",
        &status(
            CurrentPower::ON,
            PowerRestorePolicy::StayOff,
            LastPowerEvent::ON_BY_COMMAND,
            Some(FrontPanelButtons::empty()),
        ),
    );
    golden(
        "ref-chassis-status-freeipmi",
        "21 10 40 00",
        &status(
            CurrentPower::ON,
            PowerRestorePolicy::Previous,
            LastPowerEvent::ON_BY_COMMAND,
            Some(FrontPanelButtons::empty()),
        ),
    );
    golden(
        "auto-suite-ipmitool-goipmi",
        "00 00 40 00",
        &status(
            CurrentPower::empty(),
            PowerRestorePolicy::StayOff,
            LastPowerEvent::empty(),
            Some(FrontPanelButtons::empty()),
        ),
    );
    golden(
        "auto-suite-ipmitool-ipmi_sim",
        "01 00 00",
        &ChassisStatus {
            identify: IdentifyState::NotSupported,
            ..status(CurrentPower::ON, PowerRestorePolicy::StayOff, LastPowerEvent::empty(), None)
        },
    );
}

#[test]
fn every_bit_of_the_chassis_status_has_its_place() {
    let decode = |bytes: [u8; 4]| ChassisStatus::decode(&bytes).unwrap();
    let power = |bit: u8| decode([bit, 0, 0, 0]).current_power;
    assert_eq!(power(0x01), CurrentPower::ON);
    assert_eq!(power(0x02), CurrentPower::OVERLOAD);
    assert_eq!(power(0x04), CurrentPower::INTERLOCK);
    assert_eq!(power(0x08), CurrentPower::FAULT);
    assert_eq!(power(0x10), CurrentPower::CONTROL_FAULT);
    assert_eq!(decode([0x40, 0, 0, 0]).restore_policy, PowerRestorePolicy::AlwaysOn);
    assert_eq!(decode([0x60, 0, 0, 0]).restore_policy, PowerRestorePolicy::Unknown);
    let event = |bit: u8| decode([0, bit, 0, 0]).last_power_event;
    assert_eq!(event(0x01), LastPowerEvent::AC_FAILED);
    assert_eq!(event(0x02), LastPowerEvent::OVERLOAD);
    assert_eq!(event(0x04), LastPowerEvent::INTERLOCK);
    assert_eq!(event(0x08), LastPowerEvent::FAULT);
    assert_eq!(event(0x10), LastPowerEvent::ON_BY_COMMAND);
    let misc = |bit: u8| decode([0, 0, bit, 0]).misc;
    assert_eq!(misc(0x01), MiscChassisState::INTRUSION);
    assert_eq!(misc(0x02), MiscChassisState::FRONT_PANEL_LOCKOUT);
    assert_eq!(misc(0x04), MiscChassisState::DRIVE_FAULT);
    assert_eq!(misc(0x08), MiscChassisState::COOLING_FAULT);
    let identify = |bits: u8| decode([0, 0, bits, 0]).identify;
    assert_eq!(identify(0x00), IdentifyState::NotSupported);
    assert_eq!(identify(0x40), IdentifyState::Off);
    assert_eq!(identify(0x50), IdentifyState::Temporary);
    assert_eq!(identify(0x60), IdentifyState::Indefinite);
}

#[test]
fn chassis_control() {
    for (source, bytes, action) in [
        ("ipmipower-off-freeipmi-ipmi_sim", "00", PowerAction::POWER_DOWN),
        ("ipmipower-on-freeipmi-ipmi_sim", "01", PowerAction::POWER_UP),
        ("ipmipower-cycle-freeipmi-ipmi_sim", "02", PowerAction::POWER_CYCLE),
        ("ipmipower-reset-freeipmi-ipmi_sim", "03", PowerAction::HARD_RESET),
        ("ipmipower-pulse-freeipmi-ipmi_sim", "04", PowerAction::PULSE_DIAGNOSTIC_INTERRUPT),
        ("ipmipower-soft-freeipmi-ipmi_sim", "05", PowerAction::SOFT_SHUTDOWN),
    ] {
        golden(source, bytes, &ChassisControl { action });
    }
    // raw-short-request-ipmitool-ipmi_sim
    assert_eq!(code::<ChassisControl>(""), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<ChassisControl>("00 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<ChassisControl>("11"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn set_system_boot_options() {
    let progress = |progress| SetSystemBootOptions::write(BootOption::SetInProgress(progress));
    golden("bootdev-pxe-ipmitool-pyghmi", "00 00", &progress(SetInProgress::Complete));
    golden("bootdev-pxe-ipmitool-pyghmi", "00 01", &progress(SetInProgress::InProgress));
    golden("bootdev-pxe-ipmitool-pyghmi", "00 02", &progress(SetInProgress::Commit));

    let retention = |bits| SetSystemBootOptions::write(BootOption::ValidBitClearing(bits));
    golden("bootdev-bios-pyghmi-goipmi", "03 08", &retention(ValidBitRetention::TIMEOUT));
    golden(
        "config-chassis-boot-commit-freeipmi-goipmi",
        "03 1f",
        &retention(ValidBitRetention::from_bits(0x1f)),
    );

    let acknowledge = |write_mask, pending| {
        SetSystemBootOptions::write(BootOption::BootInfoAcknowledge(BootInfoAcknowledge {
            write_mask,
            pending,
        }))
    };
    golden(
        "bootdev-bios-ipmitool-goipmi",
        "04 01 01",
        &acknowledge(BootInfoHandlers::BIOS, BootInfoHandlers::BIOS),
    );
    golden(
        "config-chassis-boot-commit-freeipmi-goipmi",
        "04 ff ff",
        &acknowledge(BootInfoHandlers::from_bits(0xff), BootInfoHandlers::from_bits(0xff)),
    );
    assert_eq!(
        SetSystemBootOptions::decode(&[0x85]),
        Ok(SetSystemBootOptions {
            mark: ParameterMark::InvalidOrLocked,
            change: BootOptionChange::MarkOnly(ParameterSelector::BOOT_FLAGS),
        })
    );
    golden(
        "ipmi-commands.md §10.2",
        "07 00 01 02",
        &SetSystemBootOptions::write(BootOption::Other {
            selector: ParameterSelector::BOOT_INITIATOR_MAILBOX,
            data: vec![0, 1, 2],
        }),
    );

    type Request = SetSystemBootOptions;
    for bytes in [
        "",
        "00 00 00",
        "03 08 00",
        "04 01",
        "04 01 01 00",
        "05 80",
        "05 80 04 00 00",
        "05 80 04 00 00 00 00",
    ] {
        assert_eq!(code::<Request>(bytes), CompletionCode::DATA_LENGTH_INVALID, "{bytes}");
    }
    assert_eq!(code::<Request>("00 03"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<Request>("00 81"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn boot_flags_as_clients_send_them() {
    use BootDeviceSelector as Device;
    let flags = BootFlags::for_device;
    for (source, bytes, expected) in [
        ("bootdev-none-pyghmi-goipmi", "05 00 00 00 00 00", BootFlags::default()),
        ("bootdev-none-ipmitool-goipmi", "05 80 00 00 00 00", flags(Device::NONE)),
        ("bootdev-pxe-ipmitool-goipmi", "05 80 04 00 00 00", flags(Device::PXE)),
        ("bootdev-disk-ipmitool-goipmi", "05 80 08 00 00 00", flags(Device::DISK)),
        ("bootdev-safe-ipmitool-goipmi", "05 80 0c 00 00 00", flags(Device::SAFE_DISK)),
        ("bootdev-diag-ipmitool-goipmi", "05 80 10 00 00 00", flags(Device::DIAGNOSTIC_PARTITION)),
        ("bootdev-cdrom-ipmitool-goipmi", "05 80 14 00 00 00", flags(Device::CD)),
        ("bootdev-bios-ipmitool-goipmi", "05 80 18 00 00 00", flags(Device::FIRMWARE_SETUP)),
        ("bootdev-floppy-ipmitool-goipmi", "05 80 3c 00 00 00", flags(Device::FLOPPY)),
        ("bootdev-pxe-uefi-pyghmi-goipmi", "05 a0 04 00 00 00", flags(Device::PXE).efi()),
        ("bootdev-pxe-persistent-ipmitool-goipmi", "05 c0 04 00 00 00", flags(Device::PXE).persistent()),
        (
            "ref-bootdev-disk-efi-persistent-ipmitool",
            "05 e0 08 00 00 00",
            flags(Device::DISK).persistent().efi(),
        ),
    ] {
        golden(source, bytes, &SetSystemBootOptions::write(BootOption::BootFlags(expected)));
    }
    let clear_cmos = BootFlags([0x80, 0x84, 0, 0, 0]);
    golden(
        "bootdev-pxe-clear-cmos-ipmitool-goipmi",
        "05 80 84 00 00 00",
        &SetSystemBootOptions::write(BootOption::BootFlags(clear_cmos)),
    );
    assert!(clear_cmos.clears_cmos());
    assert_eq!(clear_cmos.device(), Device::PXE);
}

#[test]
fn every_bit_of_the_boot_flags_has_its_place() {
    let first = |bits| BootFlags([bits, 0, 0, 0, 0]);
    assert!(first(0x80).is_valid() && !first(0x7f).is_valid());
    assert!(first(0x40).is_persistent() && !first(0xbf).is_persistent());
    assert!(first(0x20).is_efi() && !first(0xdf).is_efi());
    let second = |bits| BootFlags([0, bits, 0, 0, 0]);
    assert!(second(0x80).clears_cmos() && !second(0x7f).clears_cmos());
    assert!(second(0x40).locks_keyboard() && !second(0xbf).locks_keyboard());
    assert!(second(0x02).blanks_screen() && !second(0xfd).blanks_screen());
    assert!(second(0x01).locks_reset_button() && !second(0xfe).locks_reset_button());
    for number in 0..16 {
        assert_eq!(Some(second(0xc3 | number << 2).device()), BootDeviceSelector::new(number));
    }
    let third = |bits| BootFlags([0, 0, bits, 0, 0]);
    assert!(third(0x80).locks_power_button() && !third(0x7f).locks_power_button());
    assert_eq!(third(0x20).verbosity(), FirmwareVerbosity::QUIET);
    assert_eq!(third(0x40).verbosity(), FirmwareVerbosity::VERBOSE);
    assert!(third(0x10).forces_progress_events() && !third(0xef).forces_progress_events());
    assert!(third(0x08).bypasses_user_password() && !third(0xf7).bypasses_user_password());
    assert!(third(0x04).locks_sleep_button() && !third(0xfb).locks_sleep_button());
    assert_eq!(third(0x01).console_redirection(), ConsoleRedirection::SUPPRESS);
    assert_eq!(third(0x02).console_redirection(), ConsoleRedirection::REQUEST);
    let fourth = |bits| BootFlags([0, 0, 0, bits, 0]);
    assert!(fourth(0x08).overrides_shared_mode() && !fourth(0xf7).overrides_shared_mode());
    assert_eq!(fourth(0x01).mux_control(), MuxControl::TO_BMC);
    assert_eq!(fourth(0x02).mux_control(), MuxControl::TO_SYSTEM);
    assert_eq!(BootFlags([0, 0, 0, 0, 0xff]).device_instance(), 0x1f);
    assert_eq!(BootFlags([0xff; 5]).invalidated(), BootFlags([0x7f, 0xff, 0xff, 0xff, 0xff]));
}

#[test]
fn get_system_boot_options() {
    golden(
        "bootdev-get-pyghmi-goipmi",
        "05 00 00",
        &GetSystemBootOptions::parameter(ParameterSelector::BOOT_FLAGS),
    );
    assert_eq!(code::<GetSystemBootOptions>("05"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<GetSystemBootOptions>("05 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<GetSystemBootOptions>("05 00 00 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<GetSystemBootOptions>("85 00 00"), CompletionCode::INVALID_DATA_FIELD);

    let report = |option| BootOptionReport { mark: ParameterMark::Valid, option };
    golden(
        "ref-bootparam-get-0-ipmitool",
        "01 00 00",
        &report(BootOption::SetInProgress(SetInProgress::Complete)),
    );
    golden(
        "ref-bootparam-get-3-ipmitool",
        "01 03 00",
        &report(BootOption::ValidBitClearing(ValidBitRetention::empty())),
    );
    golden(
        "ref-bootparam-get-4-ipmitool",
        "01 04 00 01",
        &report(BootOption::BootInfoAcknowledge(BootInfoAcknowledge {
            write_mask: BootInfoHandlers::empty(),
            pending: BootInfoHandlers::BIOS,
        })),
    );
    golden(
        "ref-bootparam-get-5-ipmitool",
        "01 05 e0 08 00 00 00",
        &report(BootOption::BootFlags(BootFlags::for_device(BootDeviceSelector::DISK).persistent().efi())),
    );
    golden(
        "ref-bootparam-get-6-ipmitool",
        "01 06 00 00 00 00 00 00 00 00 00",
        &report(BootOption::Other { selector: ParameterSelector::BOOT_INITIATOR_INFO, data: vec![0; 9] }),
    );
    golden(
        "ipmi-commands.md §10.1",
        "01 85 00 00 00 00 00",
        &BootOptionReport {
            mark: ParameterMark::InvalidOrLocked,
            option: BootOption::BootFlags(BootFlags::default()),
        },
    );
    assert!(BootOptionReport::decode(&[0x01]).is_err());
    assert!(BootOptionReport::decode(&[0x02, 0x00, 0x00]).is_err());
}

#[test]
fn boot_info_acknowledge_changes_only_masked_bits() {
    let present = BootInfoHandlers::from_bits(0b1_0101);
    let write = |mask, bits| BootInfoAcknowledge {
        write_mask: BootInfoHandlers::from_bits(mask),
        pending: BootInfoHandlers::from_bits(bits),
    };
    assert_eq!(write(0x00, 0xff).applied_to(present).bits(), 0b1_0101);
    assert_eq!(write(0xff, 0x00).applied_to(present).bits(), 0);
    assert_eq!(write(0b0_0011, 0b0_0010).applied_to(present).bits(), 0b1_0110);
}

#[test]
fn channel_info() {
    golden("ref-bmc-info-freeipmi", "0b", &GetChannelInfo { channel: ChannelNumber(11) });
    assert_eq!(code::<GetChannelInfo>("11"), CompletionCode::INVALID_DATA_FIELD);
    let lan = ChannelInfo {
        channel: ChannelNumber(1),
        medium: ChannelMedium::LAN_802_3,
        protocol: ChannelProtocol::IPMB_1_0,
        sessions: ChannelSessions::Multiple,
        active_sessions: 1,
        vendor: ChannelInfo::IPMI_FORUM,
        auxiliary: [0; 2],
    };
    golden("ref-channel-info-ipmitool", "01 04 01 81 f21b00 0000", &lan);
    let system_interface = ChannelInfo {
        channel: ChannelNumber::SYSTEM_INTERFACE,
        medium: ChannelMedium::SYSTEM_INTERFACE,
        protocol: ChannelProtocol::KCS,
        sessions: ChannelSessions::None,
        active_sessions: 0,
        auxiliary: [0, 0xff],
        ..lan
    };
    golden("layout: ipmi-commands.md §5", "0f 0c 05 00 f21b00 00ff", &system_interface);
}

#[test]
fn channel_access() {
    let channel = ChannelNumber(1);
    let setting = AccessSetting::NonVolatile;
    golden("ref-channel-info-ipmitool", "01 40", &GetChannelAccess { channel, setting });
    let setting = AccessSetting::Volatile;
    golden("ref-channel-info-ipmitool", "01 80", &GetChannelAccess { channel, setting });
    assert_eq!(code::<GetChannelAccess>("01 00"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<GetChannelAccess>("01"), CompletionCode::DATA_LENGTH_INVALID);
    golden(
        "ref-channel-info-ipmitool",
        "22 04",
        &ChannelAccess {
            restrictions: ChannelRestrictions::ALERTING_DISABLED,
            mode: AccessMode::ALWAYS,
            limit: PrivilegeLevel::ADMINISTRATOR,
        },
    );
    let change = SetChannelAccess {
        channel: ChannelNumber(1),
        access: Some(AccessSetting::Volatile),
        restrictions: ChannelRestrictions::ALERTING_DISABLED,
        mode: AccessMode::ALWAYS,
        limit_of: Some(AccessSetting::NonVolatile),
        limit: PrivilegeLevel::OPERATOR,
    };
    golden("layout: ipmi-commands.md §5", "01 a2 43", &change);
    let nothing = SetChannelAccess { access: None, limit_of: None, ..change };
    golden("layout: ipmi-commands.md §5", "01 22 03", &nothing);
    for reserved in ["11 22 03", "01 e2 03", "01 22 13", "01 22 c3"] {
        assert_eq!(code::<SetChannelAccess>(reserved), CompletionCode::INVALID_DATA_FIELD, "{reserved}");
    }
    assert_eq!(code::<SetChannelAccess>("01 22"), CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn user_access() {
    golden("ref-user-list-ipmitool", "01 02", &GetUserAccess { channel: ChannelNumber(1), user: 2 });
    assert_eq!(code::<GetUserAccess>("01 42"), CompletionCode::INVALID_DATA_FIELD);
    let enabled = UserAccess {
        last_user: 10,
        state: UserState::Enabled,
        enabled_users: 1,
        fixed_names: 0,
        flags: UserAccessFlags::LINK_AUTHENTICATION.with(UserAccessFlags::IPMI_MESSAGING),
        limit: PrivilegeLevel::ADMINISTRATOR,
    };
    golden("ref-user-list-ipmitool", "0a 41 00 34", &enabled);
    let unused = UserAccess {
        state: UserState::Disabled,
        flags: UserAccessFlags::empty(),
        limit: PrivilegeLevel::NO_ACCESS,
        ..enabled
    };
    golden("ref-user-list-ipmitool", "0a 81 00 0f", &unused);
    let change = SetUserAccess {
        channel: ChannelNumber(1),
        change_flags: false,
        flags: UserAccessFlags::empty(),
        user: 6,
        limit: PrivilegeLevel::OPERATOR,
        session_limit: Some(0),
    };
    golden("user-priv-ipmitool-ipmi_sim", "01 06 03 00", &change);
    let change = SetUserAccess {
        change_flags: true,
        flags: UserAccessFlags::LINK_AUTHENTICATION.with(UserAccessFlags::IPMI_MESSAGING),
        limit: PrivilegeLevel::ADMINISTRATOR,
        ..change
    };
    golden("channel-setaccess-ipmitool-ipmi_sim", "b1 06 04 00", &change);
    golden("ipmi-commands.md §6", "b1 06 04", &SetUserAccess { session_limit: None, ..change });
    assert_eq!(code::<SetUserAccess>("01 06"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<SetUserAccess>("01 06 14"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn user_name() {
    golden("ref-user-list-ipmitool", "0a", &GetUserName { user: 10 });
    let admin = UserName::new(b"admin").unwrap();
    golden("ref-user-list-ipmitool", "61646d696e 00 00000000 00000000 0000", &admin);
    golden("ref-user-list-ipmitool", &"00".repeat(16), &UserName::new(b"").unwrap());
    golden(
        "user-set-name-ipmitool-ipmi_sim",
        "06 6e657775736572 000000000000000000",
        &SetUserName { user: 6, name: UserName::new(b"newuser").unwrap() },
    );
    assert_eq!(code::<SetUserName>("06 6e65"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<GetUserName>("40"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn user_password() {
    let sixteen = |text: &[u8]| {
        let mut bytes = [0; 16];
        bytes[..text.len()].copy_from_slice(text);
        Some(PaddedPassword::Sixteen(bytes))
    };
    let enable = SetUserPassword {
        user: 6,
        operation: PasswordOperation::EnableUser,
        password: sixteen(b""),
        empty_twenty: false,
    };
    golden("user-enable-ipmitool-ipmi_sim", &format!("06 01 {}", "00".repeat(16)), &enable);
    golden("ipmi-commands.md §6", "06 01", &SetUserPassword { password: None, ..enable.clone() });
    golden(
        "ipmi-commands.md §6",
        "86 00",
        &SetUserPassword {
            operation: PasswordOperation::DisableUser,
            password: None,
            empty_twenty: true,
            ..enable.clone()
        },
    );
    golden(
        "user-set-password-ipmitool-ipmi_sim",
        "06 02 6e65777061737331 0000000000000000",
        &SetUserPassword {
            operation: PasswordOperation::SetPassword,
            password: sixteen(b"newpass1"),
            ..enable.clone()
        },
    );
    golden(
        "user-set-password-20-ipmitool-ipmi_sim",
        "86 02 3031323334353637383930313233343536373839",
        &SetUserPassword {
            operation: PasswordOperation::SetPassword,
            password: Some(PaddedPassword::Twenty(*b"01234567890123456789")),
            ..enable.clone()
        },
    );
    let test = SetUserPassword {
        operation: PasswordOperation::TestPassword,
        password: sixteen(b"newpass1"),
        ..enable
    };
    golden("user-test-ipmitool-ipmi_sim", "06 03 6e65777061737331 0000000000000000", &test);
    assert!(!format!("{test:?}").contains("newpass1") && !format!("{test:?}").contains("110"), "{test:?}");
    assert_eq!(code::<SetUserPassword>("06 03"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<SetUserPassword>("86 03 00"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<SetUserPassword>("06 05"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<SetUserPassword>("46 01"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn lan_configuration() {
    let ask = GetLanConfiguration {
        channel: ChannelNumber(1),
        revision_only: false,
        parameter: LanParameterSelector(0x0d),
        set_selector: 0,
        block_selector: 0,
    };
    golden("ref-lan-print-ipmitool", "01 0d 00 00", &ask);
    golden("ipmi-commands.md §11", "81 0d 00 00", &GetLanConfiguration { revision_only: true, ..ask });
    assert_eq!(code::<GetLanConfiguration>("01 0d"), CompletionCode::DATA_LENGTH_INVALID);
    assert_eq!(code::<GetLanConfiguration>("11 0d 00 00"), CompletionCode::INVALID_DATA_FIELD);
    golden(
        "lan-set-ipaddr-ipmitool-ipmi_sim",
        "01 03 c0000214",
        &SetLanConfiguration {
            channel: ChannelNumber(1),
            parameter: LanParameterSelector(3),
            value: vec![192, 0, 2, 20],
        },
    );
    assert_eq!(code::<SetLanConfiguration>("01"), CompletionCode::DATA_LENGTH_INVALID);
    golden("ipmi-commands.md §11", "11", &LanConfiguration::revision_only());
    let address = LanParameter::IpAddress(Ipv4Addr::new(192, 0, 2, 10));
    golden("ipmi-commands.md §11", "11 c000020a", &LanConfiguration::of(&address));
    let suites = LanParameter::CipherSuites(vec![CipherSuiteId(3), CipherSuiteId(17)]);
    assert_eq!(LanConfiguration::of(&suites).to_bytes(), [0x11, 0x00, 0x03, 0x11]);
    let mut levels = [PrivilegeLevel::HIGHEST; 16];
    levels[0] = PrivilegeLevel::ADMINISTRATOR;
    levels[1] = PrivilegeLevel::OPERATOR;
    let levels = LanParameter::CipherSuitePrivileges(levels);
    assert_eq!(LanConfiguration::of(&levels).to_bytes(), [0x11, 0x00, 0x34, 0, 0, 0, 0, 0, 0, 0]);
}

fn range(reservation: u16, record: RecordId, offset: u8, count: u8) -> RecordRange {
    RecordRange { reservation: Reservation(reservation), record, offset, count }
}

#[test]
fn fru_inventory() {
    golden("ref-fru-freeipmi", "00", &GetFruInventoryAreaInfo { device: 0 });
    golden("ref-fru-freeipmi", "7000 00", &FruInventoryAreaInfo { size: 112, by_words: false });
    golden("goipmi", "0001 00", &FruInventoryAreaInfo { size: 256, by_words: false });
    golden("ref-fru-freeipmi", "00 2800 10", &ReadFruData { device: 0, offset: 40, count: 16 });
    let data = hex::decode("01000103080000f3").unwrap();
    golden("ref-fru-freeipmi", "08 01000103080000f3", &FruData { data });
    assert!(FruData::decode(&[2, 0]).is_err(), "fewer bytes than it says");
    assert_eq!(code::<ReadFruData>("00 0000"), CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn fru_image_of_another_implementation_is_read() {
    // ipmi-commands.md §13, its header pointing to the product area only.
    let product = "01 06 19 c7 45 78 61 6d 70 6c 65 cf 56 69 72 74 75 61 6c 20 4d 61 63 68 69 6e 65 c4 50 50 4e 31 c3 \
                   31 2e 30 c6 56 4d 30 30 30 31 c0 c0 c1 00 22";
    let bytes = hex::decode(format!("01 00 00 00 01 00 00 fe {product}").replace(' ', "")).unwrap();
    let image = FruImage::from_bytes(&bytes).unwrap();
    let expected = ProductArea {
        manufacturer: FruText::new("Example"),
        name: FruText::new("Virtual Machine"),
        part_number: FruText::new("PPN1"),
        version: FruText::new("1.0"),
        serial_number: FruText::new("VM0001"),
        ..ProductArea::default()
    };
    assert_eq!(image.product, expected);
    assert_eq!(FruImage::from_bytes(&image.to_bytes()), Ok(image));
}

#[test]
fn fru_text_of_one_character_does_not_end_the_list() {
    let image = FruImage {
        product: ProductArea {
            name: FruText::new("x"), asset_tag: FruText::new("é€"), ..Default::default()
        },
    };
    let again = FruImage::from_bytes(&image.to_bytes()).unwrap();
    assert_eq!(again.product.name.to_string(), "x ");
    assert_eq!(again.product.asset_tag.to_string(), "é?");
}

#[test]
fn fru_area_that_would_be_too_long_leaves_texts_out() {
    let custom = vec![FruText::new(&"x".repeat(63)); 40];
    let image = FruImage { product: ProductArea { custom, ..Default::default() } };
    let again = FruImage::from_bytes(&image.to_bytes()).unwrap();
    assert_eq!(again.product.custom.len(), 31);
}

#[test]
fn sdr_repository() {
    golden(
        "ref-sdr-info-ipmitool",
        "51 0300 ffff 64f15365 00000000 22",
        &SdrRepositoryInfo {
            version: SdrRepositoryInfo::VERSION,
            records: 3,
            free_space: 0xffff,
            added_at: 0x6553_f164,
            erased_at: 0,
            support: SdrSupport::from_bits(0x22),
        },
    );
    golden("ref-sensors-freeipmi", "0200", &Reservation(2));
    golden("ref-sensors-freeipmi", "0100 0200 00 ff", &GetSdr(range(1, RecordId(2), 0, RecordRange::REST)));
    golden("ref-sdr-elist-all-ipmitool", "0100 0200 05 20", &GetSdr(range(1, RecordId(2), 5, 32)));
    golden(
        "ref-sdr-elist-all-ipmitool",
        "0200 0100511211",
        &RecordPiece { next: RecordId(2), data: vec![0x01, 0x00, 0x51, 0x12, 0x11] },
    );
    assert_eq!(code::<GetSdr>("0100 0200 00"), CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn sdr_records() {
    let record = |id, body, bytes: &str| {
        let record = SdrRecord { id: RecordId(id), body };
        let bytes = hex::decode(bytes.replace(' ', "")).unwrap();
        assert_eq!(record.to_bytes(), bytes);
        assert_eq!(SdrRecord::from_bytes(&bytes), Ok(record));
    };
    // ipmi-commands.md §14, ref-sdr-elist-all-ipmitool.
    record(
        1,
        SdrBody::ManagementController(ManagementController {
            address: 0x20,
            support: DeviceSupport::from_bits(0xbf),
            entity: [7, 1],
            name: IdString::new("VM BMC"),
        }),
        "01 00 51 12 11 20 00 00 bf 00 00 00 07 01 00 c6 56 4d 20 42 4d 43",
    );
    record(
        3,
        SdrBody::CompactSensor(CompactSensor {
            number: 2,
            entity: [7, 1],
            initialization: 0x63,
            capabilities: 0xc0,
            sensor_type: SensorType::POWER_UNIT,
            event_type: 0x6f,
            assertion_mask: 0,
            deassertion_mask: 0,
            reading_mask: 0x00ff,
            name: IdString::new("Power Unit"),
        }),
        "03 00 51 02 25 20 00 02 07 01 63 c0 09 6f 00 00 00 00 ff 00 c0 00 00 01 00 00 00 00 00 00 00 ca \
         50 6f 77 65 72 20 55 6e 69 74",
    );
    // IPMI 2.0 §43.3.
    record(
        4,
        SdrBody::EventOnlySensor(EventOnlySensor {
            number: 3,
            entity: [7, 1],
            sensor_type: SensorType::SYSTEM_BOOT_INITIATED,
            event_type: 0x6f,
            name: IdString::new("Boot"),
        }),
        "04 00 51 03 10 20 00 03 07 01 1d 6f 01 00 00 00 c4 42 6f 6f 74",
    );
    // A full sensor record has no type of its own here; a compact one with hysteresis has fields without a place.
    let bytes = hex::decode("0200510105 2000010701".replace(' ', "")).unwrap();
    let other = SdrRecord::from_bytes(&bytes).unwrap();
    assert_eq!(other.body, SdrBody::Other { kind: 1, bytes: bytes[5..].to_vec() });
    assert_eq!(other.to_bytes(), bytes);
    assert!(SdrRecord::from_bytes(&bytes[..8]).is_err());
}

#[test]
fn system_event_log() {
    golden(
        "ref-sel-info-ipmitool",
        "51 0100 f003 64f15365 ffffffff 02",
        &SelInfo {
            version: SelInfo::VERSION,
            entries: 1,
            free_space: 0x03f0,
            added_at: 0x6553_f164,
            erased_at: SelInfo::NEVER,
            support: SelSupport::RESERVE,
        },
    );
    golden("sel-freeipmi", "0100 ffff 00 ff", &GetSelEntry(range(1, RecordId::LAST, 0, RecordRange::REST)));
    golden("ref-sel-time-ipmitool", "64f15365", &SelTime { seconds: 0x6553_f164 });
    let clear = ClearSel { reservation: Reservation(1), erasure: Erasure::Begin };
    golden("sel-clear-ipmitool-ipmi_sim", "0100 434c52 aa", &clear);
    golden("ipmi-commands.md §15", "0100 434c52 00", &ClearSel { erasure: Erasure::Status, ..clear });
    assert_eq!(code::<ClearSel>("0100 434c53 aa"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<ClearSel>("0100 434c52 01"), CompletionCode::INVALID_DATA_FIELD);
    golden("sel-clear-ipmitool-ipmi_sim", "01", &ErasureProgress::Completed);
    golden("ipmi-commands.md §15", "00", &ErasureProgress::InProgress);
}

#[test]
fn sel_records() {
    // ref-sel-elist-ipmitool: the power unit is off.
    let bytes: [u8; 16] =
        hex::decode("010002 00f15365 2000 04 09 02 6f 00ffff".replace(' ', "")).unwrap()[..]
            .try_into()
            .unwrap();
    let event = SelEvent {
        time: 0x6553_f100,
        generator: SelEvent::BMC,
        format: SelEvent::FORMAT,
        sensor_type: SensorType::POWER_UNIT,
        sensor: 2,
        direction: EventDirection::Assertion,
        event_type: SelEvent::SENSOR_SPECIFIC,
        data: [0x00, 0xff, 0xff],
    };
    let record = SelRecord::Event { id: RecordId(1), event };
    assert_eq!(record.to_bytes(), bytes);
    assert_eq!(SelRecord::from_bytes(bytes), record);
}

#[test]
fn sensors() {
    golden("ref-sensors-freeipmi", "02", &GetSensorReading { sensor: 2 });
    golden(
        "ref-sensors-freeipmi",
        "00 c0 00 80",
        &SensorReading {
            reading: 0,
            status: SensorStatus::EVENTS.with(SensorStatus::SCANNING),
            states: Some(0),
            upper_states: Some(0x80),
        },
    );
    golden(
        "ipmi-commands.md §16",
        "1e c0 c0",
        &SensorReading {
            reading: 0x1e,
            status: SensorStatus::from_bits(0xc0),
            states: Some(0xc0),
            upper_states: None,
        },
    );
    golden("ref-sensor-get-ipmitool", "01", &GetSensorThresholds { sensor: 1 });
    golden(
        "ref-sensor-get-ipmitool",
        "38 000000 555f69",
        &SensorThresholds { readable: 0x38, values: [0, 0, 0, 0x55, 0x5f, 0x69] },
    );
    golden("ref-sensor-get-ipmitool", "01", &GetSensorEventEnable { sensor: 1 });
    golden("ref-sensor-get-ipmitool", "01", &GetSensorEventStatus { sensor: 1 });
    golden(
        "ref-sensor-get-ipmitool",
        "c0 800a 800a",
        &SensorEvents {
            status: SensorStatus::from_bits(0xc0),
            assertions: Some(0x0a80),
            deassertions: Some(0x0a80),
        },
    );
    assert_eq!(code::<GetSensorReading>(""), CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn watchdog_timer() {
    let off = SetWatchdogTimer {
        dont_log: false,
        keep_running: false,
        timer_use: WatchdogUse::SMS_OS,
        pre_timeout_interrupt: PreTimeoutInterrupt::NONE,
        action: WatchdogAction::NONE,
        pre_timeout_interval: 0,
        clear: WatchdogExpirations::SMS_OS,
        countdown: 3000,
    };
    golden("ref-mc-watchdog-off-ipmitool", "04 00 00 10 b80b", &off);
    let all = SetWatchdogTimer {
        dont_log: true,
        keep_running: true,
        timer_use: WatchdogUse::OEM,
        pre_timeout_interrupt: PreTimeoutInterrupt::NMI,
        action: WatchdogAction::POWER_CYCLE,
        pre_timeout_interval: 5,
        clear: WatchdogExpirations::from_bits(0x3e),
        countdown: 600,
    };
    golden("layout: ipmi-commands.md §8", "c5 23 05 3e 5802", &all);
    for undefined in
        ["00 00 00 00 0000", "06 00 00 00 0000", "0c 00 00 00 0000", "04 04 00 00 0000", "04 40 00 00 0000"]
            .into_iter()
            .chain(["04 08 00 00 0000", "04 80 00 00 0000", "04 00 00 01 0000", "04 00 00 40 0000"])
    {
        assert_eq!(code::<SetWatchdogTimer>(undefined), CompletionCode::INVALID_DATA_FIELD, "{undefined}");
    }
    assert_eq!(code::<SetWatchdogTimer>("04 00 00 00 00"), CompletionCode::DATA_LENGTH_INVALID);
    golden(
        "layout: ipmi-commands.md §8",
        "44 01 00 10 5802 2c01",
        &WatchdogTimer {
            dont_log: false,
            running: true,
            timer_use: WatchdogUse::SMS_OS,
            pre_timeout_interrupt: PreTimeoutInterrupt::NONE,
            action: WatchdogAction::HARD_RESET,
            pre_timeout_interval: 0,
            expired: WatchdogExpirations::SMS_OS,
            initial: 600,
            present: 300,
        },
    );
    let unset = WatchdogTimer::decode(&[0; 8]).unwrap();
    assert_eq!(unset.to_bytes(), [0; 8], "ref-mc-watchdog-get-ipmitool");
}

#[test]
fn chassis_identify() {
    golden("ipmi-commands.md §9", "", &ChassisIdentify::default());
    let identify = |interval, force| ChassisIdentify { interval: Some(interval), force };
    golden("chassis-identify-ipmitool-goipmi", "1e", &identify(30, None));
    golden("ref-chassis-identify-force-ipmitool", "00 01", &identify(0, Some(true)));
    golden("identify-pyghmi-goipmi", "14", &identify(20, None));
    assert_eq!(code::<ChassisIdentify>("00 02"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<ChassisIdentify>("00 01 00"), CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn power_restore_policy() {
    let ask = |policy| SetPowerRestorePolicy { policy };
    golden("ref-chassis-policy-previous-ipmitool", "01", &ask(PowerRestorePolicy::Previous));
    golden("ref-chassis-policy-list-ipmitool", "03", &ask(PowerRestorePolicy::Unknown));
    let all = SupportedRestorePolicies::STAY_OFF
        .with(SupportedRestorePolicies::PREVIOUS)
        .with(SupportedRestorePolicies::ALWAYS_ON);
    golden("ref-chassis-policy-list-ipmitool", "07", &all);
    assert_eq!(code::<SetPowerRestorePolicy>("04"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn restart_cause_power_state_and_enables() {
    let cause = SystemRestartCause { cause: RestartCause::CHASSIS_CONTROL, channel: ChannelNumber(1) };
    golden("ref-chassis-restart-cause-ipmitool", "01 01", &cause);
    let working = AcpiPowerState { system: AcpiSystemState::WORKING, device: AcpiDeviceState::WORKING };
    golden("ref-acpi-freeipmi", "00 00", &working);
    golden("ref-mc-getenables-ipmitool", "08", &GlobalEnables::SYSTEM_EVENT_LOGGING);
}

#[test]
fn system_info() {
    let ask = GetSystemInfoParameters {
        revision_only: false,
        parameter: SystemInfoSelector::SYSTEM_NAME,
        set_selector: 0,
        block_selector: 0,
    };
    golden("ref-bmc-info-freeipmi", "00 02 00 00", &ask);
    golden("ipmi-commands.md §8", "80 02 00 00", &GetSystemInfoParameters { revision_only: true, ..ask });
    assert_eq!(code::<GetSystemInfoParameters>("01 02 00 00"), CompletionCode::INVALID_DATA_FIELD);
    let value = hex::decode("000002766d000000000000000000000000").unwrap();
    golden("ref-mc-getsysinfo-ipmitool", "11 000002766d000000000000000000000000", &SystemInfo::of(value));
}

#[test]
fn system_info_text_comes_in_numbered_blocks() {
    let blocks: Vec<_> = (0..3).map(|block| SystemInfo::text_block("a name of 21 bytes...", block)).collect();
    assert_eq!(blocks[0].as_ref().unwrap().value, b"\x00\x00\x15a name of 21 b");
    assert_eq!(blocks[1].as_ref().unwrap().value, b"\x01ytes...\0\0\0\0\0\0\0\0\0");
    assert_eq!(blocks[2], None);
    assert_eq!(SystemInfo::text_block("", 0).unwrap().value[..3], [0, 0, 0]);
    assert_eq!(SystemInfo::text_block("é", 0).unwrap().value[..5], [0, 1, 2, 0xc3, 0xa9]);
    let long = "x".repeat(300);
    assert_eq!(SystemInfo::text_block(&long, 0).unwrap().value[2], 255);
    assert!(SystemInfo::text_block(&long, 16).is_some() && SystemInfo::text_block(&long, 17).is_none());
}

#[test]
fn payload_activation() {
    let request = |flags| ActivatePayload::sol(SolActivation::from_bits(flags));
    golden("sol-activate-ipmitool-goipmi", "01 01 c6 00 00 00", &request(0xc6));
    golden("sol-freeipmi-goipmi", "01 01 c2 00 00 00", &request(0xc2));
    golden("sol-pyghmi-goipmi", "01 01 c0 00 00 00", &request(0xc0));
    let flags = SolActivation::ENCRYPTION
        .with(SolActivation::AUTHENTICATION)
        .with(SolActivation::ALERTS_DEFERRED)
        .with(SolActivation::LINES_DEASSERTED);
    assert_eq!(request(0xc6).activation(), flags);
    golden(
        "sol-activate-ipmitool-goipmi",
        "00000000 ff00 ff00 ef40 ffff",
        &ActivatedPayload {
            auxiliary: [0; 4],
            inbound_size: 255,
            outbound_size: 255,
            port: 16623,
            vlan: ActivatedPayload::NO_VLAN,
        },
    );
    golden("sol-deactivate-inactive-ipmitool-goipmi", "01 01 00 00 00 00", &DeactivatePayload::SOL);
    assert_eq!(code::<ActivatePayload>("41 01 c0 00 00 00"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<ActivatePayload>("01 11 c0 00 00 00"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<DeactivatePayload>("01 01 00 00 00"), CompletionCode::DATA_LENGTH_INVALID);
}

#[test]
fn payload_status() {
    golden("sol-freeipmi-goipmi", "01", &GetPayloadActivationStatus { payload: PayloadType::SOL });
    golden("sol-freeipmi-goipmi", "01 00 00", &PayloadActivationStatus { capacity: 1, active: 0 });
    golden("ipmi-commands.md §7", "01 01 00", &PayloadActivationStatus { capacity: 1, active: 1 });
    golden(
        "ipmi-commands.md §7",
        "01 01",
        &GetPayloadInstanceInfo { payload: PayloadType::SOL, instance: 1 },
    );
    golden(
        "ipmi-commands.md §7",
        "a4a3a2a0 0100000000000000",
        &PayloadInstanceInfo { session: SessionId(0xa0a2_a3a4), information: [1, 0, 0, 0, 0, 0, 0, 0] },
    );
    golden(
        "ipmi-commands.md §7",
        "01 01 00",
        &SuspendResumePayloadEncryption {
            payload: PayloadType::SOL,
            instance: 1,
            operation: EncryptionOperation::Suspend,
        },
    );
    assert_eq!(code::<SuspendResumePayloadEncryption>("01 01 03"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<GetPayloadActivationStatus>("41"), CompletionCode::INVALID_DATA_FIELD);
}

#[test]
fn payload_access_and_support() {
    golden(
        "sol-payload-status-ipmitool-goipmi",
        "01 02",
        &GetUserPayloadAccess { channel: ChannelNumber(1), user: 2 },
    );
    golden("sol-payload-status-ipmitool-goipmi", "02 00 00 00", &UserPayloads::SOL);
    let set = |change| SetUserPayloadAccess {
        channel: ChannelNumber(1),
        change,
        user: 2,
        payloads: UserPayloads::SOL,
    };
    golden("ipmi-commands.md §7", "01 02 02 00 00 00", &set(PayloadAccessChange::Allow));
    golden("ipmi-commands.md §7", "01 42 02 00 00 00", &set(PayloadAccessChange::Forbid));
    assert_eq!(code::<SetUserPayloadAccess>("01 82 02 00 00 00"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<SetUserPayloadAccess>("01 02 02 01 00 00"), CompletionCode::INVALID_DATA_FIELD);
    golden("sol-freeipmi-goipmi", "0e", &GetChannelPayloadSupport { channel: ChannelNumber::THIS });
    golden(
        "sol-freeipmi-goipmi",
        "03 00 3f 00 00 00 00 00",
        &ChannelPayloadSupport { standard: 3, session_setup: 0x3f, oem: 0 },
    );
    golden(
        "ipmi-commands.md §7",
        "0e 01",
        &GetChannelPayloadVersion { channel: ChannelNumber::THIS, payload: PayloadType::SOL },
    );
    golden("ipmi-commands.md §7", "10", &ChannelPayloadVersion::ONE);
}

#[test]
fn sol_configuration() {
    golden(
        "ref-sol-set-threshold-ipmitool",
        "01 03 0c 64",
        &SetSolConfiguration {
            channel: ChannelNumber(1),
            parameter: SolParameterSelector(3),
            value: vec![0x0c, 0x64],
        },
    );
    golden(
        "ref-sol-info-ipmitool",
        "01 08 00 00",
        &GetSolConfiguration { channel: ChannelNumber(1), ..GetSolConfiguration::parameter(8) },
    );
    golden("ipmi-commands.md §12", "11", &SolConfiguration::revision_only());
    let authentication = |force_encryption, force_authentication, privilege| {
        SolParameter::Authentication(SolAuthentication { force_encryption, force_authentication, privilege })
    };
    for (source, bytes, parameter) in [
        ("ref-sol-info-ipmitool", "00", SolParameter::SetInProgress(SetInProgress::Complete)),
        ("ref-sol-info-ipmitool", "01", SolParameter::Enable(true)),
        ("ref-sol-info-ipmitool", "84", authentication(true, false, PrivilegeLevel::ADMINISTRATOR)),
        ("ipmi-commands.md §12", "42", authentication(false, true, PrivilegeLevel::USER)),
        ("ref-sol-info-ipmitool", "0c 60", SolParameter::Accumulation { interval: 12, threshold: 96 }),
        ("ref-sol-info-ipmitool", "07 32", SolParameter::Retry { count: 7, interval: 50 }),
        ("ref-sol-info-ipmitool", "0a", SolParameter::NonVolatileBitRate(SolBitRate::RATE_115200)),
        ("ipmi-commands.md §12", "06", SolParameter::VolatileBitRate(SolBitRate::RATE_9600)),
        ("ref-sol-info-ipmitool", "01", SolParameter::PayloadChannel(ChannelNumber(1))),
        ("ref-sol-info-ipmitool", "6f 02", SolParameter::PayloadPort(623)),
    ] {
        let bytes = hex::decode(bytes.replace(' ', "")).unwrap();
        assert_eq!(SolParameter::decode(parameter.selector(), &bytes).as_ref(), Ok(&parameter), "{source}");
        assert_eq!(SolConfiguration::of(&parameter).value, bytes, "{source}");
    }
}

#[test]
fn dcmi_capabilities() {
    let asked = |number| GetDcmiCapabilities { parameter: DcmiParameter(number) };
    golden("ipmi-commands.md §17", "dc 01", &asked(1));
    assert_eq!(code::<GetDcmiCapabilities>("dc"), CompletionCode::DATA_LENGTH_INVALID);
    let told = |capability| DcmiCapabilities::of(&capability);
    let power_management = true;
    golden(
        "ipmi-commands.md §17",
        "dc 01 05 02 00 01 00",
        &told(DcmiCapability::Supported { power_management }),
    );
    let sel = DcmiSelAttributes::ROLLOVER.with(DcmiSelAttributes::FLUSH);
    let log = DcmiCapability::Platform { sel, entries: 0x0123 };
    golden("layout: ipmi-commands.md §17", "dc 01 05 02 23 c1 00 00 00", &told(log));
    let full = DcmiCapability::Platform { sel: DcmiSelAttributes::RECORD_FLUSH, entries: 0xffff };
    golden("layout: ipmi-commands.md §17", "dc 01 05 02 ff 2f 00 00 00", &told(full));
    let power = DcmiCapability::PowerManagement { address: 0x20 };
    golden("layout: ipmi-commands.md §17", "dc 01 05 02 20 00", &told(power));
    golden(
        "layout: ipmi-commands.md §17",
        "dc 01 05 02 01 ff ff",
        &told(DcmiCapability::Manageability { lan: 1 }),
    );
    golden("layout: ipmi-commands.md §17", "dc 01 05 02 00", &told(DcmiCapability::NoPowerStatistics));
}

#[test]
fn dcmi_power_reading() {
    let asked = GetDcmiPowerReading { mode: PowerReadingMode::SYSTEM, attributes: 0 };
    golden("ipmi-commands.md §17", "dc 01 00 00", &asked);
    for wrong in ["dc 00 00 00", "dc 03 00 00", "dc 01 00 01"] {
        assert_eq!(code::<GetDcmiPowerReading>(wrong), CompletionCode::INVALID_DATA_FIELD, "{wrong}");
    }
    golden(
        "ipmi-commands.md §17",
        "dc 7800 5000 c800 7600 f1536520 60ea0000 40",
        &DcmiPowerReading {
            watts: [120, 80, 200, 118],
            time: 0x2065_53f1,
            period_millis: 60_000,
            active: true,
        },
    );
}

#[test]
fn dcmi_texts_and_sensors() {
    let range = DcmiTextRange { offset: 16, count: 4 };
    golden("layout: ipmi-commands.md §17", "dc 10 04", &GetDcmiAssetTag(range));
    golden("layout: ipmi-commands.md §17", "dc 10 04", &GetDcmiControllerId(range));
    let text = DcmiText { total: 5, bytes: b"ode".to_vec() };
    golden("layout: ipmi-commands.md §17", "dc 05 6f6465", &text);
    let piece = DcmiTextPiece { offset: 2, bytes: b"de".to_vec() };
    golden("layout: ipmi-commands.md §17", "dc 02 02 6465", &SetDcmiAssetTag(piece.clone()));
    golden("layout: ipmi-commands.md §17", "dc 02 02 6465", &SetDcmiControllerId(piece));
    assert_eq!(code::<SetDcmiAssetTag>("dc 02 03 6465"), CompletionCode::DATA_LENGTH_INVALID);
    golden("layout: ipmi-commands.md §17", "dc 04", &DcmiTextLength { total: 4 });
    let asked = GetDcmiSensorInfo { sensor_type: 1, entity: 0x40, instance: 0, start: 0 };
    golden("layout: ipmi-commands.md §17", "dc 01 40 00 00", &asked);
    let records = vec![RecordId(2), RecordId(0x0103)];
    golden("layout: ipmi-commands.md §17", "dc 02 02 0200 0301", &DcmiSensorInfo { total: 2, records });
}

#[test]
fn sel_entries_and_space() {
    golden("layout: ipmi-commands.md §15", "", &GetSelAllocationInfo);
    golden("layout: ipmi-commands.md §14", "", &GetSdrRepositoryAllocationInfo);
    let space = AllocationInfo { units: 256, unit_bytes: 16, free: 3, largest_free: 2, largest_record: 1 };
    golden("layout: ipmi-commands.md §15", "0001 1000 0300 0200 01", &space);
    let bytes = "0100 02 f1536520 2000 04 09 02 6f 00ffff";
    let SelRecord::Event { event, .. } =
        SelRecord::from_bytes(hex::decode(bytes.replace(' ', "")).unwrap().try_into().unwrap())
    else {
        panic!("an event")
    };
    let record = SelRecord::Event { id: RecordId(1), event };
    golden("ipmi-commands.md §15", bytes, &AddSelEntry { record });
    golden("layout: ipmi-commands.md §15", "0201", &RecordId(0x0102));
    let delete = DeleteSelEntry { reservation: Reservation(0x0304), record: RecordId::LAST };
    golden("layout: ipmi-commands.md §15", "0403 ffff", &delete);
}

#[test]
fn clocks() {
    golden(
        "layout: ipmi-commands.md §15",
        "f1536520",
        &SetSelTime { time: SelTime { seconds: 0x2065_53f1 } },
    );
    golden("layout: ipmi-commands.md §14", "", &GetSdrRepositoryTime);
    golden("layout: ipmi-commands.md §15", "", &GetSelTimeUtcOffset);
    golden("layout: ipmi-commands.md §15", "ff07", &SetSelTimeUtcOffset { offset: UtcOffset::UNSPECIFIED });
    golden("layout: ipmi-commands.md §15", "c4ff", &UtcOffset { minutes: -60 });
}

#[test]
fn what_sensors_are_told() {
    golden(
        "ipmi-commands.md §16",
        "04 01 30 01 09 ff ff",
        &PlatformEventMessage {
            format: 4,
            sensor_type: SensorType(1),
            sensor: 0x30,
            direction: EventDirection::Assertion,
            event_type: 1,
            data: [9, 0xff, 0xff],
        },
    );
    let hysteresis = SensorHysteresis { positive: 2, negative: 1 };
    golden("layout: ipmi-commands.md §16", "05 ff", &GetSensorHysteresis { sensor: 5 });
    golden("layout: ipmi-commands.md §16", "05 ff 02 01", &SetSensorHysteresis { sensor: 5, hysteresis });
    golden("layout: ipmi-commands.md §16", "02 01", &hysteresis);
    assert_eq!(code::<GetSensorHysteresis>("05 00"), CompletionCode::INVALID_DATA_FIELD);
    let thresholds = SetSensorThresholds { sensor: 5, set: 0x38, values: [0, 0, 0, 0x55, 0x5f, 0x69] };
    golden("layout: ipmi-commands.md §16", "05 38 000000555f69", &thresholds);
    let enable = SetSensorEventEnable {
        sensor: 5,
        status: SensorStatus::SCANNING.with(SensorStatus::EVENTS),
        selection: EventSelection::Disable,
        assertions: Some(0x0a80),
        deassertions: None,
    };
    golden("layout: ipmi-commands.md §16", "05 e0 800a", &enable);
    assert_eq!(code::<SetSensorEventEnable>("05 f0"), CompletionCode::INVALID_DATA_FIELD);
    assert_eq!(code::<SetSensorEventEnable>("05 c0 00"), CompletionCode::DATA_LENGTH_INVALID);
    let rearm =
        RearmSensorEvents { sensor: 5, selected_only: true, assertions: Some(1), deassertions: Some(2) };
    golden("layout: ipmi-commands.md §16", "05 80 0100 0200", &rearm);
}

#[test]
fn what_the_chassis_and_the_system_are_told() {
    let disabled = FrontPanelButtons::RESET_DISABLED.with(FrontPanelButtons::POWER_OFF_DISABLED);
    golden("layout: ipmi-commands.md §9", "03", &SetFrontPanelEnables { disabled });
    assert_eq!(code::<SetFrontPanelEnables>("10"), CompletionCode::INVALID_DATA_FIELD);
    golden("layout: ipmi-commands.md §9", "", &GetPohCounter);
    golden("ipmi-commands.md §9", "3c d2040000", &PohCounter { minutes_per_count: 60, count: 1234 });
    let state = SetAcpiPowerState {
        system: (true, AcpiSystemState::SOFT_OFF),
        device: (false, AcpiDeviceState::UNCHANGED),
    };
    golden("layout: ipmi-commands.md §4", "85 7f", &state);
    let name =
        SetSystemInfoParameters { parameter: SystemInfoSelector::SYSTEM_NAME, value: vec![0, 0, 1, 0x61] };
    golden("layout: ipmi-commands.md §8", "02 00 00 01 61", &name);
    assert_eq!(code::<SetSystemInfoParameters>("02"), CompletionCode::DATA_LENGTH_INVALID);
}
