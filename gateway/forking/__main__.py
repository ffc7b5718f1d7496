"""`python -m gateway.forking DIR QUESTION`: answers in lines. When whoever asked is gone, so is it.

Named so that the processes it starts do not import it once more.
"""

import os
import signal
import sys
from pathlib import Path
from threading import Thread

import msgspec

from gateway import messages as m
from gateway.forking.playing import Said, answer

NICENESS = 15  # the engine and the planner come first


def _end_with_who_asked() -> None:
    """The other end of our input is held open as long as somebody waits for the answer."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def _say(said: Said) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    os.nice(NICENESS)
    asked = msgspec.json.decode(sys.argv[2], type=m.StartFork)
    Thread(target=_end_with_who_asked, daemon=True).start()
    answer(Path(sys.argv[1]), asked, _say)
