//! pyghmi, the library of VirtualBMC and of xCAT's and Confluent's consoles. It keeps one session for all calls.

use std::time::Duration;

use crate::python::Calls;
use crate::row::Expected::{Refused, Works};
use crate::row::{Client, Row};
use crate::target::Target;

/// A thread of its own receives for it, and now and then it looks at an answer only when it is about to repeat the request, up to
/// a second later. A call of it can take dozens of requests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const CLIENT: Client = Client {
    name: "pyghmi",
    version: "1.6.19",
    rows: &[
        Row { command: "Command(password='wrong')", result: Refused(&["Incorrect password provided"]) },
        Row { command: "Command(userid='nobody')", result: Refused(&["Unauthorized name"]) },
        Row {
            command: "asynchronously(userid='guest', password='a-guest', privlevel=2)",
            result: Works(&["= ['success', 'success']"]),
        },
        Row {
            command: "asynchronously(password='incorrect')",
            result: Works(&["= ['Incorrect password provided', 'Incorrect password provided']"]),
        },
        Row { command: "bmc.get_power()", result: Works(&["'on'"]) },
        Row { command: "bmc.set_power('off')", result: Works(&["'pendingpowerstate': 'off'"]) },
        Row { command: "bmc.set_power('reset')", result: Refused(&["not supported in present state"]) },
        Row { command: "bmc.set_power('on', wait=5)", result: Works(&["{'powerstate': 'on'}"]) },
        Row { command: "bmc.set_power('reset')", result: Works(&["'pendingpowerstate': 'reset'"]) },
        Row { command: "bmc.set_power('softoff')", result: Works(&["'pendingpowerstate': 'softoff'"]) },
        Row { command: "bmc.set_power('boot')", result: Works(&["'pendingpowerstate': 'on'"]) },
        Row { command: "bmc.set_power('boot')", result: Works(&["'pendingpowerstate': 'reset'"]) },
        Row { command: "bmc.set_power('diag')", result: Refused(&["Invalid data field in request"]) },
        Row {
            command: "bmc.get_bootdev()",
            result: Works(&["{'bootdev': 'hd', 'persistent': True, 'uefimode': False}"]),
        },
        Row { command: "bmc.set_bootdev('network')", result: Works(&["network"]) },
        Row {
            command: "bmc.get_bootdev()",
            result: Works(&["{'bootdev': 'network', 'persistent': False, 'uefimode': False}"]),
        },
        Row { command: "bmc.set_bootdev('hd', persist=True, uefiboot=True)", result: Works(&["hd"]) },
        Row {
            command: "bmc.get_bootdev()",
            result: Works(&["{'bootdev': 'hd', 'persistent': True, 'uefimode': True}"]),
        },
        Row { command: "bmc.set_bootdev('optical')", result: Works(&["optical"]) },
        Row { command: "bmc.set_bootdev('safe')", result: Works(&["safe"]) },
        Row { command: "bmc.set_bootdev('setup')", result: Refused(&["Invalid data field in request"]) },
        Row { command: "bmc.set_bootdev('floppy')", result: Refused(&["Invalid data field in request"]) },
        Row { command: "bmc.set_bootdev('default')", result: Works(&["default"]) },
        Row { command: "bmc.set_identify(True, duration=5)", result: Works(&["None"]) },
        Row { command: "bmc.set_identify(True)", result: Works(&["None"]) },
        Row { command: "bmc.set_identify(False)", result: Works(&["None"]) },
        Row {
            command: "bmc.get_sensor_descriptions()",
            result: Works(&[
                "{'name': 'Power', 'type': 'Power Unit'}",
                "{'name': 'ACPI State', 'type': 'System ACPI Power State'}",
            ]),
        },
        Row { command: "bmc.get_sensor_data()", result: Works(&["'states': ['Online']"]) },
        Row { command: "bmc.get_sensor_reading('Power')", result: Works(&["'health': 0"]) },
        Row { command: "bmc.get_health()", result: Works(&["{'badreadings': [], 'health': 0}"]) },
        Row {
            command: "bmc.get_event_log(clear=True)",
            result: Works(&["'Hibernated or off'", "'PXE boot'", "'Online'", "'Soft power control failure'"]),
        },
        Row { command: "bmc.get_event_log()", result: Works(&["= []"]) },
        Row {
            command: "bmc.get_inventory()",
            result: Works(&[
                "'Product name': 'Virtual Machine'",
                "'Serial Number': '31/44'",
                "'UUID': '09090909-0909-0909-0909-090909090909'",
            ]),
        },
        Row { command: "bmc.get_firmware()", result: Works(&["BMC Version"]) },
        Row {
            command: "bmc.get_users()",
            result: Works(&["'name': 'admin'", "'name': 'guest'", "'privilege_level': 'user'"]),
        },
        Row { command: "bmc.get_user_access(3)", result: Works(&["'privilege_level': 'user'"]) },
        Row { command: "bmc.get_channel_access()", result: Works(&["'access_mode': 'always'"]) },
        Row { command: "bmc.get_channel_info()", result: Works(&["'802.3 LAN'"]) },
        Row { command: "bmc.get_net_configuration()", result: Works(&["'127.0.0.1", "'02:09:09:09:09:09'"]) },
        Row { command: "bmc.set_net_configuration(ipv4_address='192.0.2.9/24')", result: Refused(&["0x82"]) },
        Row { command: "bmc.get_alert_destination_count()", result: Works(&["= 0"]) },
        Row { command: "bmc.get_asset_tag()", result: Works(&["'node-1'"]) },
        Row { command: "bmc.get_mci()", result: Works(&["node-1"]) },
        Row {
            command: "bmc.get_system_power_watts()",
            result: Refused(&["Requested sensor, data, or record not present"]),
        },
        Row { command: "bmc.raw_command(netfn=6, command=1)", result: Works(&["'code': 0"]) },
        Row { command: "bmc.reset_bmc()", result: Works(&["None"]) },
    ],
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_pyghmi_comes_to_what_the_document_says() {
    let (target, other) = (Target::start().await, Target::start().await);
    let ports = [target.address.port(), other.address.port()];
    let run = move || {
        if let Some(calls) = Calls::start("pyghmi_calls.py", &ports, &[]) {
            calls.check_all(CLIENT.rows, PATIENCE);
        }
    };
    tokio::task::spawn_blocking(run).await.unwrap();
    target.stop().await;
    other.stop().await;
}
