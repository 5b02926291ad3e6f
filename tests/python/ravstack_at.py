"""Runs ravstack, unchanged, against an address of the API of our choice: it has no option for that.

    ravstack_at.py URL ARGUMENT…
"""

import sys

import ravstack.main
import ravstack.ravello

ravstack.ravello.RavelloClient.default_url = sys.argv.pop(1)
ravstack.main.run_main()
