//! python-ipmi, an implementation of its own, with three interfaces: IPMI 2.0, IPMI 1.5, and ipmitool.

use crate::ipmitool;
use crate::python::Calls;
use crate::row::Expected::{Defect, Refused, Works};
use crate::row::{Client, PATIENCE, Row};
use crate::target::{Target, has};

const VERSION: &str = "0.6.1";

/// Its own implementation of IPMI 2.0.
pub(crate) const RMCP_PLUS: Client = Client {
    name: "python-ipmi rmcpplus",
    version: VERSION,
    rows: &[
        Row {
            command: "connect(cipher_suite=17)",
            result: Defect(
                &["RetryError"],
                "it makes the keys of suite 17 from 32 bytes where everybody else takes 20; ask for suite 3",
            ),
        },
        Row {
            command: "connect(password='wrong')",
            result: Refused(&["RAKP message 2: invalid key exchange authentication code"]),
        },
        Row { command: "connect(user='nobody')", result: Refused(&["Unauthorized name"]) },
        Row {
            command: "connect(user='guest', password='a-guest')",
            result: Refused(&["Unauthorized role or privilege level requested"]),
        },
        Row {
            command: "str(bmc.get_device_id())",
            result: Works(&["Device ID: 32", "ipmi: 2.0", "sensor,sdr_repository,sel,fru_inventory,chassis"]),
        },
        Row {
            command: "str(bmc.get_device_guid())",
            result: Works(&["09090909-0909-0909-0909-090909090909"]),
        },
        Row { command: "bmc.get_chassis_status().power_on", result: Works(&["= True"]) },
        Row { command: "bmc.chassis_control_power_cycle()", result: Works(&["= None"]) },
        Row { command: "bmc.chassis_control_hard_reset()", result: Works(&["= None"]) },
        Row { command: "bmc.chassis_control_soft_shutdown()", result: Works(&["= None"]) },
        Row { command: "bmc.get_chassis_status().power_on", result: Works(&["= False"]) },
        Row { command: "bmc.chassis_control_hard_reset()", result: Refused(&["cc=0xd5"]) },
        Row { command: "bmc.chassis_control_power_up()", result: Works(&["= None"]) },
        Row { command: "bmc.chassis_control_diagnostic_interrupt()", result: Refused(&["cc=0xcc"]) },
        Row { command: "bmc.get_boot_device()", result: Works(&["DEFAULT_HDD"]) },
        Row { command: "bmc.set_boot_options(BootDevice.PXE, 'efi', True)", result: Works(&["= None"]) },
        Row {
            command: "(bmc.get_boot_device(), bmc.get_boot_mode(), bmc.get_boot_persistency())",
            result: Works(&["BootDevice.PXE", "'efi', True"]),
        },
        Row { command: "bmc.get_system_boot_options(5)", result: Works(&["[224, 4, 0, 0, 0]"]) },
        Row {
            command: "bmc.set_boot_options(BootDevice.BIOS, 'legacy', False)",
            result: Refused(&["cc=0xcc"]),
        },
        Row { command: "bmc.get_watchdog_timer().is_running", result: Works(&["= False"]) },
        Row { command: "bmc.reset_watchdog_timer()", result: Refused(&["cc=0x80"]) },
        Row {
            command: "[str(entry) for entry in bmc.sel_entries()]",
            result: Works(&["SEL Record ID 0x0004", "Sensor Type: 0x09"]),
        },
        Row { command: "bmc.delete_sel_entry(1)", result: Works(&["= 1"]) },
        Row { command: "bmc.clear_sel()", result: Works(&["= None"]) },
        Row { command: "bmc.get_sel_entries_count()", result: Works(&["= 0"]) },
        Row {
            command: "[str(record) for record in bmc.sdr_repository_entries()]",
            result: Works(&["[\"BMC\"]", "[\"Power\"]", "[\"ACPI State\"]", "[\"Cloud\"]"]),
        },
        Row { command: "bmc.get_sensor_reading(1)", result: Works(&["= (0, 32768)"]) },
        Row { command: "bmc.get_sensor_thresholds(1)", result: Refused(&["cc=0xcd"]) },
        Row { command: "str(bmc.get_fru_product_area().serial_number)", result: Works(&["31/44"]) },
        Row { command: "bmc.write_fru_data(b'x')", result: Refused(&["cc=0xc1"]) },
        Row {
            command: "(bmc.get_ip_address(1), bmc.get_ip_source(1), bmc.get_mac_address(1))",
            result: Works(&["('127.0.0.1', 'static', '02:09:09:09:09:09')"]),
        },
        Row { command: "bmc.set_ip_address('192.0.2.9', 1)", result: Refused(&["cc=0x82"]) },
        Row { command: "bmc.get_channel_info(1).medium_type", result: Works(&["= 4"]) },
        Row { command: "bmc.get_username(2)", result: Works(&["admin"]) },
        Row { command: "bmc.get_user_access(3, 1).privilege_level", result: Works(&["'user'"]) },
        Row { command: "bmc.get_asset_tag()", result: Works(&["'node-1'"]) },
        Row { command: "bmc.get_management_controller_id_string()", result: Works(&["'node-1'"]) },
        Row { command: "bmc.get_dcmi_capabilities(1).completion_code", result: Works(&["= 0"]) },
        Row { command: "bmc.get_dcmi_sensor_record_ids()", result: Works(&["= []"]) },
        Row { command: "bmc.get_power_reading(1)", result: Refused(&["cc=0xcb"]) },
        Row {
            command: "str(bmc.get_sdr_repository_allocation_info())",
            result: Works(&["SdrRepositoryAllocationInfo"]),
        },
        Row { command: "bmc.warm_reset()", result: Works(&["= None"]) },
        Row { command: "bmc.close()", result: Works(&["= None"]) },
    ],
};

