"""What only PostgreSQL holds."""

import uuid

from django.db import connections

from tests.routers import postgresql_has
from tests.zoo import models as zoo
from tests.zoo.samples.literals import (
    EXACT_JSONS,
    ORDINARY_DECIMALS,
    ORDINARY_JSON,
    ORDINARY_NUMBERS,
    ORDINARY_TEXTS,
    ORDINARY_TIMES,
)
from tests.zoo.samples.writing import concern, empty, insert, nasty, vendor
from tests.zoo_postgres import models as second


@concern
def only_postgresql(alias: str) -> None:
    """What PostgreSQL has and Python has not: infinite and ancient times, NaN, networks, months, exact JSON numbers."""
    if vendor(alias) != "postgresql":
        return
    times = {**ORDINARY_TIMES, "moment": "2026-11-23 12:00:00+00", "duration": "0"}
    odd_dates = ["infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "5874897-12-31", "10000-01-01"]
    nasty(alias, zoo.Times, times, [{"date": date, "date_null": date} for date in odd_dates])
    odd_moments = ["infinity", "-infinity", "0044-03-15 12:00:00.000001+00 BC", "4713-01-01 00:00:00+00 BC"]
    odd_moments += ["294276-12-31 23:59:59.999999+00", "10000-01-01 00:00:00+00", "1880-01-01 00:00:00+00"]
    nasty(alias, zoo.Times, times, [{"moment": moment, "moment_null": moment} for moment in odd_moments])
    nasty(alias, zoo.Times, times, [{"time": "24:00:00", "time_null": "24:00:00"}])
    odd_spans = ["1 month", "-1 year 2 mons -3 days 04:05:06.000007", "178000000 years", "1 day -23:59:59", "30 days"]
    odd_spans += ["720:00:00", "-1 microsecond", "1 mon 30 days 24:00:00"]
    nasty(alias, zoo.Times, times, [{"duration": span, "duration_null": span} for span in odd_spans])
    odd_reals = ["NaN", "Infinity", "-Infinity"]
    nasty(alias, zoo.Numbers, ORDINARY_NUMBERS, [{"real": real, "real_null": real} for real in odd_reals])
    nasty(alias, zoo.Decimals, ORDINARY_DECIMALS, [{"price": "NaN", "widest_null": "NaN", "whole": "NaN"}])
    identities = {"uuid": str(uuid.UUID(int=5)), "ip": "::1", "ip4": "10.0.0.1", "binary": b""}
    odd_ips = ["10.1.2.3/8", "10.0.0.0/8", "2001:db8::1/64", "::/0", "::ffff:1.2.3.4/128"]
    nasty(alias, zoo.Identities, identities, [{"ip": value, "ip_null": value} for value in odd_ips])
    nasty(alias, zoo.Json, ORDINARY_JSON, [{"value": value, "value_null": value} for value in [*EXACT_JSONS, "null"]])
    nasty(alias, zoo.Texts, ORDINARY_TEXTS, [{"char": "trailing   ", "text": "\\N\t\\.\n"}])


@concern
def second_house(alias: str) -> None:
    """Every column type of django.contrib.postgres, and those beyond it."""
    if vendor(alias) != "postgresql":
        return
    _arrays(alias)
    _ranges(alias)
    _other_types(alias)
    _tables_of_others_on_postgresql(alias)
    if postgresql_has("hstore"):
        insert(
            alias,
            second.Hstores,
            {"pairs": "", "pairs_null": None},
            {"pairs": '"a"=>"1", "b"=>NULL, ""=>"", "é \\"q\\" \\\\"=>"=> ,🦓"', "pairs_null": '"null"=>"NULL"'},
        )
    if postgresql_has("xml"):
        insert(alias, second.Markup, {"xml": "<zoo name='é'>&amp;</zoo>"}, {"xml": "two<a/>roots <!-- -->"})
    if postgresql_has("citext"):
        insert(alias, second.Caseless, {"word": "Zebra"}, {"word": "ÉMEU"})


def _arrays(alias: str) -> None:
    empty = dict.fromkeys((field.name for field in second.Arrays._meta.local_concrete_fields[1:]), "{}")
    full = {
        "numbers": "{1,-2,2147483647}",
        "texts": '{NULL,"NULL","",null,"quote\\"d","back\\\\slash","{}","a,b"," ","Ünï 🦓","line\n"}',
        "moments": '{"2026-11-23 12:00:00.000001+00",infinity,-infinity,"0044-03-15 00:00:00+00 BC",NULL}',
        "nested": "{{1,NULL},{3,4}}",
        "decimals": "{1.10000,NaN,-0.00001,999999999999999.99999}",
        "fixed": "{a,b,c}",
        "flags": "{t,f}",
        "reals": "{NaN,Infinity,-0,5e-324,0.1}",
        "uuids": "{00000000-0000-0000-0000-000000000001}",
        "jsons": '{"null","1.10","{\\"a\\": [1]}",NULL}',
        "binaries": '{"\\\\x00ff","\\\\x"}',
        "durations": '{"1 mon","-1 days +00:00:01"}',
        "pairs": '{"1|2","-3|4"}',
        "numbers_null": "{NULL,1}",
        "texts_null": "{NULL}",
    }
    odd = [
        {"numbers": "[5:7]={1,2,3}"},
        {"nested": "[0:1][2:3]={{1,2},{3,4}}"},
        {"numbers_null": None, "texts_null": None},
    ]
    insert(alias, second.Arrays, empty, full, *({**full, **values} for values in odd))


def _ranges(alias: str) -> None:
    ordinary = {
        "integers": "[1,10)",
        "bigs": "[1,9223372036854775807)",
        "decimals": "(1.10,2.500]",
        "moments": "[2026-11-23 12:00:00.000001+00,2026-11-24 00:00:00+00)",
        "dates": "[2026-11-23,2026-11-30)",
        "closed": "[1.0,2.0]",
        "several": '{"[1,2)",empty,"(,)"}',
    }
    odd = [
        dict.fromkeys(ordinary, "empty") | {"several": "{}"},
        dict.fromkeys(ordinary, "(,)") | {"several": "{NULL}"},
        {**ordinary, "integers": "[5,)", "bigs": "(,-5)", "decimals": "(,0]", "moments": "[infinity,)", "dates": "(,)"},
        {**ordinary, "moments": '["0044-03-15 00:00:00+00 BC",infinity]', "dates": "[0044-03-15 BC,infinity)"},
        {**ordinary, "decimals": "[-Infinity,NaN]", "closed": "[1,1]", "integers_null": "[1,2)", "bigs_null": "empty"},
        {**ordinary, "decimals_null": "[0,0]", "moments_null": "(,)", "dates_null": "empty"},
    ]
    insert(alias, second.Ranges, ordinary, *odd)


def _other_types(alias: str) -> None:
    vector = "'the':1A,5B 'it''s':2 'zebra':3,4 'back\\\\slash'"
    insert(alias, second.Search, {"words": vector, "words_null": vector}, {"words": "", "words_null": None})
    long = "1234567890" * 40
    unlimited = ["0", "1.10", "1.1000000000", f"{long}.{long}", "1E-400", "NaN", "-0.0"]
    for number in unlimited:
        insert(
            alias, second.Unlimited, {"number": number, "number_null": number, "long": number if "E" in number else "1"}
        )
    insert(
        alias,
        second.Unlimited,
        {"number": "Infinity", "number_null": "-Infinity", "long": f"{long}.{long}"},
        {"number": "7", "number_null": None, "long": "NaN"},
    )
    foreign = {
        "mac": "08:00:2b:01:02:03",
        "point": "(1.5,-2)",
        "bits": "B101",
        "network": "10.0.0.0/8",
        "plain_json": '{ "a": 1.10,  "a": 2 }',
        "query": "'fat' & ( 'rat' | !'cat':* )",
        "zoned_time": "12:00:00.000001+05:45",
        "naive": "2026-10-25 02:30:00.000001",
        "real": "0.1",
        "money": "1234.50",
        "padded": "ab",
        "mood": "glad",
        "moods": '{glad,"it\'s, \\"bad\\"",NULL}',
        "positive": "5",
        "pair": '(1,"a ""word"", é")',
        "many": "{[1,3),[5,9)}",
        "days": "1 day 02:03:04.005",
    }
    odd = {"naive": "infinity", "real": "NaN", "money": "-0.01", "padded": "", "pair": "(,)", "many": "{}", "bits": ""}
    odd |= {"mood": 'it\'s, "bad"', "moods": "{}", "query": ""}
    insert(alias, second.Foreign, foreign, foreign | odd)
    row = {"room": 1, "during": "[2026-11-23,2026-11-24)", "position": 2}
    insert(alias, second.Reserved, row, row | {"during": "[2026-11-24,2026-11-25)", "position": 1})


def _tables_of_others_on_postgresql(alias: str) -> None:
    empty(alias, second.AlwaysIdentity, second.Serial, second.Partitioned)
    insert(alias, second.AlwaysIdentity, {"name": "first"}, {"name": "second"})
    insert(alias, second.Serial, {"name": "counted down"}, {"name": "further"})
    insert(
        alias, second.Partitioned, {"id": 1, "name": "low"}, {"id": 1000, "name": "high"}, {"id": -1, "name": "below"}
    )
    with connections[alias].cursor() as cursor:
        cursor.execute("DELETE FROM zoo_elsewhere.thing")
        cursor.execute("INSERT INTO zoo_elsewhere.thing (name) VALUES ('elsewhere'), ('too')")
        cursor.execute("REFRESH MATERIALIZED VIEW zoo_materialized")
