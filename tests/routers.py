"""Which models of the zoo have a table in which test database."""

from typing import Any

from django.conf import settings
from django.db import connections

# Models of tests.zoo_postgres whose column types come with an extension of PostgreSQL.
EXTENSION_OF_MODEL = {"hstores": "hstore", "caseless": "citext"}


class ZooRouter:
    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        if app_label != "zoo_postgres":
            return None
        if connections[db].vendor != "postgresql":
            return False
        extension = EXTENSION_OF_MODEL.get(model_name or "")
        return extension is None or has_extension(extension)


def has_extension(name: str) -> bool:
    """Whether the PostgreSQL that the tests start has this extension; the one in the wheel has no contrib."""
    server = settings.SERVERS.get("postgresql")
    return server is not None and name in server.extensions