/// Its own implementation of IPMI 1.5, with MD5.
pub(crate) const RMCP: Client = Client {
    name: "python-ipmi rmcp",
    version: VERSION,
    rows: &[
        // A packet that does not authenticate is nobody's, so it gets no answer.
        Row { command: "connect(password='wrong')", result: Refused(&["RetryError"]) },
        Row { command: "connect(user='nobody')", result: Refused(&["invalid user name"]) },
        Row { command: "str(bmc.get_device_id())", result: Works(&["Device ID: 32", "ipmi: 2.0"]) },
        Row { command: "bmc.chassis_control_power_cycle()", result: Works(&["= None"]) },
        Row { command: "bmc.chassis_control_power_down()", result: Works(&["= None"]) },
        Row { command: "bmc.get_chassis_status().power_on", result: Works(&["= False"]) },
        Row { command: "bmc.chassis_control_power_up()", result: Works(&["= None"]) },
        Row { command: "bmc.set_boot_options(BootDevice.PXE, 'efi', True)", result: Works(&["= None"]) },
        Row { command: "bmc.get_boot_device()", result: Works(&["BootDevice.PXE"]) },
        Row { command: "bmc.get_sel_entries_count()", result: Works(&["= 4"]) },
        Row {
            command: "[str(record) for record in bmc.sdr_repository_entries()]",
            result: Works(&["[\"BMC\"]", "[\"Cloud\"]"]),
        },
        Row { command: "str(bmc.get_fru_product_area().serial_number)", result: Works(&["31/44"]) },
        Row { command: "bmc.get_username(2)", result: Works(&["admin"]) },
        Row { command: "bmc.close()", result: Works(&["= None"]) },
    ],
};

/// One run of ipmitool for each call.
pub(crate) const IPMITOOL: Client = Client {
    name: "python-ipmi ipmitool",
    version: VERSION,
    rows: &[
        Row { command: "str(bmc.get_device_id())", result: Works(&["Device ID: 32", "ipmi: 2.0"]) },
        Row { command: "bmc.chassis_control_power_cycle()", result: Works(&["= None"]) },
        Row { command: "bmc.chassis_control_power_down()", result: Works(&["= None"]) },
        Row { command: "bmc.get_chassis_status().power_on", result: Works(&["= False"]) },
        Row { command: "bmc.chassis_control_power_up()", result: Works(&["= None"]) },
        Row { command: "bmc.set_boot_options(BootDevice.PXE, 'efi', True)", result: Works(&["= None"]) },
        Row { command: "bmc.get_boot_device()", result: Works(&["BootDevice.PXE"]) },
        Row { command: "bmc.get_sel_entries_count()", result: Works(&["= 4"]) },
        Row { command: "bmc.session.rmcp_ping()", result: Works(&["= None"]) },
    ],
};

async fn check(client: Client, interface: &'static str, target: Target) {
    let ports = [target.address.port()];
    let run = move || {
        if let Some(calls) = Calls::start("python_ipmi_calls.py", &ports, &[interface]) {
            calls.check_all(client.rows, PATIENCE);
        }
    };
    tokio::task::spawn_blocking(run).await.unwrap();
    target.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_python_ipmi_over_ipmi_2_0_comes_to_what_the_document_says() {
    check(RMCP_PLUS, "rmcpplus", Target::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_python_ipmi_over_ipmi_1_5_comes_to_what_the_document_says() {
    check(RMCP, "rmcp", Target::with_ipmi_1_5().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_python_ipmi_over_ipmitool_comes_to_what_the_document_says() {
    if has("ipmitool", ipmitool::CLIENT.version) {
        check(IPMITOOL, "ipmitool", Target::start().await).await;
    }
}
