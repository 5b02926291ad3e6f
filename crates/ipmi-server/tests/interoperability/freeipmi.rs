//! FreeIPMI, whose programs drop answers of any other length than they expect.

use std::path::Path;
use std::process::Command;

use crate::row::Expected::{NotApplicable, Partly, Refused, Tolerated, Works};
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
    Row { command: "bmc-info --guid", result: Works(&["09090909-0909-0909-0909-090909090909"]) },
    Row { command: "bmc-info --get-device-id", result: Works(&["Chassis Device        : supported"]) },
    Row { command: "bmc-info --get-channel-info", result: Works(&["802.3 LAN"]) },
    Row { command: "bmc-device --get-self-test-results", result: Works(&["No Error"]) },
    Row { command: "bmc-device --get-acpi-power-state", result: Works(&["S0/G0"]) },
    Row { command: "bmc-device --get-sel-time", result: Works(&["SEL Time"]) },
    Row { command: "bmc-device --get-sdr-repository-time", result: Works(&["SDR Repository Time"]) },
    Row {
        command: "bmc-device --get-mca-auxiliary-log-status",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row { command: "bmc-device --get-lan-statistics", result: Refused(&["command invalid or unsupported"]) },
    Row {
        command: "bmc-device --get-bt-interface-capabilities",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row { command: "ipmipower --stat", result: Works(&["127.0.0.1: on"]) },
    Row { command: "ipmipower --cycle", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --reset --wait-until-on", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --off --wait-until-off", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --stat", result: Works(&["127.0.0.1: off"]) },
    Row { command: "ipmipower --cycle", result: Tolerated(&[]) },
    Row { command: "ipmipower --reset", result: Tolerated(&[]) },
    Row { command: "ipmipower --cycle --on-if-off", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --soft", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --reset --on-if-off", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --off", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --on --wait-until-on", result: Works(&["127.0.0.1: ok"]) },
    Row { command: "ipmipower --pulse", result: Tolerated(&[]) },
    Row { command: "ipmipower --stat", result: Works(&["127.0.0.1: on"]) },
    Row { command: "ipmipower --stat -p wrong", result: Refused(&["password invalid"]) },
    Row { command: "ipmipower --stat -u nobody", result: Refused(&["username invalid"]) },
    Row { command: "ipmipower --stat -I 8", result: Refused(&["cipher suite id unavailable"]) },
    Row { command: "ipmipower --stat -k a-key-it-has-not", result: Refused(&["k_g invalid"]) },
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
    Row { command: "ipmi-chassis --chassis-identify=FORCE", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-identify=TURN-OFF", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-control=POWER-CYCLE", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-control=HARD-RESET", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-control=SOFT-SHUTDOWN", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-control=POWER-UP", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-control=POWER-DOWN", result: Works(&[]) },
    Row { command: "ipmi-chassis --chassis-control=POWER-CYCLE", result: Refused(&[]) },
    Row { command: "ipmi-chassis --chassis-control=POWER-UP", result: Works(&[]) },
    Row {
        command: "ipmi-chassis --chassis-control=DIAGNOSTIC-INTERRUPT",
        result: Refused(&["command invalid or unsupported"]),
    },
    Row { command: "ipmi-chassis --get-system-restart-cause", result: Works(&["Restart cause : unknown"]) },
    Row {
        command: "ipmi-chassis --get-power-on-hours-counter",
        result: Works(&["Power on hours : 1 Hours 30 Minutes"]),
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
        command: "ipmi-sensors --record-ids=4 --output-sensor-state",
        result: Works(&["Cloud | Management Subsystem Health | Nominal"]),
    },
    Row {
        command: "ipmi-sensors --sensor-types=Power_Unit --verbose",
        result: Works(&["Sensor Type: Power Unit (9h)"]),
    },
    Row {
        command: "ipmi-sel",
        result: Works(&["S4/S5 soft-off", "S0/G0", "User requested PXE boot", "Soft Power Control Failure"]),
    },
    Row { command: "ipmi-sel --info", result: Works(&["Number of log entries                  : 4"]) },
    Row { command: "ipmi-sel --delete=2", result: Works(&[]) },
    Row { command: "ipmi-sel --display=1", result: Works(&["S4/S5 soft-off"]) },
    Row { command: "ipmi-sel --tail=1", result: Works(&["Soft Power Control Failure"]) },
    Row { command: "ipmi-sel --post-clear", result: Works(&["S0/G0"]) },
    Row { command: "ipmi-sel", result: Works(&[]) },
    Row { command: "ipmi-sel --clear", result: Works(&[]) },
    Row { command: "ipmi-fru", result: Works(&["FRU Product Serial Number: 31/44"]) },
    Row { command: "ipmi-fru --device-id=0 --verbose", result: Works(&["FRU Product Language: English"]) },
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
        result: Works(&[
            "Lan_Privilege_Limit                           User",
            "SOL_Payload_Access                            Yes",
        ]),
    },
    Row { command: "ipmi-config --checkout", result: Partly(&["Section Lan_Conf", "Section User2"]) },
    Row {
        command: "ipmi-config --commit -e Lan_Conf:IP_Address=192.0.2.9",
        result: Refused(&["Read Only Field"]),
    },
    Row {
        command: "ipmi-config --commit --category=chassis -e Chassis_Boot_Flags:Boot_Flags_Persistent=Yes -e Chassis_Boot_Flags:BIOS_Boot_Type=EFI -e Chassis_Boot_Flags:Boot_Device=PXE",
        result: Works(&[]),
    },
    Row {
        command: "ipmi-config --checkout --category=chassis --section=Chassis_Boot_Flags",
        result: Works(&[
            "Boot_Flags_Persistent                         Yes",
            "BIOS_Boot_Type                                EFI",
            "Boot_Device                                   PXE",
        ]),
    },
    Row {
        command: "ipmi-config --diff --category=chassis -e Chassis_Boot_Flags:Boot_Device=PXE",
        result: Works(&[]),
    },
    Row {
        command: "ipmi-config --diff --category=chassis -e Chassis_Boot_Flags:Boot_Device=HARD-DRIVE",
        result: Works(&["input=`HARD-DRIVE':actual=`PXE'"]),
    },
    Row { command: "ipmi-chassis-config --commit --filename=boot-flags", result: Works(&[]) },
    Row { command: "ipmi-chassis-config --diff --filename=boot-flags", result: Works(&[]) },
    Row {
        command: "ipmi-chassis-config --commit -e Chassis_Boot_Flags:Boot_Flags_Persistent=No -e Chassis_Boot_Flags:Boot_Device=HARD-DRIVE",
        result: Works(&[]),
    },
    Row {
        command: "ipmi-chassis-config --checkout --section=Chassis_Boot_Flags",
        result: Works(&[
            "Boot_Flags_Persistent                         No",
            "Boot_Device                                   HARD-DRIVE",
        ]),
    },
    Row {
        command: "ipmi-chassis-config --commit -e Chassis_Boot_Flags:Boot_Device=BIOS-SETUP",
        result: Refused(&["Failed to commit"]),
    },
    Row {
        command: "ipmi-pef-config --checkout",
        result: Refused(&["Unable to get Number of Alert Policy Entries"]),
    },
    Row { command: "ipmi-sensors-config --checkout", result: Works(&["Section 2_Power"]) },
    Row {
        command: "ipmi-config --commit -e Lan_Channel:Volatile_Channel_Privilege_Limit=Administrator",
        result: Works(&[]),
    },
    Row {
        command: "ipmi-config --commit -e Lan_Channel:Volatile_Access_Mode=Disabled",
        result: Refused(&["ERROR"]),
    },
    Row {
        command: "ipmi-dcmi --get-dcmi-capability-info",
        result: Works(&["Power Management / Monitoring Support"]),
    },
    Row { command: "ipmi-dcmi --get-asset-tag", result: Works(&["node-1"]) },
    Row { command: "ipmi-dcmi --set-asset-tag=rack-7", result: Refused(&["bad completion code"]) },
    Row { command: "ipmi-dcmi --get-management-controller-identifier-string", result: Works(&["node-1"]) },
    Row { command: "ipmi-dcmi --get-dcmi-sensor-info", result: Works(&[]) },
    Row { command: "ipmi-dcmi --get-system-power-statistics", result: Refused(&["bad completion code"]) },
    Row { command: "bmc-device --set-sel-time=now", result: Works(&[]) },
    Row { command: "bmc-device --get-sel-time-utc-offset", result: Works(&["0"]) },
    Row { command: "bmc-device --set-sel-time-utc-offset=60", result: Refused(&["bad completion code"]) },
    Row { command: "ipmi-raw 0 6 1", result: Works(&["rcvd: 01 00 20"]) },
    Row { command: "ipmi-oem intel get-power-restore-delay", result: Refused(&["Invalid Command"]) },
    Row {
        command: "bmc-watchdog --get",
        result: NotApplicable("it speaks only to a BMC in its own machine"),
    },
    Row { command: "bmc-device --warm-reset", result: Works(&[]) },
];

/// The same over IPMI 1.5, with the programs' own choice of the driver.
pub(crate) const LAN: Client = Client {
    name: "FreeIPMI -D LAN",
    version: CLIENT.version,
    rows: &[
        Row { command: "bmc-info --guid", result: Works(&["09090909-0909-0909-0909-090909090909"]) },
        Row { command: "bmc-info -a MD2 --guid", result: Works(&["09090909-0909-0909-0909-090909090909"]) },
        Row {
            command: "bmc-info -a STRAIGHT_PASSWORD_KEY --guid",
            result: Works(&["09090909-0909-0909-0909-090909090909"]),
        },
        Row { command: "bmc-info -a NONE --guid", result: Refused(&["authentication type unavailable"]) },
        Row { command: "bmc-info -u nobody --guid", result: Refused(&["username invalid"]) },
        Row { command: "ipmipower --stat", result: Works(&["127.0.0.1: on"]) },
        Row { command: "ipmipower --off --wait-until-off", result: Works(&["127.0.0.1: ok"]) },
        Row { command: "ipmipower --on --wait-until-on", result: Works(&["127.0.0.1: ok"]) },
        Row { command: "ipmi-chassis --get-chassis-status", result: Works(&["System Power"]) },
        Row {
            command: "ipmi-chassis-config --commit -e Chassis_Boot_Flags:Boot_Device=PXE",
            result: Works(&[]),
        },
        Row { command: "ipmi-sel", result: Works(&["S4/S5 soft-off"]) },
        Row { command: "ipmi-fru", result: Works(&["FRU Product Serial Number: 31/44"]) },
    ],
};

/// Several BMCs at once.
pub(crate) const HOST_RANGE: Client = Client {
    name: "FreeIPMI -h 127.0.0.[2-3]",
    version: CLIENT.version,
    rows: &[
        Row { command: "ipmipower --stat", result: Works(&["127.0.0.2: on", "127.0.0.3: on"]) },
        Row {
            command: "ipmipower --off --wait-until-off",
            result: Works(&["127.0.0.2: ok", "127.0.0.3: ok"]),
        },
        Row { command: "ipmipower --stat", result: Works(&["127.0.0.2: off", "127.0.0.3: off"]) },
        Row { command: "ipmipower --cycle --on-if-off", result: Works(&["127.0.0.2: ok", "127.0.0.3: ok"]) },
        Row {
            command: "bmc-info --guid",
            result: Works(&["127.0.0.2:", "127.0.0.3:", "09090909-0909-0909-0909-090909090909"]),
        },
    ],
};

/// What a row runs, for BMCs at an address or a range of them.
fn command(row: &Row, driver: &[&str], hosts: &str, cache: &Path) -> Command {
    let mut words = row.command.split(' ');
    let program = words.next().unwrap();
    let mut command = Command::new(program);
    command.args(driver).args(["-h", hosts, "-u", USER, "-p", PASSWORD, "-l", "ADMIN"]);
    command.env("TZ", "UTC").args(words).current_dir(cache);
    if ["ipmi-sensors", "ipmi-sensors-config", "ipmi-sel", "ipmi-fru", "ipmi-config"].contains(&program) {
        // They keep copies of sensor data records by host and port.
        command.arg("--sdr-cache-directory").arg(cache);
    }
    command
}

/// What MAAS commits before it powers a machine on.
const BOOT_FLAGS: &str = "Section Chassis_Boot_Flags
\tBoot_Flags_Persistent No
\tBIOS_Boot_Type EFI
\tBoot_Device PXE
EndSection
";

/// Runs the rows of a client.
///
/// # Panics
/// With everything that was wrong.
pub(crate) async fn check(client: Client, driver: &[&str], hosts: &str, target: &Target) {
    let cache = empty_directory(&format!("freeipmi-{}", target.address.port()));
    std::fs::write(cache.join("boot-flags"), BOOT_FLAGS).unwrap();
    let mut wrong = Vec::new();
    for row in client.rows {
        if !matches!(row.result, NotApplicable(_)) {
            wrong.extend(target.check(row, command(row, driver, hosts, &cache)).await.err());
        }
    }
    std::fs::remove_dir_all(&cache).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) const LAN_2_0: &[&str] = &["-D", "LAN_2_0", "-I", "17"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_freeipmi_comes_to_what_the_document_says() {
    if has("bmc-info", CLIENT.version) {
        let target = Target::start().await;
        check(CLIENT, LAN_2_0, &target.address.to_string(), &target).await;
        target.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_freeipmi_over_ipmi_1_5_comes_to_what_the_document_says() {
    if has("bmc-info", LAN.version) {
        let target = Target::with_ipmi_1_5().await;
        check(LAN, &["-D", "LAN"], &target.address.to_string(), &target).await;
        target.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_freeipmi_with_a_host_range_comes_to_what_the_document_says() {
    if has("bmc-info", HOST_RANGE.version) {
        let (target, other) = Target::two_at_one_port().await;
        let hosts = format!("127.0.0.[2-3]:{}", target.address.port());
        check(HOST_RANGE, LAN_2_0, &hosts, &target).await;
        target.stop().await;
        other.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_ipmi_1_5_freeipmi_says_so_at_once() {
    const ROWS: &[Row] = &[
        Row { command: "ipmipower --stat", result: Refused(&["authentication type unavailable"]) },
        Row { command: "bmc-info --guid", result: Refused(&["authentication type unavailable"]) },
    ];
    if has("bmc-info", LAN.version) {
        let target = Target::start().await;
        let client = Client { rows: ROWS, ..LAN };
        check(client, &["-D", "LAN"], &target.address.to_string(), &target).await;
        target.stop().await;
    }
}
