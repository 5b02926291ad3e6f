//! The enrolment files, letter by letter, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests"
)]

use std::net::IpAddr;

use provisioning::export::ethers::ethers;
use provisioning::export::instackenv::instackenv;
use provisioning::export::ironic::{self, ironic};
use provisioning::export::maas::{self, Form, maas};
use provisioning::export::metal3::{self, metal3};
use provisioning::export::{BootMode, Syntax};
use provisioning::{Account, Bmc, Enrolment, Host, Hosts, Interface, Machine, Privilege, Secret};

fn account() -> Account {
    Account {
        username: "admin".to_owned(),
        password: Secret::Written("test only: 'quoted' \"twice\" $x".into()),
        privilege: Privilege::Administrator,
        kg: None,
        cipher_suite: None,
    }
}

/// Nothing about it is what others assume.
fn unusual_account() -> Account {
    Account {
        privilege: Privilege::Operator,
        kg: Some(Secret::Written("ab01".into())),
        cipher_suite: Some(8),
        ..account()
    }
}

fn interface(index: u8, mac: &str, address: Option<&str>) -> Interface {
    Interface {
        name: format!("eth{index}"),
        mac: mac.parse().unwrap(),
        address: address.map(|address| address.parse().unwrap()),
    }
}

fn machine(name: &str, port: u16, interfaces: Vec<Interface>) -> Machine {
    Machine {
        name: name.to_owned(),
        bmc: Bmc { address: "192.0.2.1".parse().unwrap(), port },
        interfaces,
        cpus: Some(2),
        memory_mib: Some(8192),
        disk_gib: Some(60),
    }
}

/// Two machines: one as usual; one with a name that is no host name, a MAC address that is a number in YAML 1.1, an IPv6
/// address, and nothing known about its size.
fn machines() -> Vec<Machine> {
    let first = machine(
        "node1",
        6230,
        vec![
            interface(0, "2C:C2:60:00:00:0A", Some("192.168.2.10")),
            interface(1, "2c:c2:60:00:01:0a", Some("192.168.4.10")),
        ],
    );
    let mut second = machine(
        "Spare node (2)",
        6231,
        vec![
            interface(0, "52:54:00:12:34:56", Some("192.168.2.11")),
            interface(1, "2c:c2:60:00:01:0b", Some("2001:db8::11")),
        ],
    );
    (second.cpus, second.memory_mib, second.disk_gib) = (None, None, None);
    vec![first, second]
}

fn enrolment() -> Enrolment {
    Enrolment::new(account(), machines()).unwrap()
}

fn hosts() -> Hosts {
    let host = |machine: Machine| Host { name: machine.name, interfaces: machine.interfaces };
    Hosts::new(machines().into_iter().map(host).collect()).unwrap()
}

fn on_port_623() -> Enrolment {
    let mut machines = machines();
    for (machine, last) in machines.iter_mut().zip(1_u8..) {
        machine.bmc = Bmc { address: IpAddr::from([192, 0, 2, last]), port: 623 };
    }
    Enrolment::new(account(), machines).unwrap()
}

#[test]
fn ironic_gets_nodes_with_ports() {
    let yaml = ironic(&enrolment(), &ironic::Options::default(), Syntax::Yaml).unwrap();
    insta::assert_snapshot!("ironic.yaml", yaml);
    let json = ironic(&enrolment(), &ironic::Options::default(), Syntax::Json).unwrap();
    insta::assert_snapshot!("ironic.json", json);
}

#[test]
fn ironic_is_told_what_differs_from_the_usual() {
    let account = Account { password: Secret::LeftOut, ..unusual_account() };
    let enrolment = Enrolment::new(account, machines()).unwrap();
    let options = ironic::Options {
        boot_mode: BootMode::Uefi,
        boot_interface: Some(1),
        resource_class: Some("baremetal".to_owned()),
    };
    insta::assert_snapshot!("ironic-options.yaml", ironic(&enrolment, &options, Syntax::Yaml).unwrap());
}

#[test]
fn tripleo_gets_its_instackenv() {
    let json = instackenv(&enrolment(), BootMode::Bios, Syntax::Json).unwrap();
    insta::assert_snapshot!("instackenv.json", json);
}

#[test]
fn tripleo_hands_on_what_differs_from_the_usual() {
    let enrolment = Enrolment::new(unusual_account(), machines()).unwrap();
    let yaml = instackenv(&enrolment, BootMode::Uefi, Syntax::Yaml).unwrap();
    insta::assert_snapshot!("instackenv-unusual.yaml", yaml);
}

#[test]
fn metal3_logs_in_with_the_privilege_of_the_user() {
    let account = Account { privilege: Privilege::Operator, ..account() };
    let enrolment = Enrolment::new(account, machines()).unwrap();
    let yaml = metal3(&enrolment, &metal3::Options::default(), Syntax::Yaml).unwrap();
    assert!(yaml.contains("address: 'ipmi://192.0.2.1:6230?privilegelevel=OPERATOR'"), "{yaml}");
}

