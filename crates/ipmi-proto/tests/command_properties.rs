//! Properties of all commands at once: no bytes panic, and what is understood is written back unchanged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::Ipv4Addr;

use ipmi_proto::command::app::*;
use ipmi_proto::command::boot_options::*;
use ipmi_proto::command::chassis::*;
use ipmi_proto::command::sensor::*;
use ipmi_proto::command::storage::*;
use ipmi_proto::command::transport::*;
use ipmi_proto::command::{
    AnyRequest, Body, COMMANDS, CommandInfo, Nothing, RequestError, RequiredPrivilege,
};
use ipmi_proto::number::{
    AuthenticationAlgorithm, ChannelNumber, CipherSuiteId, CommandNumber, CompletionCode,
    ConfidentialityAlgorithm, Guid, IntegrityAlgorithm, NetFn, PrivilegeLevel, UserName,
};
use ipmi_proto::wire::CipherSuiteRecord;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn round_trip<B: Body + PartialEq + Debug>(message: &B) -> Result<(), TestCaseError> {
    prop_assert_eq!(&B::decode(&message.to_bytes()).unwrap(), message);
    Ok(())
}

/// What a response decoder accepts, it can write, and reads the same again.
fn stable<B: Body + PartialEq + Debug>(data: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(message) = B::decode(data) {
        let bytes = message.to_bytes();
        prop_assert_eq!(bytes.len(), data.len());
        prop_assert_eq!(B::decode(&bytes).unwrap(), message);
    }
    Ok(())
}

fn boot_option() -> impl Strategy<Value = BootOption> {
    prop_oneof![
        prop_oneof![
            Just(SetInProgress::Complete),
            Just(SetInProgress::InProgress),
            Just(SetInProgress::Commit)
        ]
        .prop_map(BootOption::SetInProgress),
        any::<u8>().prop_map(|bits| BootOption::ValidBitClearing(ValidBitRetention::from_bits(bits))),
        any::<(u8, u8)>().prop_map(|(mask, bits)| BootOption::BootInfoAcknowledge(BootInfoAcknowledge {
            write_mask: BootInfoHandlers::from_bits(mask),
            pending: BootInfoHandlers::from_bits(bits),
        })),
        any::<[u8; 5]>().prop_map(|bytes| BootOption::BootFlags(BootFlags(bytes))),
        (6..=127_u8, vec(any::<u8>(), 1..20)).prop_map(|(selector, data)| BootOption::Other {
            selector: ParameterSelector::new(selector),
            data,
        }),
    ]
}

fn mark() -> impl Strategy<Value = ParameterMark> {
    prop_oneof![Just(ParameterMark::Valid), Just(ParameterMark::InvalidOrLocked)]
}

fn privilege() -> impl Strategy<Value = PrivilegeLevel> {
    (0..16_u8).prop_map(PrivilegeLevel)
}

/// Data bytes of the group whose command it is.
fn of_group(info: &CommandInfo, data: Vec<u8>) -> Vec<u8> {
    info.group.into_iter().chain(data).collect()
}

