"""`python -m benchmarks`: measures backups."""

import sys

from benchmarks.backup import main

sys.exit(main())
