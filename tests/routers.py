"""Which models of the zoo have a table in which test database."""

from typing import Any

from django.conf import settings
from django.db import connections

# Models of tests.zoo_postgres whose column types not every PostgreSQL has: two come with contrib, one with libxml.
NEEDED_BY_MODEL = {"hstores": "hstore", "caseless": "citext", "markup": "xml"}


class ZooRouter:
    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        if app_label != "zoo_postgres":
            return None
        if connections[db].vendor != "postgresql":
            return False
        needed = NEEDED_BY_MODEL.get(model_name or "")
        return needed is None or postgresql_has(needed)


def postgresql_has(needed: str) -> bool:
    """Whether the PostgreSQL that the tests start has this; the one in the wheel has neither contrib nor libxml."""
    server = settings.SERVERS.get("postgresql")
    return server is not None and (server.has_xml if needed == "xml" else needed in server.extensions)
