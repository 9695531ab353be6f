"""Rows of the zoo with any values that all three kinds of database hold, for Hypothesis."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tests.zoo import models as zoo

MODELS = [zoo.Numbers, zoo.Flags, zoo.Decimals, zoo.Texts, zoo.Times, zoo.Identities, zoo.Json, zoo.KeyUuid]
TABLES = [model._meta.db_table for model in MODELS]

# No NUL, which PostgreSQL does not take; no surrogates, which are no text.
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
texts = st.text(characters, max_size=20)
words = texts.map(lambda text: text[:50])
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
).filter(lambda value: value is not None)  # that would be SQL NULL
moments = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 (the zone is given beside)
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
spans = st.timedeltas(timedelta(days=-(10**8)), timedelta(days=10**8))
# Of as many digits as SQLite keeps; -0.0 it does not keep.
prices = st.decimals(Decimal("-9999999999.99"), Decimal("9999999999.99"), places=2)
wide = st.integers(-(10**14), 10**14).map(lambda number: Decimal(number).scaleb(-7))


def both(**values):
    """For each column and its nullable twin."""
    return {**values, **{f"{name}_null": st.none() | value for name, value in values.items()}}


rows = st.one_of(
    st.builds(
        zoo.Numbers,
        **both(
            small=st.integers(-(2**15), 2**15 - 1),
            integer=st.integers(-(2**31), 2**31 - 1),
            big=st.integers(-(2**63), 2**63 - 1),
            positive_small=st.integers(0, 2**15 - 1),
            positive=st.integers(0, 2**31 - 1),
            positive_big=st.integers(0, 2**63 - 1),
            real=st.floats(allow_nan=False, allow_infinity=False).map(lambda real: real or 0.0),
        ),
    ),
    st.builds(zoo.Flags, **both(flag=st.booleans())),
    st.builds(
        zoo.Decimals,
        whole=st.integers(-(10**14), 10**14).map(Decimal),
        fraction=st.integers(-(10**14), 10**14).map(lambda number: Decimal(number).scaleb(-30)),
        **both(price=prices, widest=wide),
    ),
    st.builds(zoo.Texts, **both(**dict.fromkeys(("char", "text", "slug", "email", "url", "file_path", "file"), texts))),
    st.builds(zoo.Times, **both(date=st.dates(), moment=moments, time=st.times(), duration=spans)),
    st.builds(
        zoo.Identities,
        ip4=st.ip_addresses(v=4).map(str),
        ip4_null=st.none() | st.ip_addresses(v=4).map(str),
        **both(uuid=st.uuids(version=4), ip=st.ip_addresses().map(str), binary=st.binary(max_size=30)),
    ),
    st.builds(zoo.Json, tagged=jsons, tagged_null=st.none() | jsons, **both(value=jsons)),
    st.builds(zoo.KeyUuid, id=st.uuids(version=4), name=words),
)
