//! ipmitool.

use std::fs::File;
use std::process::Command;

use crate::row::Expected::{Refused, Tolerated, Works};
use crate::row::{Client, Row};
use crate::target::{PASSWORD, Target, USER, empty_directory, has};

pub(crate) const CLIENT: Client = Client { name: "ipmitool", version: "1.8.19", rows: ROWS };

const ROWS: &[Row] = &[
    Row {
        command: "mc info",
        result: Works(&["IPMI Version              : 2.0", "FRU Inventory Device", "Chassis Device"]),
    },
    Row { command: "mc guid", result: Works(&["09090909"]) },
    Row { command: "mc selftest", result: Works(&["Selftest: passed"]) },
    Row { command: "mc getenables", result: Works(&["System Event Logging                     : enabled"]) },
    Row { command: "mc getsysinfo system_name", result: Works(&["node-1"]) },
    Row { command: "mc watchdog get", result: Works(&["Stopped", "Initial Countdown:      0.0 sec"]) },
    Row { command: "mc watchdog reset", result: Refused(&["Attempt to reset uninitialized watchdog"]) },
    Row { command: "mc watchdog set use=sms action=reset timeout=60", result: Works(&[]) },
    Row { command: "mc watchdog reset", result: Works(&["IPMI Watchdog Timer Reset"]) },
    Row { command: "mc watchdog get", result: Works(&["SMS/OS", "Hard Reset"]) },
    Row {
        command: "mc watchdog set action=reset timeout=60",
        result: Tolerated(&["Invalid data field in request"]),
    },
    Row { command: "mc watchdog off", result: Works(&["timer stopped"]) },
    Row { command: "power status", result: Works(&["Chassis Power is on"]) },
    Row { command: "-C 3 power status", result: Works(&["Chassis Power is on"]) },
    Row { command: "-C 17 power status", result: Works(&["Chassis Power is on"]) },
    Row { command: "-C 0 power status", result: Refused(&["no matching cipher suite"]) },
    Row { command: "-C 8 power status", result: Refused(&["no matching cipher suite"]) },
    Row { command: "-U nobody power status", result: Refused(&["Unable to establish IPMI v2"]) },
    Row { command: "-P wrong power status", result: Refused(&["Unable to establish IPMI v2"]) },
    Row { command: "-k a-key-it-has-not power status", result: Refused(&["Unable to establish IPMI v2"]) },
    Row { command: "-L OPERATOR power status", result: Works(&["Chassis Power is on"]) },
    Row { command: "-L USER power off", result: Refused(&["Insufficient privilege level"]) },
    Row { command: "-L USER user list 1", result: Refused(&["Insufficient privilege level"]) },
    Row { command: "-L CALLBACK power status", result: Refused(&["Insufficient privilege level"]) },
    Row { command: "power cycle", result: Works(&["Cycle"]) },
    Row { command: "power reset", result: Works(&["Reset"]) },
    Row { command: "power off", result: Works(&["Down/Off"]) },
    Row { command: "power status", result: Works(&["Chassis Power is off"]) },
    Row { command: "power cycle", result: Refused(&["Command not supported in present state"]) },
    Row { command: "power reset", result: Refused(&["Command not supported in present state"]) },
    Row { command: "power on", result: Works(&["Up/On"]) },
    Row { command: "power soft", result: Works(&["Soft"]) },
    Row { command: "chassis power on", result: Works(&["Up/On"]) },
    Row { command: "power diag", result: Refused(&["Invalid data field in request"]) },
    Row { command: "chassis identify", result: Works(&["default (15 seconds)"]) },
    Row { command: "chassis identify force", result: Works(&["indefinite"]) },
    Row { command: "chassis identify 0", result: Works(&["off"]) },
    Row { command: "chassis selftest", result: Works(&["passed"]) },
    Row {
        command: "chassis status",
        result: Works(&["System Power         : on", "Power Restore Policy : unknown"]),
    },
    Row { command: "chassis restart_cause", result: Works(&["System restart cause: unknown"]) },
    Row { command: "chassis poh", result: Works(&["POH Counter  : 0 days, 1 hours"]) },
    Row { command: "chassis policy list", result: Works(&["Supported chassis power policy:"]) },
    Row { command: "chassis policy always-on", result: Refused(&["Invalid data field in request"]) },
    Row { command: "chassis bootdev none", result: Works(&["Set Boot Device to none"]) },
    Row { command: "chassis bootdev disk", result: Works(&["Set Boot Device to disk"]) },
    Row { command: "chassis bootdev safe", result: Works(&["Set Boot Device to safe"]) },
    Row { command: "chassis bootdev cdrom", result: Works(&["Set Boot Device to cdrom"]) },
    Row { command: "chassis bootdev bios", result: Tolerated(&["Invalid data field in request"]) },
    Row { command: "chassis bootdev diag", result: Tolerated(&["Invalid data field in request"]) },
    Row { command: "chassis bootdev floppy", result: Tolerated(&["Invalid data field in request"]) },
    Row { command: "chassis bootdev pxe clear-cmos=yes", result: Works(&["Set Boot Device to pxe"]) },
    Row { command: "chassis bootdev pxe options=clear-cmos", result: Works(&["Set Boot Device to pxe"]) },
    Row { command: "chassis bootparam get 5", result: Works(&["CMOS Clear"]) },
    Row { command: "chassis bootdev pxe options=valid", result: Works(&["Set Boot Device to pxe"]) },
    Row {
        command: "chassis bootparam get 5",
        result: Works(&["Boot Flag Valid", "Options apply to only next boot", "legacy", "Force PXE"]),
    },
    Row {
        command: "chassis bootdev disk options=persistent,efiboot",
        result: Works(&["Set Boot Device to disk"]),
    },
    Row {
        command: "chassis bootparam get 5",
        result: Works(&["all future boots", "BIOS EFI boot", "Force Boot from default Hard-Drive"]),
    },
    Row { command: "chassis bootdev pxe", result: Works(&["Set Boot Device to pxe"]) },
    Row {
        command: "chassis bootparam get 5",
        result: Works(&["Force PXE", "Options apply to only next boot"]),
    },
    Row { command: "chassis bootparam get 0", result: Works(&["set complete"]) },
    Row { command: "chassis bootparam get 1", result: Refused(&["Unsupported parameter"]) },
    Row { command: "chassis bootparam get 2", result: Refused(&["Unsupported parameter"]) },
    Row { command: "chassis bootparam get 3", result: Works(&["No flag set"]) },
    Row { command: "chassis bootparam get 4", result: Works(&["BIOS/POST has handled boot info"]) },
    Row { command: "chassis bootparam get 6", result: Refused(&["Unsupported parameter"]) },
    Row { command: "chassis bootparam get 7", result: Refused(&["Unsupported parameter"]) },
    Row {
        command: "chassis bootparam set bootflag force_disk options=PEF,timeout",
        result: Works(&["Set Boot Device to force_disk"]),
    },
    Row {
        command: "chassis bootparam set bootflag force_bios",
        result: Tolerated(&["Invalid data field in request"]),
    },
    Row { command: "raw 0x00 0x08 0x03 0x08", result: Works(&[]) },
    Row { command: "raw 0x00 0x09 0x03 0x00 0x00", result: Works(&["01 03 08"]) },
    Row {
        command: "lan print",
        result: Works(&[
            "IP Address              : 127.0.0.1",
            "MAC Address             : 02:09:09:09:09:09",
            "RMCP+ Cipher Suites     : 3,17",
            "Cipher Suite Priv Max   : aaXXXXXXXXXXXXX",
            "Bad Password Threshold",
        ]),
    },
    Row { command: "lan set 1 ipaddr 192.0.2.9", result: Refused(&[]) },
    Row { command: "lan alert print", result: Works(&[]) },
    Row { command: "lan stats get 1", result: Refused(&["Invalid command"]) },
    Row { command: "lan set 1 access on", result: Works(&["successful"]) },
    Row {
        command: "channel info 1",
        result: Works(&["802.3 LAN", "Active Session Count", "always available"]),
    },
    Row { command: "channel authcap 1 4", result: Works(&["Channel supports IPMI v2.0 : yes"]) },
    Row {
        command: "channel getaccess 1 2",
        result: Works(&["User Name            : admin", "Privilege Level      : ADMINISTRATOR"]),
    },
    Row {
        command: "channel getciphers ipmi 1",
        result: Works(&["hmac_sha256     sha256_128      aes_cbc_128"]),
    },
    Row {
        command: "channel setaccess 1 3 privilege=4",
        result: Refused(&["Cannot execute command, command disabled"]),
    },
    Row {
        command: "session info active",
        result: Works(&["user id                       : 2", "IPMIv2/RMCP+", "127.0.0.1"]),
    },
    Row { command: "session info all", result: Works(&["user id                       : 2"]) },
    Row { command: "session info handle 1", result: Works(&["IPMIv2/RMCP+"]) },
    Row { command: "session info id 1", result: Refused(&["Requested sensor, data, or record not found"]) },
    Row {
        command: "user list 1",
        result: Works(&["2   admin            true    false      true       ADMINISTRATOR", "3   guest"]),
    },
    Row { command: "user summary 1", result: Works(&["Maximum IDs\t    : 3", "Enabled User Count  : 2"]) },
    Row { command: "user test 3 16 a-guest", result: Works(&["Success"]) },
    Row { command: "user test 3 16 wrong", result: Refused(&["password incorrect"]) },
    Row {
        command: "user set password 3 another",
        result: Refused(&["Cannot execute command, command disabled"]),
    },
    Row {
        command: "user set name 3 another",
        result: Refused(&["Cannot execute command, command disabled"]),
    },
    Row { command: "user disable 3", result: Refused(&["Cannot execute command, command disabled"]) },
    Row { command: "user enable 3", result: Works(&[]) },
    Row { command: "user priv 3 4 1", result: Refused(&["Cannot execute command, command disabled"]) },
    Row { command: "sdr info", result: Works(&["Record Count                        : 5"]) },
    Row {
        command: "sdr list all",
        result: Works(&[
            "Dynamic MC @ 20h",
            "Power            | 0x00              | ok",
            "Boot             | Event-Only",
        ]),
    },
    Row {
        command: "sdr elist all",
        result: Works(&[
            "Cloud            | 02h | ok  |  6.1",
            "ACPI State       | 04h | ok  |  7.1 | S0/G0: working",
        ]),
    },
    Row { command: "sdr type 0x09", result: Works(&["Power            | 01h | ok  |  7.1"]) },
    Row { command: "sdr get Power", result: Works(&["Sensor Type (Discrete): Power Unit"]) },
    Row { command: "sdr entity 7.1", result: Works(&["ACPI State", "Boot"]) },
    Row { command: "sdr list event", result: Works(&["Boot"]) },
    Row { command: "sdr list mcloc", result: Works(&["Dynamic MC @ 20h"]) },
    Row { command: "sdr list compact", result: Works(&["Cloud"]) },
    Row { command: "sdr dump records", result: Works(&["Dumping Sensor Data Repository"]) },
    Row {
        command: "-v sdr",
        result: Works(&[
            "Power Unit (0x09)",
            "Management Subsys Health (0x28)",
            "Soft-power control failure",
        ]),
    },
    Row { command: "sensor list", result: Works(&["Power            | 0x0        | discrete   | 0x0080"]) },
    Row { command: "sensor get Power", result: Works(&["Sensor Type (Discrete): Power Unit"]) },
    Row { command: "sensor reading Power", result: Works(&[]) },
    Row { command: "sensor thresh Power unr 1", result: Refused(&["Invalid sensor type"]) },
    Row { command: "sel info", result: Works(&["Entries          : 4", "Free Space       : 64 bytes"]) },
    Row {
        command: "sel list",
        result: Works(&[
            "System ACPI Power State #0x04 | S4/S5: soft-off | Asserted",
            "S0/G0: working | Asserted",
        ]),
    },
    Row {
        command: "sel elist",
        result: Works(&[
            "System Boot Initiated Boot | User requested PXE boot | Asserted",
            "Power Unit Power | Soft-power control failure",
        ]),
    },
    Row { command: "sel get 1", result: Works(&["Description           : S4/S5: soft-off"]) },
    Row { command: "sel list first 1", result: Works(&["S4/S5: soft-off"]) },
    Row { command: "sel save saved", result: Works(&["Soft-power control failure"]) },
    Row { command: "sel writeraw events", result: Works(&["S0/G0: working"]) },
    Row { command: "sel readraw events", result: Works(&["S0/G0: working"]) },
    Row { command: "sel time get", result: Works(&[]) },
    Row { command: "sel time set now", result: Works(&[]) },
    Row { command: "sel delete 1", result: Works(&["Deleted entry 1"]) },
    Row {
        command: "event 1",
        result: Works(&["Sending SAMPLE event: Temperature - Upper Critical - Going High"]),
    },
    Row {
        command: "sel list last 1",
        result: Works(&["Temperature #0x30 | Upper Critical going high | Asserted"]),
    },
    Row { command: "sel clear", result: Works(&["Clearing SEL"]) },
    Row { command: "sel list last 1", result: Works(&["SEL has no entries"]) },
    Row {
        command: "fru print",
        result: Works(&[
            "Product Name          : Virtual Machine",
            "Product Serial        : 31/44",
            "Product Asset Tag     : node-1",
        ]),
    },
    Row { command: "fru read 0 inventory", result: Works(&["Fru Size"]) },
    Row { command: "exec script", result: Works(&["Chassis Power is on", "Set Boot Device to disk"]) },
    Row { command: "shell", result: Works(&["Chassis Power is on", "Set Boot Device to disk"]) },
    Row { command: "pef info", result: Refused(&["Invalid command"]) },
    Row {
        command: "sol info",
        result: Works(&[
            "Enabled                         : true",
            "Force Encryption                : true",
            "Privilege Level                 : OPERATOR",
            "Payload Channel                 : 1",
        ]),
    },
    Row { command: "sol set character-send-threshold 100 1", result: Works(&[]) },
    Row { command: "sol payload status 1 2", result: Works(&["User 2 on channel 1 is enabled"]) },
    Row { command: "sol payload disable 1 3", result: Works(&[]) },
    Row { command: "sol payload enable 1 3", result: Works(&[]) },
    Row { command: "sol deactivate", result: Refused(&["SOL payload already de-activated"]) },
    Row { command: "sol looptest 2", result: Works(&["remain loop test counter: 1"]) },
    Row {
        command: "dcmi discover",
        result: Works(&["Supported DCMI capabilities", "SEL automatic rollover is enabled", "8 SEL entries"]),
    },
    Row { command: "dcmi power reading", result: Refused(&["Requested sensor, data, or record not found"]) },
    Row { command: "dcmi asset_tag", result: Works(&["Asset tag: node-1"]) },
    Row { command: "dcmi set_asset_tag rack-7", result: Refused(&[]) },
    Row {
        command: "dcmi get_mc_id_string",
        result: Works(&["Get Management Controller Identifier String: node-1"]),
    },
    Row { command: "dcmi sensors", result: Works(&[]) },
    Row { command: "raw 6 1", result: Works(&["20 01"]) },
    Row { command: "raw 0x06 0x99", result: Refused(&["rsp=0xc1"]) },
    Row { command: "i2c 1 2", result: Refused(&["Invalid command"]) },
    Row { command: "picmg addrinfo", result: Refused(&["0xc1"]) },
    Row { command: "hpm check", result: Refused(&["0xc1"]) },
    Row { command: "mc reset warm", result: Works(&["Sent warm reset"]) },
    Row { command: "mc reset cold", result: Works(&["Sent cold reset"]) },
];

