"""Plays the agent of a deploy ramdisk: everything that Ironic sees of it, and nothing on a disk.

    agent.py IRONIC NODE

IRONIC is the address of Ironic's API, NODE the UUID of the node on which it runs. It looks its node up, as the agent does
once it has booted, heartbeats, and carries Ironic's commands out by saying that it did. Each command is printed as a line
of JSON when it comes, so that whoever started this process knows how far the deployment is. It ends when it is killed, as
an agent does when its machine reboots.
"""

import json
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

IRONIC, NODE = sys.argv[1:]
HEADERS = {"X-OpenStack-Ironic-API-Version": "1.68", "Content-Type": "application/json"}
VERSION = {"generic_hardware_manager": "1.2"}
STEPS = {
    "deploy": {"step": "write_image", "priority": 0, "interface": "deploy", "reboot_requested": False},
    "clean": {"step": "erase_devices_metadata", "priority": 10, "interface": "deploy", "reboot_requested": False},
}

commands = []
wake = threading.Event()
token = None


def ironic(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(IRONIC + path, data=data, headers=HEADERS, method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read() or "null")


def result_of(name, params):
    """What a command gives back."""
    verb = name.split(".")[-1]
    if verb in ("get_deploy_steps", "get_clean_steps"):
        kind = verb.removeprefix("get_").removesuffix("_steps")
        return {kind + "_steps": {"GenericHardwareManager": [STEPS[kind]]}, "hardware_manager_version": VERSION}
    if verb in ("execute_deploy_step", "execute_clean_step"):
        kind = verb.removeprefix("execute_").removesuffix("_step")
        return {kind + "_result": None, kind + "_step": params["step"]}
    return {}


class Handler(BaseHTTPRequestHandler):
    """The agent's API."""

    def do_GET(self):
        self.reply({"commands": commands})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if parse_qs(urlsplit(self.path).query).get("agent_token") != [token]:
            self.reply({"faultstring": "Invalid agent_token", "code": 401}, 401)
            return
        name, params = body["name"], body["params"]
        step = (params.get("step") or {}).get("step")
        command = {
            "id": str(len(commands)),
            "command_name": name.split(".")[-1],
            "command_params": {},
            "command_status": "SUCCEEDED",
            "command_error": None,
            "command_result": result_of(name, params),
        }
        commands.append(command)
        self.reply(command)
        print(json.dumps({"command": name, "step": step}), flush=True)
        # The agent heartbeats at once when it has finished something.
        wake.set()

    def reply(self, body, status=200):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
callback = "http://127.0.0.1:{}".format(server.server_address[1])
token = ironic("GET", "/v1/lookup?node_uuid=" + NODE)["config"]["agent_token"]
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"command": "ready", "step": None}), flush=True)
while True:
    try:
        beat = {"callback_url": callback, "agent_version": "11.0.0", "agent_token": token}
        ironic("POST", "/v1/heartbeat/" + NODE, beat)
    except urllib.error.HTTPError:
        # Ironic may have no use for it at the moment; the next one follows.
        pass
    # A real agent waits longer.
    wake.wait(1)
    wake.clear()
