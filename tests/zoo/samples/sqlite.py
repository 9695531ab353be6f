"""What only SQLite holds."""

import uuid

from tests.zoo import models as zoo
from tests.zoo.samples.literals import (
    EXACT_JSONS,
    ORDINARY_DECIMALS,
    ORDINARY_JSON,
    ORDINARY_NUMBERS,
    ORDINARY_TEXTS,
    ORDINARY_TIMES,
)
from tests.zoo.samples.writing import Sql, concern, insert, nasty, vendor


@concern
def only_sqlite(alias: str) -> None:
    """What SQLite takes although the column says otherwise: other types, bytes that are no text, impossible dates."""
    if vendor(alias) != "sqlite":
        return
    not_utf8 = Sql("CAST(x'61ff62' AS TEXT)")
    surrogate = Sql("CAST(x'eda080' AS TEXT)")
    cut = Sql("CAST(x'f09fa6' AS TEXT)")
    nul = "before\0after"
    odd_texts = [not_utf8, surrogate, cut, nul, Sql("x'00ff'"), 5, 1.5, Sql("'text' || char(0)")]
    nasty(alias, zoo.Texts, ORDINARY_TEXTS, [{"text": text, "char_null": text} for text in odd_texts])
    odd_numbers = ["twelve", "", 1.5, Sql("x'0102'"), Sql("9e999"), not_utf8, " 12 "]
    nasty(alias, zoo.Numbers, ORDINARY_NUMBERS, [{"integer": number} for number in odd_numbers])
    odd_reals = [Sql("9e999"), Sql("-9e999"), 7, "a real", Sql("x'40'"), 9007199254740993]
    nasty(alias, zoo.Numbers, ORDINARY_NUMBERS, [{"real": real, "real_null": real} for real in odd_reals])
    insert(alias, zoo.Flags, *({"flag": flag, "flag_null": flag} for flag in (2, -1, "yes", 0.5)))
    odd_decimals = ["a price", 1.1, 12345678901234567890123.0, Sql("9e999"), "NaN", Sql("x'31'"), "1.10"]
    nasty(alias, zoo.Decimals, ORDINARY_DECIMALS, [{"price": value, "widest_null": value} for value in odd_decimals])
    times = {**ORDINARY_TIMES, "duration": 1}
    odd_dates = ["2026-02-30", "0000-00-00", "", "yesterday", 20260101, "2026-1-2", "10000-01-01", Sql("x'32303236'")]
    nasty(alias, zoo.Times, times, [{"date": date, "date_null": date} for date in odd_dates])
    odd_moments = ["2026-02-30 25:61:61", "2026-11-23", "2026-11-23T12:00:00Z", 1_700_000_000, 1.5, "now"]
    odd_moments += ["2026-11-23 12:00:00.1", "2026-11-23 12:00:00.123456789", "2026-11-23 12:00:00+02:00"]
    nasty(alias, zoo.Times, times, [{"moment": moment, "moment_null": moment} for moment in odd_moments])
    nasty(alias, zoo.Times, times, [{"time": time} for time in ("24:00:00", "12:00", "noon", 43200, "12:00:00.5")])
    nasty(alias, zoo.Times, times, [{"duration": span} for span in ("1 day", 1.5, "", -(2**63))])
    identities = {"uuid": uuid.UUID(int=5).hex, "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
    odd_uuids = ["12345678-1234-5678-9ABC-DEF012345678", "no uuid", "", 7, Sql("x'00'")]
    nasty(alias, zoo.Identities, identities, [{"uuid": value, "uuid_null": value} for value in odd_uuids])
    odd_ips = ["999.1.1.1", "", "10.0.0.0/8", "2001:DB8::1", 7]
    nasty(alias, zoo.Identities, identities, [{"ip": value, "ip_null": value} for value in odd_ips])
    nasty(alias, zoo.Identities, identities, [{"binary": value} for value in ("text", 5, 1.5, not_utf8)])
    whitespace = ['{ "a" : 1 }', '{"a": 1, "a": 2}', '"\\u00e9 \\ud83e\\udd93 \\ud800"', " null "]
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": v, "value_null": v} for v in EXACT_JSONS + whitespace])
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": Sql("7")}, {"value": Sql("1.5")}])
    insert(alias, zoo.KeyText, {"code": nul, "name": "NUL"}, {"code": not_utf8, "name": "no text"})
    insert(alias, zoo.KeyTextChild, {"parent": not_utf8, "note": "of no text"}, {"parent": nul, "note": "of NUL"})