proptest! {
    #[test]
    fn a_request_that_is_understood_encodes_to_its_own_bytes(
        index in 0..COMMANDS.len(),
        data in vec(any::<u8>(), 0..12),
    ) {
        let info = COMMANDS[index];
        let data = of_group(&info, data);
        if let Ok(request) = AnyRequest::decode(info.net_fn, info.command, &data) {
            prop_assert_eq!(request.info(), info);
            let mut bytes = Vec::new();
            request.encode(&mut bytes);
            prop_assert_eq!(bytes, data);
        }
    }

    /// Small values in the first byte reach the commands with few defined values.
    #[test]
    fn a_request_with_small_values_encodes_to_its_own_bytes(
        index in 0..COMMANDS.len(),
        data in vec(0..8_u8, 0..7),
    ) {
        let info = COMMANDS[index];
        let data = of_group(&info, data);
        if let Ok(request) = AnyRequest::decode(info.net_fn, info.command, &data) {
            let mut bytes = Vec::new();
            request.encode(&mut bytes);
            prop_assert_eq!(bytes, data);
        }
    }

    #[test]
    fn a_request_that_is_refused_is_c1_c7_or_cc(net_fn: u8, command: u8, data in vec(any::<u8>(), 0..40)) {
        let net_fn = NetFn::new(net_fn);
        let command = CommandNumber(command);
        match AnyRequest::decode(net_fn, command, &data) {
            Ok(_) => prop_assert!(CommandInfo::find(net_fn, command, &data).is_some()),
            Err(error @ RequestError::UnknownCommand { .. }) => {
                prop_assert_eq!(error.completion_code(), CompletionCode::INVALID_COMMAND);
                prop_assert!(CommandInfo::find(net_fn, command, &data).is_none());
            }
            Err(error @ RequestError::Body(_)) => prop_assert!(
                [CompletionCode::DATA_LENGTH_INVALID, CompletionCode::INVALID_DATA_FIELD]
                    .contains(&error.completion_code())
            ),
        }
    }

    #[test]
    fn no_bytes_make_a_response_panic_and_what_is_read_is_stable(data in vec(any::<u8>(), 0..24)) {
        stable::<Nothing>(&data)?;
        stable::<Guid>(&data)?;
        if !(12..15).contains(&data.len()) {
            stable::<DeviceId>(&data)?;
        }
        stable::<SelfTestResults>(&data)?;
        stable::<ChannelAuthenticationCapabilities>(&data)?;
        stable::<ChannelCipherSuites>(&data)?;
        stable::<SessionPrivilegeLevel>(&data)?;
        stable::<SessionInfo>(&data)?;
        stable::<ChassisCapabilities>(&data)?;
        stable::<ChassisStatus>(&data)?;
        stable::<BootOptionReport>(&data)?;
        stable::<ChannelInfo>(&data)?;
        stable::<ChannelAccess>(&data)?;
        stable::<UserAccess>(&data)?;
        stable::<UserName>(&data)?;
        stable::<LanConfiguration>(&data)?;
        stable::<WatchdogTimer>(&data)?;
        stable::<AcpiPowerState>(&data)?;
        stable::<GlobalEnables>(&data)?;
        stable::<SystemInfo>(&data)?;
        stable::<SupportedRestorePolicies>(&data)?;
        stable::<SystemRestartCause>(&data)?;
        stable::<FruInventoryAreaInfo>(&data)?;
        stable::<FruData>(&data)?;
        stable::<SdrRepositoryInfo>(&data)?;
        stable::<SelInfo>(&data)?;
        stable::<Reservation>(&data)?;
        stable::<RecordPiece>(&data)?;
        stable::<ErasureProgress>(&data)?;
        stable::<SelTime>(&data)?;
        stable::<SensorReading>(&data)?;
        stable::<SensorThresholds>(&data)?;
        stable::<SensorEvents>(&data)?;
    }

    /// The whole request is random: long enough for names and passwords.
    #[test]
    fn a_request_about_users_encodes_to_its_own_bytes(
        user in 0..4_u8,
        twenty: bool,
        operation in 0..6_u8,
        text in vec(any::<u8>(), 0..22),
    ) {
        let mut data = vec![user | if twenty { 0x80 } else { 0 }, operation];
        data.extend(text);
        if let Ok(request) = SetUserPassword::decode(&data) {
            prop_assert_eq!(request.to_bytes(), data.clone());
        }
        data.resize(17, 0);
        if let Ok(request) = SetUserName::decode(&data) {
            prop_assert_eq!(request.to_bytes(), data);
        }
    }

    #[test]
    fn fru_image_round_trips_and_adds_up_to_zero(texts in vec(".{0,70}", 6), custom in vec(".{0,40}", 0..4)) {
        let text = |index: usize| FruText::new(&texts[index]);
        let image = FruImage {
            product: ProductArea {
                manufacturer: text(0),
                name: text(1),
                part_number: text(2),
                version: text(3),
                serial_number: text(4),
                asset_tag: text(5),
                custom: custom.iter().map(|custom| FruText::new(custom)).collect(),
            },
        };
        let bytes = image.to_bytes();
        prop_assert_eq!(bytes.len() % 8, 0);
        prop_assert_eq!(bytes[8..].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
        prop_assert_eq!(FruImage::from_bytes(&bytes), Ok(image));
        // Another length could happen to have the right sum; another last byte cannot.
        let mut broken = bytes;
        *broken.last_mut().unwrap() ^= 1;
        prop_assert!(FruImage::from_bytes(&broken).is_err());
    }

    #[test]
    fn no_bytes_make_a_fru_image_panic(bytes in vec(any::<u8>(), 0..64)) {
        let mut image = vec![0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0xfe];
        image.extend(&bytes);
        let _ = (FruImage::from_bytes(&bytes), FruImage::from_bytes(&image));
    }

    #[test]
    fn sdr_record_that_is_read_is_written_the_same(id: u16, kind in 0..0x14_u8, body in vec(any::<u8>(), 0..48)) {
        let mut bytes = id.to_le_bytes().to_vec();
        bytes.extend([0x51, kind, u8::try_from(body.len()).unwrap()]);
        bytes.extend(body);
        prop_assert_eq!(SdrRecord::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn sel_record_is_written_as_it_was_read(bytes: [u8; 16], event: bool) {
        let mut bytes = bytes;
        if event {
            bytes[2] = 0x02;
        }
        prop_assert_eq!(SelRecord::from_bytes(bytes).to_bytes(), bytes);
    }

    #[test]
    fn lan_parameter_that_is_read_is_written_the_same(selector: u8, value in vec(any::<u8>(), 0..20)) {
        let selector = LanParameterSelector(selector);
        if let Ok(parameter) = LanParameter::decode(selector, &value) {
            prop_assert_eq!(parameter.selector(), selector);
            let bytes = LanConfiguration::of(&parameter).value;
            prop_assert_eq!(bytes.len(), value.len());
            prop_assert_eq!(LanParameter::decode(selector, &bytes).unwrap(), parameter);
        }
    }

    #[test]
    fn set_boot_options_round_trips(mark in mark(), option in boot_option()) {
        round_trip(&SetSystemBootOptions { mark, change: BootOptionChange::Write(option) })?;
    }

    #[test]
    fn set_boot_option_mark_round_trips(mark in mark(), selector in 0..=127_u8) {
        let change = BootOptionChange::MarkOnly(ParameterSelector::new(selector));
        round_trip(&SetSystemBootOptions { mark, change })?;
    }

    #[test]
    fn boot_option_report_round_trips(mark in mark(), option in boot_option()) {
        round_trip(&BootOptionReport { mark, option })?;
    }

    #[test]
    fn boot_flags_keep_every_bit(bytes: [u8; 5]) {
        let option = BootOption::BootFlags(BootFlags(bytes));
        let sent = SetSystemBootOptions::write(option.clone()).to_bytes();
        let report = BootOptionReport { mark: ParameterMark::Valid, option }.to_bytes();
        prop_assert_eq!(&sent[1..], &bytes[..]);
        prop_assert_eq!(&report[2..], &bytes[..]);
    }

    #[test]
    fn device_id_round_trips(
        (device_id, revision, major, minor, version, support) in any::<(u8, u8, u8, u8, u8, u8)>(),
        provides_device_sdrs: bool,
        updating: bool,
        manufacturer in 0..=0x000f_ffff_u32,
        product: u16,
        auxiliary_firmware in option::of(any::<[u8; 4]>()),
    ) {
        round_trip(&DeviceId {
            device_id,
            provides_device_sdrs,
            revision: revision & 0x0f,
            availability: if updating { DeviceAvailability::Updating } else { DeviceAvailability::Normal },
            firmware_major: major & 0x7f,
            firmware_minor: Bcd::from_byte(minor),
            ipmi_version: IpmiVersion(version),
            support: DeviceSupport::from_bits(support),
            manufacturer,
            product,
            auxiliary_firmware,
        })?;
    }

    #[test]
    fn chassis_status_keeps_every_flag(bytes: [u8; 4]) {
        let decoded = ChassisStatus::decode(&bytes).unwrap();
        round_trip(&decoded)?;
        prop_assert_eq!(decoded.current_power.contains(CurrentPower::ON), bytes[0] & 1 == 1);
    }

    #[test]
    fn authentication_capabilities_round_trip(
        extended: bool,
        (types, status, sessions, oem_auxiliary) in any::<(u8, u8, u8, u8)>(),
        channel in 0..16_u8,
        oem in 0..=0x00ff_ffff_u32,
    ) {
        round_trip(&ChannelAuthenticationCapabilities {
            channel: ChannelNumber(channel),
            extended,
            auth_types: AuthTypes::from_bits(types & 0x7f),
            status: AuthenticationStatus::from_bits(status),
            sessions: SessionSupport::from_bits(sessions),
            oem,
            oem_auxiliary,
        })?;
    }

    #[test]
    fn cipher_suite_list_round_trips_through_its_pages(
        suites in vec((any::<u8>(), option::of(0..=0x00ff_ffff_u32), 0..64_u8, 0..64_u8, 0..64_u8), 0..20)
    ) {
        let records: Vec<_> = suites
            .into_iter()
            .map(|(id, oem, authentication, integrity, confidentiality)| CipherSuiteRecord {
                id: CipherSuiteId(id),
                oem,
                authentication: AuthenticationAlgorithm(authentication),
                integrity: IntegrityAlgorithm(integrity),
                confidentiality: ConfidentialityAlgorithm(confidentiality),
            })
            .collect();
        let mut list = Vec::new();
        for record in &records {
            record.encode(&mut list);
        }
        let mut gathered = Vec::new();
        for page in 0..64 {
            let answer = ChannelCipherSuites {
                channel: ChannelNumber(1),
                records: record_page(&list, page).to_vec(),
            };
            round_trip(&answer)?;
            gathered.extend_from_slice(&answer.records);
            if !answer.has_more() {
                break;
            }
        }
        prop_assert_eq!(CipherSuiteRecord::decode_all(&gathered).unwrap(), records);
    }

    #[test]
    fn session_info_round_trips(
        (handle, possible, active) in (any::<u8>(), 0..64_u8, 0..64_u8),
        session in option::of((0..64_u8, privilege(), 0..16_u8, 0..16_u8)),
        console in option::of((any::<[u8; 4]>(), any::<[u8; 6]>(), any::<u16>())),
    ) {
        let session = session.map(|(user_id, privilege, protocol, channel)| ActiveSession {
            user_id,
            privilege,
            protocol: SessionProtocol(protocol),
            channel,
            console: console.map(|(address, mac, port)| LanConsole {
                address: Ipv4Addr::from(address),
                mac,
                port,
            }),
        });
        round_trip(&SessionInfo { handle, possible, active, session })?;
    }
}

#[test]
fn registry_lists_each_command_once_and_finds_it() {
    let mut keys = BTreeSet::new();
    for info in COMMANDS {
        assert!(keys.insert((info.net_fn, info.command)), "{} is listed twice", info.name);
        assert!(!info.net_fn.is_response(), "{}", info.name);
        let document = if info.group.is_some() { "DCMI 1.5 §" } else { "IPMI 2.0 §" };
        assert!(info.section.starts_with(document), "{}", info.name);
        assert_eq!(CommandInfo::find(info.net_fn, info.command, info.group.as_slice()), Some(info));
    }
    assert!(COMMANDS.is_sorted_by_key(|info| (info.net_fn, info.command)));
}

/// The table of `ipmi-commands.md §3`: a wrong privilege lets somebody in or locks somebody out.
#[test]
fn registry_agrees_with_the_privilege_table() {
    use PrivilegeLevel as Level;
    use RequiredPrivilege::{AtLeast, NoSession};
    let expected = [
        (NetFn::CHASSIS, 0x00, AtLeast(Level::USER)),
        (NetFn::CHASSIS, 0x01, AtLeast(Level::USER)),
        (NetFn::CHASSIS, 0x02, AtLeast(Level::OPERATOR)),
        (NetFn::CHASSIS, 0x04, AtLeast(Level::OPERATOR)),
        (NetFn::CHASSIS, 0x06, AtLeast(Level::OPERATOR)),
        (NetFn::CHASSIS, 0x07, AtLeast(Level::USER)),
        (NetFn::CHASSIS, 0x08, AtLeast(Level::OPERATOR)),
        (NetFn::CHASSIS, 0x09, AtLeast(Level::OPERATOR)),
        (NetFn::CHASSIS, 0x0a, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::CHASSIS, 0x0f, AtLeast(Level::USER)),
        (NetFn::SENSOR_EVENT, 0x02, AtLeast(Level::OPERATOR)),
        (NetFn::SENSOR_EVENT, 0x24, AtLeast(Level::OPERATOR)),
        (NetFn::SENSOR_EVENT, 0x25, AtLeast(Level::USER)),
        (NetFn::SENSOR_EVENT, 0x26, AtLeast(Level::OPERATOR)),
        (NetFn::SENSOR_EVENT, 0x27, AtLeast(Level::USER)),
        (NetFn::SENSOR_EVENT, 0x28, AtLeast(Level::OPERATOR)),
        (NetFn::SENSOR_EVENT, 0x29, AtLeast(Level::USER)),
        (NetFn::SENSOR_EVENT, 0x2a, AtLeast(Level::OPERATOR)),
        (NetFn::SENSOR_EVENT, 0x2b, AtLeast(Level::USER)),
        (NetFn::SENSOR_EVENT, 0x2d, AtLeast(Level::USER)),
        (NetFn::APP, 0x01, AtLeast(Level::USER)),
        (NetFn::APP, 0x02, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x03, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x04, AtLeast(Level::USER)),
        (NetFn::APP, 0x06, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x07, AtLeast(Level::USER)),
        (NetFn::APP, 0x08, AtLeast(Level::USER)),
        (NetFn::APP, 0x22, AtLeast(Level::OPERATOR)),
        (NetFn::APP, 0x24, AtLeast(Level::OPERATOR)),
        (NetFn::APP, 0x25, AtLeast(Level::USER)),
        (NetFn::APP, 0x2f, AtLeast(Level::USER)),
        (NetFn::APP, 0x37, NoSession),
        (NetFn::APP, 0x38, NoSession),
        (NetFn::APP, 0x39, NoSession),
        (NetFn::APP, 0x3a, NoSession),
        (NetFn::APP, 0x3b, AtLeast(Level::USER)),
        (NetFn::APP, 0x3c, AtLeast(Level::CALLBACK)),
        (NetFn::APP, 0x3d, AtLeast(Level::USER)),
        (NetFn::APP, 0x40, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x41, AtLeast(Level::USER)),
        (NetFn::APP, 0x42, AtLeast(Level::USER)),
        (NetFn::APP, 0x43, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x44, AtLeast(Level::OPERATOR)),
        (NetFn::APP, 0x45, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x46, AtLeast(Level::OPERATOR)),
        (NetFn::APP, 0x47, AtLeast(Level::ADMINISTRATOR)),
        // These two as the SOL configuration says, which nobody can know without a session.
        (NetFn::APP, 0x48, AtLeast(Level::USER)),
        (NetFn::APP, 0x49, AtLeast(Level::USER)),
        (NetFn::APP, 0x4a, AtLeast(Level::USER)),
        (NetFn::APP, 0x4b, AtLeast(Level::USER)),
        (NetFn::APP, 0x4c, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x4d, AtLeast(Level::OPERATOR)),
        (NetFn::APP, 0x4e, AtLeast(Level::USER)),
        (NetFn::APP, 0x4f, AtLeast(Level::USER)),
        (NetFn::APP, 0x54, NoSession),
        (NetFn::APP, 0x55, AtLeast(Level::USER)),
        (NetFn::APP, 0x58, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::APP, 0x59, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x10, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x11, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x20, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x21, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x22, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x23, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x28, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x40, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x41, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x42, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x43, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x44, AtLeast(Level::OPERATOR)),
        (NetFn::STORAGE, 0x46, AtLeast(Level::OPERATOR)),
        (NetFn::STORAGE, 0x47, AtLeast(Level::OPERATOR)),
        (NetFn::STORAGE, 0x48, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x49, AtLeast(Level::OPERATOR)),
        (NetFn::STORAGE, 0x5c, AtLeast(Level::USER)),
        (NetFn::STORAGE, 0x5d, AtLeast(Level::OPERATOR)),
        (NetFn::TRANSPORT, 0x01, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::TRANSPORT, 0x02, AtLeast(Level::OPERATOR)),
        (NetFn::TRANSPORT, 0x21, AtLeast(Level::ADMINISTRATOR)),
        (NetFn::TRANSPORT, 0x22, AtLeast(Level::USER)),
        (NetFn::GROUP_EXTENSION, 0x01, AtLeast(Level::USER)),
        (NetFn::GROUP_EXTENSION, 0x02, AtLeast(Level::USER)),
        (NetFn::GROUP_EXTENSION, 0x06, AtLeast(Level::USER)),
        (NetFn::GROUP_EXTENSION, 0x07, AtLeast(Level::OPERATOR)),
        (NetFn::GROUP_EXTENSION, 0x08, AtLeast(Level::OPERATOR)),
        (NetFn::GROUP_EXTENSION, 0x09, AtLeast(Level::USER)),
        (NetFn::GROUP_EXTENSION, 0x0a, AtLeast(Level::ADMINISTRATOR)),
    ];
    let actual: Vec<_> = COMMANDS.iter().map(|info| (info.net_fn, info.command.0, info.privilege)).collect();
    assert_eq!(actual, expected);
}

#[test]
fn probes_for_group_extensions_are_unknown_commands() {
    let probes =
        [(0x3e, &[0x00, 0x02][..]), (0x00, &[0x00]), (0x00, &[0x03]), (0x01, &[0x00, 1]), (0x06, &[])];
    for (command, data) in probes {
        let error = AnyRequest::decode(NetFn::GROUP_EXTENSION, CommandNumber(command), data).unwrap_err();
        assert_eq!(error.completion_code(), CompletionCode::INVALID_COMMAND);
    }
}

#[test]
fn a_level_satisfies_itself_and_what_is_below() {
    let operator = RequiredPrivilege::AtLeast(PrivilegeLevel::OPERATOR);
    assert!(!operator.is_satisfied_by(PrivilegeLevel::USER));
    assert!(operator.is_satisfied_by(PrivilegeLevel::OPERATOR));
    assert!(operator.is_satisfied_by(PrivilegeLevel::ADMINISTRATOR));
    assert!(RequiredPrivilege::NoSession.is_satisfied_by(PrivilegeLevel::CALLBACK));
}
