"""python-ipmi: `connect` makes a session over one of its interfaces, and `bmc` is one."""

import os
import sys

import pyipmi
import pyipmi.chassis
import pyipmi.interfaces

import calls

HOST, USER, PORT, INTERFACE = sys.argv[1:5]
OPTIONS = {
    "rmcp": {},
    "rmcpplus": {"cipher_suite": 3},
    "ipmitool": {"interface_type": "lanplus"},
}


def connect(user=USER, password=os.environ["BMC_PASSWORD"], **options):
    """A session, with other options than usual."""
    interface = pyipmi.interfaces.create_interface(INTERFACE, **{**OPTIONS[INTERFACE], **options})
    bmc = pyipmi.create_connection(interface)
    bmc.session.set_session_type_rmcp(HOST, port=int(PORT))
    bmc.session.set_auth_type_user(user, password)
    bmc.target = pyipmi.Target(ipmb_address=0x20)
    bmc.open()
    return bmc


calls.answer({"connect": connect, "bmc": connect(), "BootDevice": pyipmi.chassis.BootDevice, "vars": vars})
