"""Set-up and running of E-Click: `python3 scripts/run.py`, `scripts/test.py`, `scripts/check.py`.

Everything here but `prepare` and `healthcheck`, which run inside the environment, needs the standard library alone.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (said to people who have an older one)
    sys.exit(
        "E-Click needs Python 3.11 or newer; this is %d.%d (%s).\n" % (*sys.version_info[:2], sys.executable)  # noqa: UP031
        + "Install one, for example `sudo apt install python3 python3-venv`, and name it: make PYTHON=python3.12 run"
    )
if os.name != "posix":
    sys.exit(
        "These scripts run on Linux and macOS. On Windows, use them inside WSL, or start E-Click with docker compose."
    )
