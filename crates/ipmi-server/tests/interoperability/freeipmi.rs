//! FreeIPMI, whose programs drop answers of any other length than they expect.

use std::process::Command;

use crate::row::Expected::{Partly, Refused, Works};
use crate::row::{Client, Row};
use crate::target::{PASSWORD, Target, USER, empty_directory, has};

pub(crate) const CLIENT: Client = Client { name: "FreeIPMI", version: "1.6.10", rows: ROWS };

const ROWS: &[Row] = &[
    Row {
        command: "bmc-info",
        result: Works(&[
            "IPMI Version          : 2.0",
            "System GUID : 09090909-0909-0909-0909-090909090909",
            "Medium Type          : 802.3 LAN",
        ]),
    },
    Row { command: "bmc-device --get-self-test-results", result: Works(&["No Error"]) },
    Row { command: "bmc-device --get-acpi-power-state", result: Works(&["S0/G0"]) },
    Row { command: "bmc-device --get-sel-time", result: Works(&["SEL Time"]) },
    Row {
        command: "bmc-device --get-sdr-repository-time",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row {
        command: "bmc-device --get-mca-auxiliary-log-status",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row { command: "ipmipower --stat", result: Works(&["127.0.0.1: on"]) },
    Row { command: "ipmipower --cycle", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --reset", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --off", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --on", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --soft", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --on-if-off --reset", result: Works(&["127.0.0.1: ok"]) },
    Row {
        command: "ipmi-chassis --get-chassis-capabilities",
        result: Works(&["FRU Info Device Address : 20h"]),
    },
    Row {
        command: "ipmi-chassis --get-chassis-status",
        result: Works(&[
            "System Power                        : on",
            "Chassis Identify state              : off",
        ]),
    },
    Row { command: "ipmi-chassis --chassis-identify=10", result: Works(&[]) },
    Row { command: "ipmi-chassis --get-system-restart-cause", result: Works(&["Restart cause : unknown"]) },
    Row {
        command: "ipmi-chassis --get-power-on-hours-counter",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row {
        command: "ipmi-chassis --set-power-restore-policy=ALWAYS-ON",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row {
        command: "ipmi-sensors",
        result: Works(&["Power      | Power Unit", "Cloud      | Management Subsystem Health"]),
    },
    Row {
        command: "ipmi-sensors --sdr-info",
        result: Works(&["SDR record count                                  : 5"]),
    },
    Row {
        command: "ipmi-sel",
        result: Works(&["S4/S5 soft-off", "S0/G0", "User requested PXE boot", "Soft Power Control Failure"]),
    },
    Row { command: "ipmi-sel --info", result: Works(&["Number of log entries                  : 4"]) },
    Row { command: "ipmi-sel --clear", result: Works(&[]) },
    Row { command: "ipmi-fru", result: Works(&["FRU Product Serial Number: 31/44"]) },
    Row { command: "ipmi-config --checkout --category=chassis", result: Works(&["Boot_Device"]) },
    Row {
        command: "ipmi-config --checkout --category=sensors",
        result: Works(&["Enable_Assertion_Event_Soft_Power_Control_Failure"]),
    },
    Row {
        command: "ipmi-config --checkout --section=Lan_Conf",
        result: Works(&["IP_Address                                    127.0.0.1"]),
    },
    Row { command: "ipmi-config --checkout --section=Lan_Channel", result: Works(&["Always_Available"]) },
    Row {
        command: "ipmi-config --checkout --section=User3",
        result: Partly(&["guest", "Lan_Privilege_Limit                           User"]),
    },
    Row { command: "ipmi-config --checkout", result: Partly(&["Section Lan_Conf", "Section User2"]) },
    Row {
        command: "ipmi-config --commit -e Lan_Conf:IP_Address=192.0.2.9",
        result: Refused(&["Read Only Field"]),
    },
    Row {
        command: "ipmi-config --commit --category=chassis -e Chassis_Boot_Flags:Boot_Device=PXE",
        result: Works(&[]),
    },
    Row {
        command: "ipmi-dcmi --get-dcmi-capability-info",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row { command: "ipmi-raw 0 6 1", result: Works(&["rcvd: 01 00 20"]) },
    Row { command: "bmc-device --warm-reset", result: Works(&[]) },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_freeipmi_comes_to_what_the_document_says() {
    if !has("bmc-info", CLIENT.version) {
        return;
    }
    let target = Target::start().await;
    let cache = empty_directory("freeipmi");
    let mut wrong = Vec::new();
    for row in ROWS {
        let mut words = row.command.split(' ');
        let program = words.next().unwrap();
        let mut command = Command::new(program);
        let host = target.address.to_string();
        command.args(["-D", "LAN_2_0", "-h", &host, "-u", USER, "-p", PASSWORD, "-I", "17", "-l", "ADMIN"]);
        command.env("TZ", "UTC").args(words);
        if ["ipmi-sensors", "ipmi-sel", "ipmi-fru", "ipmi-config"].contains(&program) {
            // They keep copies of sensor data records by host and port.
            command.arg("--sdr-cache-directory").arg(&cache);
        }
        wrong.extend(target.check(row, command).await.err());
    }
    target.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
