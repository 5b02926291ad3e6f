"""Runs the integration tests that come with the vendor's SDK, unchanged, against a simulated cloud.

    sdk_own_tests.py URL USERNAME PASSWORD DIRECTORY-OF-THE-TESTS CONFIGURATION-TO-WRITE
"""

import configparser
import os
import sys
import unittest

from ravello_sdk import RavelloClient

url, username, password, directory, configuration = sys.argv[1:]

client = RavelloClient(username, password, url=url)
settings = configparser.ConfigParser(interpolation=None)
settings["integration"] = {
    "url": url,
    "username": username,
    "password": password,
    "image": str(client.get_images()[0]["id"]),
    "diskimage": str(client.get_diskimages()[0]["id"]),
}
with open(configuration, "w") as output:
    settings.write(output)

os.environ["TEST_CONFIG"] = configuration
sys.path.insert(0, directory)
os.chdir(directory)
tests = unittest.TestLoader().discover(".", "flow_*.py")
result = unittest.TextTestRunner(verbosity=2).run(tests)
assert not result.skipped, result.skipped
sys.exit(not result.wasSuccessful())
