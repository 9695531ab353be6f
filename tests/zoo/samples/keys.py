"""Primary keys of every kind, and references to them."""

import uuid
from decimal import Decimal

from tests.zoo import models as zoo
from tests.zoo.samples.literals import (
    MOMENTS,
    REALS,
)
from tests.zoo.samples.writing import concern, create, insert, past_given_keys, vendor


@concern
def keys(alias: str) -> None:
    """Keys of every kind, the ends of their ranges, gaps, and references to each."""
    # Ids given and none asked for: where counters outlive a flush, the small one would run out after some fillings.
    for model, top in ((zoo.KeySmall, 2**15 - 1000), (zoo.KeyAuto, 2**31 - 1000), (zoo.KeyBig, 2**63 - 1000)):
        insert(alias, model, *({"id": pk, "name": f"number {pk}"} for pk in (1, 2, top, -5)))
        past_given_keys(alias, model)
    uuids = [zoo.KeyUuid(id=uuid.UUID(int=n), name=str(n)) for n in (0, 1, 2**127, 2**128 - 1)]
    words = ["a", "Ä b", "日本", "with space", "slash/and?query", "0", "00", "quote'\"d", "x" * 100]
    # Case, accents and trailing spaces: MariaDB's usual collation takes these for one key.
    words += [] if vendor(alias) == "mysql" else ["A", "á", "a ", "", "e\u0301", "\u00e9"]
    texts = [zoo.KeyText(code=word, name=f"text {place}") for place, word in enumerate(words)]
    moments = [zoo.KeyMoment(at=moment, name=f"moment {place}") for place, moment in enumerate(MOMENTS)]
    amounts = [zoo.KeyDecimal(amount=Decimal(a), name=a) for a in ("0", "-1.5", "0.0000000001", "99999999999999.25")]
    numbers = [zoo.KeyNumber(number=n, name=str(n)) for n in (0, -1, 7, 2**63 - 1, -(2**63))]
    create(alias, *uuids, *texts, *moments, *amounts, *numbers)
    chained = [zoo.KeyOneToOne(number=number, name=f"chained to {number.pk}") for number in numbers[:3]]
    children = [zoo.KeyTextChild(parent=text, note=f"child of {text.code}"[:50]) for text in texts]
    create(alias, *chained, *children, zoo.KeyRing())
    for place in range(4):
        ring = zoo.KeyRing(
            uuid=uuids[place],
            text=texts[place],
            moment=moments[place],
            decimal=amounts[place],
            number=numbers[place],
            chain=chained[place % 3],
        )
        create(alias, ring)
        ring.uuids.set(uuids[place:])
        ring.texts.set(texts[place:])
        ring.moments.set(moments[place:])
        ring.decimals.set(amounts[place:])


@concern
def foreign_keys_of_a_foreign_class(alias: str) -> None:
    """In an order of their texts, which is not that of the pairs; one of them as its field would not write it."""
    pairs = [zoo.KeyPair(pair=pair, name=str(pair)) for pair in ((10, 1), (2, 1), (-1, 0))]
    create(alias, *pairs)
    insert(alias, zoo.KeyPair, {"pair": "007|1", "name": "with zeros"})
    create(alias, *(zoo.KeyPairChild(parent=pair, only=pair) for pair in pairs))
    insert(alias, zoo.KeyPairChild, {"parent": "007|1", "only": None})


@concern
def composite_keys(alias: str) -> None:
    """Composite keys; a nullable reference that shares a column with the key."""
    tenants = [zoo.Tenant(name=name) for name in ("North", "South")]
    create(alias, *tenants)
    for tenant in tenants:
        members = [zoo.Member(tenant=tenant, id=number, name=f"Member {number}") for number in (0, 1, 2)]
        create(alias, *members)
        posts = [
            zoo.Post(tenant=tenant, id=uuid.UUID(int=tenant.pk * 100 + m.id), author=m, title="By") for m in members
        ]
        nobody = zoo.Post(tenant=tenant, id=uuid.UUID(int=tenant.pk * 100 + 50), author_id=None, title="By nobody")
        create(alias, *posts, nobody)
    for sensor in ("a", "ß"):
        create(alias, *(zoo.Reading(sensor=sensor, at=at, value=v) for at, v in zip(MOMENTS, REALS, strict=False)))
    create(alias, zoo.Reading(sensor="broken", at=MOMENTS[0], value=None))


@concern
def gaps(alias: str) -> None:
    """Ids that were given out and whose rows have gone: the next id is more than the greatest plus one."""
    rows = [zoo.JustKey() for _ in range(10)]
    create(alias, *rows)
    for row in rows[2:3] + rows[6:]:
        zoo.JustKey._base_manager.using(alias).filter(pk=row.pk).delete()


@concern
def key_zero(alias: str) -> None:
    """On MariaDB a key of 0 asks for the next one, so `only_mariadb` writes it."""
    if vendor(alias) != "mysql":
        insert(alias, zoo.KeyBig, {"id": 0, "name": "zero"})
        insert(alias, zoo.Author, {"id": 0, "name": "zero", "code": "zero"})
