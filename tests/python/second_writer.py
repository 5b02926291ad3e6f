"""A second writer with the vendor's SDK: reads, adds a line to descriptions, writes, again and again.

    second_writer.py URL USERNAME PASSWORD COUNT

It writes whole applications, which the service refuses if somebody else wrote in between, and a single VM that nobody
else writes. A refused write is begun anew with a read. Prints how often that was.
"""

import sys
import time

import requests
from ravello_sdk import RavelloClient

URL, USERNAME, PASSWORD, COUNT = sys.argv[1:]

client = RavelloClient(url=URL, retries=0)
client.login(USERNAME, PASSWORD)
conflicts = 0


def vm_of(app, name):
    return next(vm for vm in app["design"]["vms"] if vm["name"] == name)


def add(vm, line):
    vm["description"] = "{}\n{}".format(vm["description"], line)


for number in range(1, int(COUNT) + 1):
    while True:
        app = client.get_application_by_name("demo")
        for name in ("undercloud", "node1"):
            add(vm_of(app, name), "line {}".format(number))
        try:
            client.update_application(app)
            break
        except requests.HTTPError as error:
            assert error.response.status_code == 409, error
            conflicts += 1
    alone = client.get_vm(app, vm_of(app, "node6"), "design")
    add(alone, "line {}".format(number))
    client.update_vm(app, alone)
    time.sleep(0.1)

print(conflicts)
