"""Strategies for segments: any filter within the limits, contacts with any JSON in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from mailtide.domain.contact import Contact
from mailtide.domain.segment import FIELDS, OPERATORS, And, Field, Filter, Kind, Not, Op, Or
from mailtide.domain.segment_parts import NEGATED, build

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LISTS = ("list1", "list2", "list3")

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)
words = st.sampled_from(["gmail", "GMAIL", "pro", "é", "2026-11-01", "2026-10-30T10:00:00+02:00"])
scalars = st.one_of(
    words,
    texts,
    st.integers(-3, 3),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
instants = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - the strategy wants bare ones
    datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
names = st.one_of(st.sampled_from(["plan", "age", "first name", "a.b"]), texts)
fields = st.one_of(
    st.sampled_from([Field(name) for name in FIELDS if name != "attributes"]),
    st.lists(names, min_size=1, max_size=3).map(lambda path: Field("attributes", tuple(path))),
)


@st.composite
def conditions(draw: st.DrawFn) -> Filter:
    """Draw one condition, or its opposite, that the checks accept."""
    field = draw(fields)
    op = draw(st.sampled_from(sorted(OPERATORS[field.kind])))
    value = draw(_values(field.kind, op))
    opposites = [word for word, negated in NEGATED.items() if negated is op]
    return build(field, draw(st.sampled_from([op.value, *opposites])), value)


def _values(kind: Kind, op: Op) -> st.SearchStrategy[Any]:
    """Return values of an operator, as JSON has them."""
    spans = st.one_of(
        st.fixed_dictionaries({"days": st.integers(1, 500)}),
        st.fixed_dictionaries({"hours": st.integers(1, 500)}),
    )
    if op in (Op.EXISTS, Op.WITHIN):
        return st.none() if op is Op.EXISTS else spans
    if kind is Kind.INSTANT:
        return instants.map(datetime.isoformat)
    plain = {Kind.LIST: st.sampled_from(LISTS), Kind.TEXT: st.one_of(words, texts)}.get(kind)
    if plain is None and op in (Op.STARTS_WITH, Op.ENDS_WITH):
        plain = st.one_of(words, texts)
    elif plain is None and op not in (Op.IS, Op.IN, Op.CONTAINS):
        plain = scalars.filter(lambda value: not isinstance(value, bool))
    plain = scalars if plain is None else plain
    return st.lists(plain, min_size=1, max_size=3) if op is Op.IN else plain


filters = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda of: And(tuple(of))),
        st.lists(inner, min_size=2, max_size=3).map(lambda of: Or(tuple(of))),
    ),
    max_leaves=6,
)

json_values = st.recursive(
    st.one_of(
        st.none(), scalars, st.integers(), st.just(10**400), st.just("0001-01-01T00:00+23:59")
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)
contacts = st.builds(
    Contact,
    org_id=st.just("acme"),
    contact_id=st.just("c1"),
    email=st.sampled_from(["ann@gmail.com", "bob@example.com"]),
    provider=st.sampled_from(["gmail", "other"]),
    created_at=instants,
    attributes=st.dictionaries(names, json_values, max_size=4),
    timezone=st.one_of(st.none(), st.just("Europe/Paris")),
    last_open_at=st.one_of(st.none(), instants),
    last_click_at=st.one_of(st.none(), instants),
    last_reply_at=st.one_of(st.none(), instants),
)
memberships = st.frozensets(st.sampled_from(LISTS))


def contact(**changes: Any) -> Contact:
    """Return a contact who signed up 100 days ago and opened a week ago."""
    values: dict[str, Any] = {
        "org_id": "acme",
        "contact_id": "c1",
        "email": "Ann@gmail.com",
        "provider": "gmail",
        "created_at": NOW - timedelta(days=100),
        "attributes": {
            "plan": "Pro",
            "age": 40,
            "vip": True,
            "tags": ["News", 7],
            "address": {"city": "Paris"},
            "renewed": "2026-11-20",
            "empty": "",
            "nothing": None,
        },
        "timezone": "Europe/Paris",
        "last_open_at": NOW - timedelta(days=7),
    }
    return Contact(**{**values, **changes})
