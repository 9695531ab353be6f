"""Becomes another program that runs as another user and dies with the process that asked for it.

Run as a script, with nothing but the standard library: `launcher.py PARENT SIGNAL UID GID PROGRAM [ARGUMENT ...]`.
The pid stays the same through `exec`, so the caller's Popen is the server itself. This is a script and no
`preexec_fn`, because Python code between fork and exec can deadlock when the caller has threads.
"""

import ctypes  # here, while this user may still read the Python installation
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, signal_number, uid, gid = (int(word) for word in sys.argv[1:5])
    command = sys.argv[5:]
    if os.geteuid() == 0 and uid:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of user, which would have cleared it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The process that wanted this server has gone already.")
    os.execv(command[0], command)


main()
