//! ipmitool over IPMI 1.5, which a BMC speaks only if its configuration says so.

use crate::ipmitool;
use crate::row::Expected::{Refused, Works};
use crate::row::{Client, Row};
use crate::target::{Target, has};

pub(crate) const CLIENT: Client = Client {
    name: "ipmitool -I lan",
    version: ipmitool::CLIENT.version,
    rows: &[
        Row { command: "mc info", result: Works(&["IPMI Version              : 2.0"]) },
        Row { command: "-A PASSWORD power status", result: Works(&["Chassis Power is on"]) },
        Row { command: "-A NONE power status", result: Refused(&["Authentication type NONE not supported"]) },
        Row { command: "power status", result: Works(&["Chassis Power is on"]) },
        Row { command: "power cycle", result: Works(&["Cycle"]) },
        Row { command: "power soft", result: Works(&["Soft"]) },
        Row { command: "power status", result: Works(&["Chassis Power is off"]) },
        Row { command: "power reset", result: Refused(&["Command not supported in present state"]) },
        Row { command: "power on", result: Works(&["Up/On"]) },
        Row { command: "power off", result: Works(&["Down/Off"]) },
        Row { command: "power on", result: Works(&["Up/On"]) },
        Row {
            command: "chassis bootdev pxe options=persistent,efiboot",
            result: Works(&["Set Boot Device to pxe"]),
        },
        Row {
            command: "chassis bootparam get 5",
            result: Works(&["Force PXE", "all future boots", "BIOS EFI boot"]),
        },
        Row { command: "lan print", result: Works(&["IP Address              : 127.0.0.1"]) },
        Row {
            command: "channel authcap 1 4",
            result: Works(&["IPMI v1.5  auth types      : MD2 MD5 PASSWORD", "IPMI v2.0 : yes"]),
        },
        Row {
            command: "session info active",
            result: Works(&["user id                       : 2", "IPMIv1.5"]),
        },
        Row { command: "sel list", result: Works(&["S0/G0: working | Asserted"]) },
        Row { command: "sdr elist", result: Works(&["S0/G0: working"]) },
        Row { command: "fru print", result: Works(&["Virtual Machine"]) },
    ],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_ipmitool_over_ipmi_1_5_comes_to_what_the_document_says() {
    if has("ipmitool", CLIENT.version) {
        ipmitool::check(CLIENT.rows, "lan", Target::with_ipmi_1_5().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_ipmi_1_5_ipmitool_says_so_at_once() {
    const ROW: Row = Row {
        command: "power status",
        result: Refused(&["Authentication type NONE not supported", "Unable to establish IPMI v1.5"]),
    };
    if has("ipmitool", CLIENT.version) {
        ipmitool::check(&[ROW], "lan", Target::start().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipmi_1_5_tells_a_wrong_user_at_once_and_never_answers_a_wrong_password() {
    const ROWS: &[Row] = &[
        Row { command: "-U nobody power status", result: Refused(&["Invalid user name"]) },
        Row { command: "-N 1 -P wrong power status", result: Refused(&["Activate Session command failed"]) },
    ];
    if has("ipmitool", CLIENT.version) {
        ipmitool::check(ROWS, "lan", Target::with_ipmi_1_5().await).await;
    }
}
