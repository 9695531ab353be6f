"""SHA-256 over files and streams."""

import hashlib
from collections.abc import Iterable

BLOCK_BYTES = 1 << 20


def sha256_of(blocks: Iterable[bytes]) -> str:
    """Hex digest of `blocks` in order; flat memory."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
