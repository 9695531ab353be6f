"""Fills the zoo: several rows for every model, ordinary, extreme and nasty.

`fill(alias)` runs every function marked `@concern`, module by module, on a database that holds nothing but what migrate
made. What Django's own models would refuse or change is written by `insert`, plain SQL. How many rows there are, ask
the oracle.
"""

from django.db import transaction

from tests.zoo.samples import keys, mariadb, oddities, postgresql, references, sqlite, values

# Later ones refer to rows of earlier ones.
MODULES = (values, keys, references, oddities, sqlite, postgresql, mariadb)


def fill(alias: str) -> None:
    """Every cage, in one transaction."""
    with transaction.atomic(using=alias):
        for module in MODULES:
            for run in list(vars(module).values()):
                if getattr(run, "fills_the_zoo", False):
                    run(alias)
