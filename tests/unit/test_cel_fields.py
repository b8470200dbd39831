"""An expression sees only the fields that it names, and means the same as if it saw all of them."""

import pytest

from hub.domain.cel import Expression

_VALUES = {
    "deal": {"kind": "renewal", "proofs": [{"kind": "letter"}], "amount": 5, "name": "its deal.secret", "none": None},
    "partner": {"tier": "gold", "deal": 7},
}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('deal.kind == "renewal" && size(deal.proofs) == 1', {"kind", "proofs"}),
        ("has(deal.amount) && !has(deal.nothing) && deal.none == null", {"amount", "nothing", "none"}),
        ("deal.proofs.exists(p, p.kind == 'letter')", {"proofs"}),
        ("partner.deal == 7 && deal . amount == 5", {"amount"}),
        (r"deal.name == 'its deal.secret' && 'it\'s deal[x]' != deal.kind", {"name", "kind"}),
        ('deal["kind"] == "renewal"', None),
        ("size(deal) == 5", None),
        ("deal.size() == 5", None),
        ("[1, 2].exists(n, n == size(deal) - 3)", None),
        ("deal.amount == 5 // don't", None),
        (r'r"\" != deal.kind', None),
    ],
)
def test_which_fields_are_seen_changes_no_result(text: str, fields: set[str] | None) -> None:
    expression = Expression(text, variables=frozenset(_VALUES))
    assert expression._fields["deal"] == (None if fields is None else frozenset(fields))
    assert expression.evaluate(_VALUES) is True
