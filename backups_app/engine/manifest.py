"""The last record of every file: what the file is, and the proof that it is whole and unchanged."""

import json
import platform
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import django
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.utils.crypto import constant_time_compare, salted_hmac

FORMAT_VERSION = 1
MODEL = "backups_app.manifest"
_SALT = "backups_app.manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One table in the file. `sha256` is over its lines as they stand there; `next_id` None without a counter."""

    model: str
    records: int
    next_id: int | None
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return {"model": self.model, "records": self.records, "next_id": self.next_id, "sha256": self.sha256}


def build(
    *,
    kind: str,
    created_at: datetime,
    application: str,
    database: Mapping[str, str],
    migrations: Mapping[str, list[str]],
    tables: list[ModelEntry],
    left_out: list[dict[str, str]],
    findings: list[dict[str, Any]],
    natural_keys: Mapping[str, Any],
    wrapped_count: int,
    content_sha256: str,
) -> dict[str, Any]:
    """The whole record, signed. `content_sha256` is over every byte of the file before it."""
    fields: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "created_at": created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "kind": kind,
        "application": {
            "version": application,
            "django": django.get_version(),
            "python": platform.python_version(),
        },
        "database": dict(database),
        "migrations": dict(migrations),
        "tables": [entry.as_dict() for entry in tables],
        "left_out": left_out,
        "findings": findings,
        "natural_keys": dict(natural_keys),
        "record_count": sum(entry.records for entry in tables),
        "wrapped_count": wrapped_count,
        "content_sha256": content_sha256,
        "key_id": key_id(settings.SECRET_KEY),
    }
    record = {"model": MODEL, "pk": str(uuid.uuid4()), "fields": fields}
    fields["signature"] = sign(record, settings.SECRET_KEY)
    return record


def what_is_wrong(record: Mapping[str, Any]) -> str:
    """Why a record is no manifest of this format, whoever wrote it; "" if it is one. Nothing is proven by that."""
    fields = record.get("fields")
    if not isinstance(fields, dict):
        return "It has no fields."
    if not isinstance(record.get("pk"), str):
        return "Its key is no text."
    for name, kind in _TYPES.items():
        if not isinstance(fields.get(name), kind):
            return f"Its field {name} is missing or of the wrong type."
    if not all(isinstance(value, str) for value in fields["database"].values()):
        return "Its field database is of the wrong type."
    if not all(_is_list_of(names, str) for names in fields["migrations"].values()):
        return "Its field migrations is of the wrong type."
    if not all(_is_entry(entry) for entry in fields["tables"]):
        return "Its field tables is of the wrong type."
    if not (_is_list_of(fields["left_out"], dict) and all("model" in entry for entry in fields["left_out"])):
        return "Its field left_out is of the wrong type."
    if not _is_list_of(fields["findings"], dict):
        return "Its field findings is of the wrong type."
    if not all(isinstance(keys, list) and all(_is_list_of(k, str) for k in keys) for keys in _natural_keys(fields)):
        return "Its field natural_keys is of the wrong type."
    return ""


_TYPES: dict[str, type] = {
    "format_version": int,
    "created_at": str,
    "kind": str,
    "database": dict,
    "migrations": dict,
    "tables": list,
    "left_out": list,
    "findings": list,
    "natural_keys": dict,
    "record_count": int,
    "content_sha256": str,
    "key_id": str,
    "signature": str,
}


def _natural_keys(fields: Mapping[str, Any]) -> list[Any]:
    return list(fields["natural_keys"].values())


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("model"), str)
        and type(entry.get("records")) is int
        and isinstance(entry.get("sha256"), str)
        and (entry.get("next_id") is None or type(entry.get("next_id")) is int)
        and "next_id" in entry
    )


def key_id(secret: str | bytes) -> str:
    """Names a key without telling it: 16 hex digits."""
    return salted_hmac(f"{_SALT}.key-id", "key-id", secret=secret, algorithm="sha256").hexdigest()[:16]


def sign(record: Mapping[str, Any], secret: str | bytes) -> str:
    """HMAC-SHA-256 over the record's primary key and every field but the signature, as canonical JSON."""
    fields = {name: value for name, value in record["fields"].items() if name != "signature"}
    text = json.dumps([record["pk"], fields], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return salted_hmac(_SALT, text, secret=secret, algorithm="sha256").hexdigest()


def is_signed_here(record: Mapping[str, Any]) -> bool | None:
    """True: by a key of this installation. False: a key we know, but changed since. None: the key is unknown."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if key_id(secret) == record["fields"].get("key_id"):
            return constant_time_compare(sign(record, secret), str(record["fields"].get("signature", "")))
    return None


def migration_leaves(applied: set[tuple[str, str]]) -> dict[str, list[str]]:
    """Of `applied` migrations, (app label, name), those of each app that no other applied one builds on."""
    graph = MigrationLoader(None, ignore_no_migrations=True).graph
    leaves: dict[str, list[str]] = {}
    for key in sorted(applied):
        node = graph.node_map.get(key)
        children = {child.key for child in node.children if child.key[0] == key[0]} if node else set()
        if not children & applied:
            leaves.setdefault(key[0], []).append(key[1])
    return leaves
