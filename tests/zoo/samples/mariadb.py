"""What only MariaDB holds."""

import uuid

from django.db import connections

from tests.zoo import models as zoo
from tests.zoo.samples.literals import (
    EXACT_JSONS,
    ORDINARY_JSON,
    ORDINARY_TEXTS,
    ORDINARY_TIMES,
)
from tests.zoo.samples.writing import concern, insert, nasty, vendor


@concern
def only_mariadb(alias: str) -> None:
    """What MariaDB takes: zero dates, hours beyond a day, flags beyond one, NUL, JSON with its spaces."""
    if vendor(alias) != "mysql":
        return
    nul = "before\0after"
    nasty(alias, zoo.Texts, ORDINARY_TEXTS, [{"text": nul, "char_null": nul}, {"char": "trailing   "}])
    times = {**ORDINARY_TIMES, "duration": 1}
    odd_dates = ["0000-00-00", "2026-00-00", "2026-11-00", "0001-01-01"]
    nasty(alias, zoo.Times, times, [{"date": date, "date_null": date} for date in odd_dates])
    odd_moments = ["0000-00-00 00:00:00", "2026-11-00 00:00:00", "9999-12-31 23:59:59.999999", "0001-01-01 00:00:00"]
    nasty(alias, zoo.Times, times, [{"moment": moment, "moment_null": moment} for moment in odd_moments])
    odd_clock = ["838:59:59.999999", "-838:59:59.999999", "24:00:00", "-00:00:01"]
    nasty(alias, zoo.Times, times, [{"time": time, "time_null": time} for time in odd_clock])
    nasty(alias, zoo.Times, times, [{"duration": span} for span in (2**63 - 1, -(2**63))])
    insert(alias, zoo.Flags, *({"flag": flag, "flag_null": flag} for flag in (2, -1, 127, -128)))
    whitespace = ['{ "a" : 1 }', '{"a": 1, "a": 2}', '"\\u00e9 \\ud83e\\udd93"', " null "]
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": v, "value_null": v} for v in EXACT_JSONS + whitespace])
    identities = {"uuid": str(uuid.UUID(int=5)), "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
    nasty(alias, zoo.Identities, identities, [{"ip": value, "ip_null": value} for value in ("999.1.1.1", "", "no")])
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@SESSION.sql_mode")
        (before,) = cursor.fetchone()
        cursor.execute(
            "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES')"
        )
        insert(alias, zoo.KeyBig, {"id": 0, "name": "zero"})
        insert(alias, zoo.Author, {"id": 0, "name": "zero", "code": "zero"})
        nasty(alias, zoo.Times, times, [{"date": "2026-02-30", "moment": "2026-02-31 00:00:00"}])
        cursor.execute("SET SESSION sql_mode = %s", [before])