/// Runs rows over one of its interfaces.
///
/// # Panics
/// With everything that was wrong.
pub(crate) async fn check(rows: &[Row], interface: &str, target: Target) {
    // Some rows read and write files.
    let folder = empty_directory(&format!("ipmitool-{}", target.address.port()));
    let script = "power status\nchassis bootdev disk\n";
    std::fs::write(folder.join("script"), script).unwrap();
    std::fs::write(folder.join("typed"), format!("{script}exit\n")).unwrap();
    let mut wrong = Vec::new();
    for row in rows {
        let mut command = Command::new("ipmitool");
        let port = target.address.port().to_string();
        command.args([
            "-I",
            interface,
            "-H",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            USER,
            "-R",
            "1",
            "-N",
            "5",
            "-E",
        ]);
        command.env("IPMI_PASSWORD", PASSWORD).env("TZ", "UTC").args(row.command.split(' '));
        command.current_dir(&folder);
        if row.command == "shell" {
            command.stdin(File::open(folder.join("typed")).unwrap());
        }
        wrong.extend(target.check(row, command).await.err());
    }
    target.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_ipmitool_comes_to_what_the_document_says() {
    if has("ipmitool", CLIENT.version) {
        check(CLIENT.rows, "lanplus", Target::start().await).await;
    }
}
