"""A WSGI application whose `/slow` takes as long as the visitor takes to send, and as long again to answer."""

import time
from collections.abc import Callable, Iterator
from typing import Any

PARTS = 15


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/slow":
        received = len(environ["wsgi.input"].read())
        for _ in range(PARTS):
            time.sleep(0.2)  # the visitor's line is slow
            yield b"part "
        yield str(received).encode()
    else:
        yield b"at once"
