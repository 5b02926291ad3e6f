"""Flows of the vendor's SDK against a simulated cloud.

    sdk_flows.py URL USERNAME PASSWORD FLOW

Each flow is a function; it fails by an assertion.
"""

import sys
import time

import requests
from ravello_sdk import RavelloClient, application_state, new_name

URL, USERNAME, PASSWORD, FLOW = sys.argv[1:]


def logged_in(**credentials):
    client = RavelloClient(url=URL, retries=0, **credentials)
    client.login(USERNAME, PASSWORD)
    return client


def wait(look, wanted):
    """Waits until the flow sees what it wants: the SDK's own wait_for looks only every five seconds."""
    end = time.monotonic() + 20
    while True:
        seen = look()
        if seen == wanted:
            return
        assert time.monotonic() < end, "waited in vain for {!r}, last seen: {!r}".format(wanted, seen)
        time.sleep(0.01)


def status_of(call, *arguments):
    try:
        call(*arguments)
    except requests.HTTPError as error:
        assert error.response.headers["Error-Code"]
        assert error.response.headers["Error-Message"]
        return error.response.status_code
    return None


def demo(client):
    app = client.get_application_by_name("demo")
    vms = {vm["name"]: vm for vm in app["design"]["vms"]}
    return app, vms


def session():
    client = logged_in()
    assert client.user_info.entity["username"] == USERNAME
    assert client.get_applications()
    client.logout()
    # With credentials at hand, the SDK logs in by itself.
    client = RavelloClient(USERNAME, PASSWORD, url=URL)
    assert [app["name"] for app in client.get_applications()] == ["demo"]
    # A session that died on the server: 401, login, the request again.
    client._connection.cookies.clear()
    assert [app["name"] for app in client.get_applications()] == ["demo"]

    domain = RavelloClient(url=URL, identity_domain="acme")
    domain.login(USERNAME, PASSWORD)
    assert domain.get_applications()

    stranger = RavelloClient(url=URL, retries=0)
    try:
        stranger.login(USERNAME, "wrong")
    except requests.HTTPError as error:
        assert error.response.status_code == 401
    else:
        raise AssertionError("a wrong password was accepted")


def token():
    client = logged_in()
    created = client.create_ephemeral_access_token({"name": "flow", "description": "", "permissions": []})
    by_token = RavelloClient(url=URL, eph_token=created["token"])
    app, vms = demo(by_token)
    by_token.start_vm(app, vms["node1"])
    wait(lambda: by_token.get_vm_state(app, vms["node1"]), "STARTED")


def application():
    client = logged_in()
    image = client.get_images()[0]
    name = new_name(client.get_applications(), "flow")
    design = {"vms": [{"name": "vm", "numCpus": 1, "hardDrives": [], "networkConnections": []}]}
    app = client.create_application({"name": name, "design": design})
    assert app["version"] == 1 and app["id"] > 0
    assert app["_href"] == "/applications/{}".format(app["id"]), app["_href"]
    assert [found["id"] for found in client.get_applications({"name": name})] == [app["id"]]
    assert client.is_application_published(app) == {"value": False}

    added = client.add_library_vm_to_application(app, image["id"])
    assert added["baseVmId"] == image["id"]
    assert status_of(client.publish_application_updates, app) == 409
    client.publish_application(app, {"optimizationLevel": "COST_OPTIMIZED", "startAllVms": False})
    wait(lambda: application_state(client.get_application(app["id"])), "STOPPED")
    client.start_application(app)
    wait(lambda: application_state(client.get_application(app["id"])), "STARTED")
    client.stop_application(app)
    wait(lambda: application_state(client.get_application(app["id"])), "STOPPED")
    client.delete_vm_from_application(app, added)
    client.publish_application_updates(app)
    wait(lambda: len(client.get_vms(app, level="deployment")), 1)

    client.delete_application(app)
    assert client.get_application(app["id"]) is None


def power():
    client = logged_in()
    app, vms = demo(client)
    node = vms["node1"]
    assert client.get_vm_state(app, node) == "STOPPED"
    client.start_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STARTED")
    assert client.get_vnc_url(app, node).startswith("https://")
    assert client.get_vm_fqdn(app, node)["value"]
    assert client.get_vm_public_ips(app, node) == {"ips": []}
    assert status_of(client.start_vm, app, node) == 409
    client.restart_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STARTED")
    client.stop_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STOPPED")
    assert status_of(client.poweroff_vm, app, node) == 409
    client.start_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STARTED")
    client.poweroff_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STOPPED")
    client.redeploy_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STARTED")
    client.reset_disks_vm(app, node)
    wait(lambda: client.get_vm_state(app, node), "STARTED")
    assert status_of(client.repair_vm, app, node) == 409


def batch():
    client = logged_in()
    app, vms = demo(client)
    nodes = [vms[name] for name in ("node1", "node2")]
    path = "/applications/{}/vms/{{}}".format(app["id"])
    client.request("POST", path.format("start"), {"ids": [node["id"] for node in nodes]})
    for node in nodes:
        wait(lambda node=node: client.get_vm_state(app, node), "STARTED")
    client.request("POST", path.format("poweroff"), {"ids": [node["id"] for node in nodes]})
    for node in nodes:
        wait(lambda node=node: client.get_vm_state(app, node), "STOPPED")


def boot_device():
    client = logged_in()
    app, vms = demo(client)
    for name in ("node1", "node2"):
        client.start_vm(app, vms[name])
        wait(lambda name=name: client.get_vm_state(app, vms[name]), "STARTED")
    node = client.get_vm(app, vms["node1"])
    disk = next(drive for drive in node["hardDrives"] if drive["type"] == "DISK")
    disk["boot"] = True
    updated = client.update_vm(app, node)
    assert updated["id"] == node["id"] and updated["hardDrives"] == node["hardDrives"]
    assert client.get_application(app["id"])["designDiffersFromDeployment"]
    client.publish_application_updates(app, autostart=False)
    deployed = lambda: client.get_vm(app, node, "deployment")
    wait(lambda: deployed()["state"], "STARTED")
    assert next(drive for drive in deployed()["hardDrives"] if drive["type"] == "DISK")["boot"]


def stale_version():
    client = logged_in()
    first, _ = demo(client)
    second, _ = demo(client)
    first["description"] = "first"
    assert client.update_application(first)["version"] == first["version"] + 1
    second["description"] = "second"
    assert status_of(client.update_application, second) == 409
    assert client.get_application(first["id"])["description"] == "first"


def expiration():
    client = logged_in()
    app, _ = demo(client)
    client.set_application_expiration(app, {"expirationFromNowSeconds": 3600})
    app = client.get_application(app["id"])
    until = app["nextStopTime"]
    assert abs(until / 1000 - time.time() - 3600) < 60
    assert app["nextStopTask"]["time"] == until
    assert app["deployment"]["expirationTime"] == until
    client.set_application_expiration(app, {"expirationFromNowSeconds": -1})
    assert "nextStopTime" not in client.get_application(app["id"])


def library():
    client = logged_in()
    assert [image["name"] for image in client.get_diskimages()] == ["ipxe.iso"]
    blueprint = client.create_blueprint({"blueprintName": "copy", "applicationId": demo(client)[0]["id"]})
    copy = client.create_application({"name": "copy", "baseBlueprintId": blueprint["id"]})
    assert len(copy["design"]["vms"]) == 3
    client.delete_blueprint(blueprint)
    assert client.get_blueprints() == []
    assert client.get_application_publish_locations(copy)


globals()[FLOW]()
