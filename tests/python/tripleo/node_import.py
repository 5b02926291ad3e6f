"""What `openstack overcloud node import FILE` does with a file: checks its nodes, and registers them.

    node_import.py FILE IRONIC-URL
"""

import sys

import yaml
from ironicclient import client
from tripleo_common.utils import nodes

path, url = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    # JSON is read as YAML too.
    listed = yaml.safe_load(file)["nodes"]
nodes.validate_nodes(listed)
ironic = client.get_client(1, auth_type="none", endpoint=url, os_ironic_api_version="latest")
for node in nodes.register_all_nodes(listed, ironic):
    print(node.name)
