"""Evaluates expressions, one a line of standard input, and says in one line each what came of it.

`= VALUE` is what an expression came to, `! KIND: TEXT` what it raised. The clients print a lot; that goes to standard error.
"""

import collections.abc
import sys


def answer(names):
    """Answers each line of standard input, with `names` in scope."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            value = eval(line, names)
            # Many results are made while they are read.
            if isinstance(value, collections.abc.Iterator):
                value = list(value)
            text = "= " + repr(value)
        except Exception as error:
            text = "! {}: {}".format(type(error).__name__, error)
        print(text.replace("\n", " "), file=answers, flush=True)
