//! Clients that change users, against a BMC that keeps what they change.

use crate::freeipmi;
use crate::ipmitool;
use crate::pyghmi;
use crate::python::Calls;
use crate::row::Expected::{Refused, Works};
use crate::row::{Client, Row};
use crate::target::{Target, has};

pub(crate) const IPMITOOL: Client = Client {
    name: "ipmitool, users kept",
    version: ipmitool::CLIENT.version,
    rows: &[
        Row {
            command: "user list 1",
            result: Works(&["3   guest            true    false      true       USER"]),
        },
        Row { command: "user set name 4 operator", result: Works(&[]) },
        Row { command: "user set password 4 first-secret-of-20-b 20", result: Works(&["successful"]) },
        Row { command: "channel setaccess 1 4 ipmi=on privilege=3", result: Works(&["successful"]) },
        Row { command: "user enable 4", result: Works(&[]) },
        Row { command: "user list 1", result: Works(&["4   operator", "OPERATOR"]) },
        Row { command: "user test 4 20 first-secret-of-20-b", result: Works(&["Success"]) },
        Row { command: "user test 4 20 another", result: Refused(&["password incorrect"]) },
        Row {
            command: "-U operator -P first-secret-of-20-b -L OPERATOR power cycle",
            result: Works(&["Cycle"]),
        },
        Row {
            command: "-U operator -P first-secret-of-20-b power status",
            result: Refused(&["Unable to establish IPMI v2"]),
        },
        Row { command: "user priv 4 2 1", result: Works(&["successful"]) },
        Row {
            command: "-U operator -P first-secret-of-20-b -L OPERATOR power status",
            result: Refused(&["Unable to establish IPMI v2"]),
        },
        Row {
            command: "-U operator -P first-secret-of-20-b -L USER power status",
            result: Works(&["Chassis Power is on"]),
        },
        Row { command: "user disable 4", result: Works(&[]) },
        Row {
            command: "-U operator -P first-secret-of-20-b -L USER power status",
            result: Refused(&["Unable to establish IPMI v2"]),
        },
        Row { command: "user summary 1", result: Works(&["Enabled User Count  : 2"]) },
        Row { command: "user set password 3 another-guest", result: Works(&["successful"]) },
        Row { command: "-U guest -P another-guest -L USER power status", result: Works(&["on"]) },
        Row {
            command: "-U guest -P a-guest -L USER power status",
            result: Refused(&["Unable to establish IPMI v2"]),
        },
        Row { command: "user set name 5 guest", result: Refused(&["Invalid data field in request"]) },
        Row { command: "user disable 2", result: Refused(&["Command not supported in present state"]) },
        Row { command: "dcmi set_asset_tag rack-7", result: Works(&["Set Asset Tag: rack-7"]) },
        Row { command: "dcmi asset_tag", result: Works(&["Asset tag: rack-7"]) },
        Row { command: "fru print", result: Works(&["Product Asset Tag     : rack-7"]) },
        Row { command: "dcmi set_mc_id_string bmc-7", result: Works(&["bmc-7"]) },
        Row { command: "dcmi get_mc_id_string", result: Works(&["Identifier String: bmc-7"]) },
        Row { command: "lan set 1 access on", result: Works(&["successful"]) },
        Row { command: "lan set 1 access off", result: Refused(&["Unable to Set Channel Access"]) },
        Row { command: "sol payload disable 1 3", result: Works(&[]) },
        Row { command: "sol payload status 1 3", result: Works(&["disabled"]) },
        Row { command: "sol payload enable 1 3", result: Works(&[]) },
        Row { command: "sol payload status 1 3", result: Works(&["enabled"]) },
    ],
};

pub(crate) const FREEIPMI: Client = Client {
    name: "FreeIPMI, users kept",
    version: freeipmi::CLIENT.version,
    rows: &[
        Row {
            command: "bmc-config --commit -e User4:Username=operator -e User4:Password=a-secret -e User4:Enable_User=Yes -e User4:Lan_Enable_IPMI_Msgs=Yes -e User4:Lan_Privilege_Limit=Operator",
            result: Works(&[]),
        },
        Row {
            command: "bmc-config --diff -e User4:Username=operator -e User4:Password=a-secret -e User4:Lan_Privilege_Limit=Operator",
            result: Works(&[]),
        },
        Row { command: "ipmipower -u operator -p a-secret -l OPERATOR --stat", result: Works(&["on"]) },
        Row { command: "bmc-config --commit -e User4:Enable_User=No", result: Works(&[]) },
        Row {
            command: "ipmipower -u operator -p a-secret -l OPERATOR --stat",
            result: Refused(&["username invalid"]),
        },
        Row { command: "bmc-config --checkout --section=User4", result: Works(&["operator"]) },
    ],
};

pub(crate) const PYGHMI: Client = Client {
    name: "pyghmi, users kept",
    version: pyghmi::CLIENT.version,
    rows: &[
        Row {
            command: "bmc.create_user(4, 'operator', 'a-secret', privilege_level='operator')",
            result: Works(&["True"]),
        },
        Row {
            command: "Command(userid='operator', password='a-secret', privlevel=3).get_power()",
            result: Works(&["'on'"]),
        },
        Row { command: "bmc.get_users()", result: Works(&["'name': 'operator'"]) },
        Row { command: "bmc.set_user_password(4, password='another')", result: Works(&["True"]) },
        Row {
            command: "Command(userid='operator', password='another', privlevel=3).get_power()",
            result: Works(&["'on'"]),
        },
        Row { command: "bmc.set_user_access(4, privilege_level='user')", result: Works(&["True"]) },
        Row { command: "bmc.disable_user(4, 'disable')", result: Works(&["True"]) },
        Row { command: "bmc.user_delete(4)", result: Works(&["True"]) },
        Row { command: "bmc.get_name_uids('operator')", result: Works(&["= []"]) },
    ],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_that_ipmitool_makes_can_log_in() {
    if has("ipmitool", IPMITOOL.version) {
        ipmitool::check(IPMITOOL.rows, "lanplus", Target::with_kept_settings().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_that_freeipmi_makes_can_log_in() {
    if has("bmc-config", FREEIPMI.version) {
        let target = Target::with_kept_settings().await;
        freeipmi::check(FREEIPMI, freeipmi::LAN_2_0, &target.address.to_string(), &target).await;
        target.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_that_pyghmi_makes_can_log_in() {
    let target = Target::with_kept_settings().await;
    let ports = [target.address.port()];
    let run = move || {
        if let Some(calls) = Calls::start("pyghmi_calls.py", &ports, &[]) {
            calls.check_all(PYGHMI.rows, pyghmi::PATIENCE);
        }
    };
    tokio::task::spawn_blocking(run).await.unwrap();
    target.stop().await;
}