#[test]
fn metal3_gets_a_secret_and_a_host_each() {
    let yaml = metal3(&enrolment(), &metal3::Options::default(), Syntax::Yaml).unwrap();
    insta::assert_snapshot!("metal3.yaml", yaml);
    let options = metal3::Options {
        boot_mode: BootMode::Uefi,
        boot_interface: Some(1),
        namespace: Some("metal".to_owned()),
    };
    insta::assert_snapshot!("metal3-options.json", metal3(&enrolment(), &options, Syntax::Json).unwrap());
}

#[test]
fn maas_gets_commands() {
    let text = maas(&on_port_623(), &maas::Options::default(), Form::Script).unwrap();
    insta::assert_snapshot!("maas.sh", text);
    let yaml = maas(&on_port_623(), &maas::Options::default(), Form::Structured(Syntax::Yaml)).unwrap();
    insta::assert_snapshot!("maas.yaml", yaml);
}

#[test]
fn maas_cannot_use_another_port_and_is_told_forwarded_addresses_instead() {
    let refused = maas(&enrolment(), &maas::Options::default(), Form::Script).unwrap_err().to_string();
    assert!(
        refused.contains("192.0.2.1:6230") && refused.contains("623") && refused.contains("--forwarded-from"),
        "{refused}"
    );
    let forwarded = |from: &str| maas::Options {
        forwarded_from: Some(from.parse().unwrap()),
        ..maas::Options::default()
    };
    let text = maas(&enrolment(), &forwarded("198.51.100.7"), Form::Script).unwrap();
    insta::assert_snapshot!("maas-forwarded.sh", text);
    let refused = maas(&enrolment(), &forwarded("255.255.255.255"), Form::Script).unwrap_err().to_string();
    assert!(refused.contains("not enough addresses"), "{refused}");
}

#[test]
fn ethers_has_a_line_for_each_address_of_the_network() {
    insta::assert_snapshot!("ethers", ethers(&hosts(), None));
    let access = ethers(&hosts(), Some("192.168.4.0/24".parse().unwrap()));
    assert_eq!(
        access.lines().skip(1).collect::<Vec<_>>(),
        ["# node1 eth1", "2c:c2:60:00:01:0a 192.168.4.10"]
    );
}

#[test]
fn what_occurs_twice_is_refused_by_name() {
    let refused = |change: fn(&mut Machine)| {
        let mut machines = machines();
        change(&mut machines[1]);
        Enrolment::new(account(), machines).unwrap_err().to_string()
    };
    for (change, message) in [
        (
            (|second| second.interfaces[1].mac = "2c:c2:60:00:00:0a".parse().unwrap()) as fn(&mut Machine),
            "MAC address 2c:c2:60:00:00:0a occurs twice: node1 eth0 and Spare node (2) eth1",
        ),
        (
            |second| second.interfaces[0].mac = second.interfaces[1].mac,
            "MAC address 2c:c2:60:00:01:0b occurs twice: Spare node (2) eth0 and Spare node (2) eth1",
        ),
        (
            |second| second.interfaces[0].address = Some("192.168.4.10".parse().unwrap()),
            "IP address 192.168.4.10 occurs twice: node1 eth1 and Spare node (2) eth0",
        ),
        (|second| second.bmc.port = 6230, "BMC 192.0.2.1:6230 occurs twice: node1 and Spare node (2)"),
        (|second| second.name = "node1".to_owned(), "name node1 occurs twice: node1 and node1"),
    ] {
        assert_eq!(refused(change), message);
    }
}

#[test]
fn names_that_become_equal_are_refused() {
    let mut machines = machines();
    machines[1].name = "NODE1".to_owned();
    let enrolment = Enrolment::new(account(), machines).unwrap();
    let refused = ironic(&enrolment, &ironic::Options::default(), Syntax::Yaml).unwrap_err().to_string();
    assert_eq!(refused, "host name node1 occurs twice: node1 and NODE1");
}

#[test]
fn an_interface_that_is_not_there_is_refused() {
    let options = ironic::Options { boot_interface: Some(2), ..ironic::Options::default() };
    let refused = ironic(&enrolment(), &options, Syntax::Yaml).unwrap_err().to_string();
    assert_eq!(refused, "node1 has no interface 2; it has 2");
}

#[test]
fn a_key_that_cannot_be_handed_over_is_refused() {
    let account = Account { kg: Some(Secret::Written("01".into())), ..account() };
    let enrolment = Enrolment::new(account, machines()).unwrap();
    let refused = metal3(&enrolment, &metal3::Options::default(), Syntax::Yaml).unwrap_err().to_string();
    assert!(refused.contains("Metal3") && refused.contains("Kg"), "{refused}");
}

#[test]
fn a_cipher_suite_that_maas_has_no_choice_for_is_refused() {
    let maas_with = |suite| {
        let enrolment =
            Enrolment::new(Account { cipher_suite: Some(suite), ..account() }, Vec::new()).unwrap();
        maas(&enrolment, &maas::Options::default(), Form::Script)
    };
    assert!(maas_with(8).is_ok());
    let refused = maas_with(16).unwrap_err().to_string();
    assert!(refused.contains("MAAS") && refused.contains("cipher suite"), "{refused}");
}

#[test]
fn secrets_do_not_show_themselves() {
    let account = Account { kg: Some(Secret::Written("5ec4e7".into())), ..account() };
    let shown = format!("{account:?}");
    assert!(!shown.contains("quoted") && !shown.contains("5ec4e7"), "{shown}");
}
