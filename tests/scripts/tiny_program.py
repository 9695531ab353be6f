"""A program for the process manager to look after: `tiny_program.py NAME FOLDER [deaf] [parent]`.

It notes its pid, and when it is asked to stop. `deaf` ignores that; `parent` has a child of its own.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    name, folder, *manners = sys.argv[1:]

    def note(file: str, line: object) -> None:
        with Path(folder, file).open("a") as notes:
            notes.write(f"{line}\n")

    def leave(*_: object) -> None:
        note("stopped", name)
        sys.exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in manners else leave)
    if "parent" in manners:
        note(f"{name}.grandchildren", subprocess.Popen(["sleep", "600"]).pid)
    print(f"{name} is here", flush=True)
    note(f"{name}.pids", os.getpid())
    while True:
        signal.pause()


main()
