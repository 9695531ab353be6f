"""The cycle collector, kept from looking through records: they make no cycles, and there are millions of them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# So many more containers may be alive than when it looked last; Python's own 700 are less than a batch of records.
_CONTAINERS = 100_000


@contextmanager
def collected_seldom() -> Iterator[None]:
    """For the whole process. What leaks in cycles all the same is still collected."""
    before = gc.get_threshold()
    gc.set_threshold(_CONTAINERS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
