"""pyghmi's client: `bmc` is a session with the BMC, `Command` makes another, `asynchronously` one with each of several BMCs."""

import functools
import os
import sys
import time

from pyghmi.ipmi import command

import calls

HOST, USER = sys.argv[1:3]
PORTS = [int(port) for port in sys.argv[3:]]
Command = functools.partial(
    command.Command, bmc=HOST, port=PORTS[0], userid=USER, password=os.environ["BMC_PASSWORD"]
)


def asynchronously(**changes):
    """What a callback is told about the login at each of the BMCs, all of which one loop serves."""
    told = []
    sessions = [
        Command(port=port, onlogon=lambda response, _: told.append(response.get("error", "success")), **changes)
        for port in PORTS
    ]
    until = time.monotonic() + 5
    while len(told) < len(sessions) and time.monotonic() < until:
        command.Command.wait_for_rsp(1)
    return told


calls.answer({"Command": Command, "asynchronously": asynchronously, "bmc": Command()})
