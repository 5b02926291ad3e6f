"""Runs Ironic, API and conductor in one process, for as long as somebody wants it.

    conductor.py HTTP-ROOT HTTP-PORT CONFIGURATION…

Starts `ironic`, and an HTTP server for the images that Ironic hands to its agents. Ends both when its standard input ends:
also when the test that started it was killed.
"""

import ctypes
import functools
import os
import signal
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

HTTP_ROOT, HTTP_PORT, *CONFIGURATION = sys.argv[1:]
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


libc = ctypes.CDLL(None)


def end_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# Ironic's worker is a child of its child, and shall not be left to somebody who never asks for its end.
libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
handler = functools.partial(Quiet, directory=HTTP_ROOT)
images = ThreadingHTTPServer(("127.0.0.1", int(HTTP_PORT)), handler)
threading.Thread(target=images.serve_forever, daemon=True).start()

program = os.path.join(os.path.dirname(sys.executable), "ironic")
options = [word for name in CONFIGURATION for word in ("--config-file", name)]
ironic = subprocess.Popen([program, *options], stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)


def tell_its_end():
    print("Ironic ended with status", ironic.wait(), file=sys.stderr, flush=True)


threading.Thread(target=tell_its_end, daemon=True).start()
sys.stdin.buffer.read()
# Ironic makes itself the leader of a group, with its worker and the clients that this has started.
if ironic.poll() is None and os.getpgid(ironic.pid) == ironic.pid:
    os.killpg(ironic.pid, signal.SIGKILL)
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
