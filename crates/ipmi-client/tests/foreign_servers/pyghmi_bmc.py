"""A BMC made with pyghmi, on a free port of 127.0.0.1, which it prints."""

import sys

from pyghmi.ipmi import bmc


class Remembering(bmc.Bmc):
    """A node that does at once what it is asked to do."""

    def __init__(self, users):
        super().__init__(users, port=0, address="127.0.0.1")
        # Sessions are found by this port.
        self.port = self.serversocket.getsockname()[1]
        self.power = "off"
        self.boot_device = "default"

    def get_boot_device(self):
        return self.boot_device

    def set_boot_device(self, bootdevice):
        self.boot_device = bootdevice

    def get_power_state(self):
        return self.power

    def power_on(self):
        self.power = "on"

    def power_off(self):
        self.power = "off"

    def power_cycle(self):
        return None if self.power == "on" else 0xD5

    def power_reset(self):
        return None if self.power == "on" else 0xD5

    def power_shutdown(self):
        self.power = "off"


machine = Remembering({sys.argv[1]: sys.argv[2]})
print(machine.port, flush=True)
machine.listen()
