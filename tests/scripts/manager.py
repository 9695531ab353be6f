"""The process manager in a process of its own: `python -m tests.scripts.manager FOLDER PROGRAMS`.

PROGRAMS is a JSON list of the fields of `Program`.
"""

import json
import os
import sys
from pathlib import Path

from scripts.supervisor import Program, Supervisor, say_to


def main() -> None:
    folder, programs = Path(sys.argv[1]), json.loads(sys.argv[2])
    supervisor = Supervisor(logs=folder / "logs", cwd=folder, environment=os.environ, say=say_to(), first_pause=0.02)
    with supervisor:
        for program in programs:
            supervisor.start(Program(**program))
        supervisor.watch()
    print("All stopped.", flush=True)


main()
