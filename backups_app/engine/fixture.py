"""Writes the file: a JSON array with one record a line, hashed on the way."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import orjson

from backups_app.engine.manifest import ModelEntry

OPENING = b"[\n"
SEPARATOR = b",\n"
CLOSING = b"\n]\n"


def dump_line(record: Any) -> bytes:
    """One record as one line of strict JSON, without the line's end."""
    try:
        return orjson.dumps(record)
    except TypeError:
        # Integers beyond 64 bits and lone surrogates are JSON, but not orjson's.
        return json.dumps(record, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode()


def line_composer(
    label: str, names: Sequence[str], *, key_width: int = 1
) -> Callable[[Sequence[Sequence[bytes]]], bytes]:
    """What makes lines, each ended by SEPARATOR, of a batch of the model `label`.

    It takes a batch by its columns, as JSON: those of the key, then those of the fields `names`.
    """
    line = [b'{"model":' + orjson.dumps(label) + b',"pk":', b""]
    for place, name in enumerate(names):
        line += [(b"," if place else b',"fields":{') + orjson.dumps(name) + b":", b""]
    line.append((b"}}" if names else b',"fields":{}}') + SEPARATOR)

    def compose(columns: Sequence[Sequence[bytes]]) -> bytes:
        keys = columns[0] if key_width == 1 else _composite_keys(columns[:key_width])
        # Fixed pieces and values take turns: all values of a column go to their places at once.
        pieces = line * len(keys)
        for place, column in enumerate((keys, *columns[key_width:])):
            pieces[2 * place + 1 :: len(line)] = column
        return b"".join(pieces)

    return compose


def _composite_keys(columns: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Django reads the key of several columns from a JSON text; its columns stand among the fields as well."""
    return [orjson.dumps(f"[{b','.join(values).decode()}]") for values in zip(*columns, strict=True)]


def tokens(values: Sequence[Any]) -> Sequence[bytes]:
    """Each of `values` as strict JSON. One call of orjson for a whole column is far cheaper than one for each value."""
    try:
        if _SCALARS.issuperset(map(type, values)):
            # Indented, each stands on a line of its own; within JSON there are no raw line ends.
            return orjson.dumps(values, option=orjson.OPT_INDENT_2)[4:-2].split(b",\n  ")
        return list(map(orjson.dumps, values))
    except TypeError:
        return list(map(dump_line, values))


_SCALARS = {str, int, float, bool, type(None)}


class Writer:
    """Takes lines, model by model, then the manifest. Holds nothing but hashes and counts."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._content = hashlib.sha256()
        self._model = hashlib.sha256()
        self._model_records = 0
        self.size_bytes = 0
        self.record_count = 0
        self._put(OPENING)

    def begin_model(self) -> None:
        self._model = hashlib.sha256()
        self._model_records = 0

    def write_lines(self, lines: bytes, count: int) -> None:
        """`lines`: `count` records, each ended by SEPARATOR."""
        self._model.update(lines)
        self._model_records += count
        self.record_count += count
        self._put(lines)

    def end_model(self, *, label: str, next_id: int | None) -> ModelEntry:
        return ModelEntry(model=label, records=self._model_records, next_id=next_id, sha256=self._model.hexdigest())

    @property
    def content_sha256(self) -> str:
        """Over every byte so far."""
        return self._content.hexdigest()

    def finish(self, manifest: dict[str, Any]) -> str:
        """Writes the manifest and the end. Returns the SHA-256 of the whole file."""
        self._put(dump_line(manifest) + CLOSING)
        return self._content.hexdigest()

    def _put(self, data: bytes) -> None:
        self._content.update(data)
        self._stream.write(data)
        self.size_bytes += len(data)
