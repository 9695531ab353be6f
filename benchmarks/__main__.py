"""`python -m benchmarks`: measures backups and restores."""

import signal
import sys

from benchmarks.run import main

# Left by itself in the background, a run still stops its servers and says where its results are.
signal.signal(signal.SIGTERM, signal.default_int_handler)
sys.exit(main())
