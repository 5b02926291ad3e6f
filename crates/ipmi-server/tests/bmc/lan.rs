//! The LAN channel.

use std::net::SocketAddr;

use ipmi_proto::number::{CipherSuiteId, PrivilegeLevel, SessionV15Algorithm};

use crate::network::{Bench, PATIENT};

fn on(address: &str) -> Bench {
    let address: SocketAddr = address.parse().unwrap();
    Bench::start_with(|config| config.address = Some(address))
}

#[tokio::test(start_paused = true)]
async fn only_the_lan_channel_exists_and_it_counts_its_sessions() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for channel in ["01", "0e"] {
        assert_eq!(session.raw(0x06, 0x42, channel).await, (0x00, "01040181f21b000000".to_owned()));
    }
    let _second = bench.login().await;
    assert_eq!(session.raw(0x06, 0x42, "01").await.1, "01040182f21b000000");
    for channel in ["00", "02", "0b", "0f"] {
        assert_eq!(session.code(0x06, 0x42, channel).await, 0xcc, "{channel}");
    }
}

#[tokio::test(start_paused = true)]
async fn channel_is_always_open_up_to_its_limit_and_sends_no_alerts() {
    let bench = Bench::start_with(|config| config.endpoint.channel_limit = PrivilegeLevel::OPERATOR);
    let mut session = bench.login_at(PrivilegeLevel::OPERATOR, PATIENT).await;
    for setting in ["01 40", "01 80", "0e 80"] {
        assert_eq!(session.raw(0x06, 0x41, setting).await, (0x00, "2203".to_owned()));
    }
    assert_eq!(session.code(0x06, 0x41, "0f 80").await, 0xcc);
}

#[tokio::test(start_paused = true)]
async fn lan_address_and_port_are_the_ones_listened_on() {
    let bench = on("192.0.2.10:6230");
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x0c, 0x02, "01 03 00 00").await, (0x00, "11c000020a".to_owned()));
    assert_eq!(session.raw(0x0c, 0x02, "0e 04 00 00").await.1, "1101", "static");
    assert_eq!(session.raw(0x0c, 0x02, "01 08 00 00").await.1, "115618", "port 6230");
    assert_eq!(session.raw(0x0c, 0x02, "81 03 00 00").await.1, "11", "revision only");
}

#[tokio::test(start_paused = true)]
async fn address_that_is_not_one_ipv4_address_is_unspecified() {
    for address in ["0.0.0.0:623", "[2001:db8::1]:623"] {
        let bench = on(address);
        let mut session = bench.login().await;
        assert_eq!(session.raw(0x0c, 0x02, "01 03 00 00").await.1, "1100000000", "{address}");
        assert_eq!(session.raw(0x0c, 0x02, "01 04 00 00").await.1, "1100", "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn mac_is_locally_administered_and_the_node_s_own() {
    let bench = Bench::start_with(|config| config.endpoint.guid.0 = *b"\x05\x04\x03\x02\x01\x00123456789a");
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x0c, 0x02, "01 05 00 00").await.1, "11020102030405");
}

#[tokio::test(start_paused = true)]
async fn cipher_suites_are_listed_with_the_level_that_each_allows() {
    let bench = Bench::start_with(|config| {
        config.endpoint.cipher_suites =
            vec![CipherSuiteId(17), CipherSuiteId(3), CipherSuiteId(0xbf), CipherSuiteId(3)];
    });
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x0c, 0x02, "01 16 00 00").await.1, "1102");
    assert_eq!(session.raw(0x0c, 0x02, "01 17 00 00").await.1, "11000311");
    assert_eq!(session.raw(0x0c, 0x02, "01 18 00 00").await.1, "11004400000000000000");
}

#[tokio::test(start_paused = true)]
async fn every_parameter_that_consoles_list_is_answered_with_its_length() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    for (parameter, length) in [
        (0, 1),
        (1, 1),
        (2, 5),
        (3, 4),
        (4, 1),
        (5, 6),
        (6, 4),
        (7, 3),
        (8, 2),
        (9, 2),
        (10, 1),
        (11, 1),
        (12, 4),
        (13, 6),
        (14, 4),
        (15, 6),
        (16, 18),
        (17, 1),
        (20, 2),
        (21, 1),
        (22, 1),
        (23, 3),
        (24, 9),
        (26, 6),
    ] {
        let (code, data) = session.raw(0x0c, 0x02, &format!("01 {parameter:02x} 00 00")).await;
        assert_eq!((code, data.len()), (0x00, 2 * (1 + length)), "parameter {parameter}");
    }
    for parameter in ["12", "19", "32", "33", "66", "c0", "ff"] {
        assert_eq!(session.code(0x0c, 0x02, &format!("01 {parameter} 00 00")).await, 0x80, "{parameter}");
    }
    assert_eq!(session.code(0x0c, 0x02, "02 03 00 00").await, 0xcc);
}

#[tokio::test(start_paused = true)]
async fn lan_parameters_are_read_only() {
    let bench = on("192.0.2.10:623");
    let mut session = bench.login().await;
    for data in ["01 00 01", "01 03 c0 00 02 14", "01 10 00", "01 14 00 00"] {
        assert_eq!(session.code(0x0c, 0x01, data).await, 0x82, "{data}");
    }
    assert_eq!(session.code(0x0c, 0x01, "01 32 00").await, 0x80);
    assert_eq!(session.code(0x0c, 0x01, "0f 03 00 00 00 00").await, 0xcc);
    assert_eq!(session.raw(0x0c, 0x02, "01 03 00 00").await.1, "11c000020a");
    let mut operator = bench.login_at(PrivilegeLevel::OPERATOR, PATIENT).await;
    assert_eq!(operator.code(0x0c, 0x01, "01 00 01").await, 0xd4);
}

#[tokio::test(start_paused = true)]
async fn authentication_types_are_those_of_ipmi_1_5_sessions_up_to_the_limit() {
    let bench = Bench::start();
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x0c, 0x02, "01 01 00 00").await.1, "1100", "no such sessions");
    let bench = Bench::start_with(|config| {
        config.endpoint.ipmi_1_5 = vec![SessionV15Algorithm::MD5, SessionV15Algorithm::PASSWORD];
    });
    let mut session = bench.login().await;
    assert_eq!(session.raw(0x0c, 0x02, "01 01 00 00").await.1, "1114");
    assert_eq!(session.raw(0x0c, 0x02, "01 02 00 00").await.1, "111414141400");
}
