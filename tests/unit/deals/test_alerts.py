"""Alerts to sellers tell of one registration, and of no other partner."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.domain.deals.alerts import Alert, Happening, alerts_of, direct_on_protected
from hub.domain.deals.facts import Account, Facts, Match, Opportunity, Registration, Rival, Standing
from hub.domain.deals.states import Action, Status
from hub.domain.matching import Verdict
from hub.policy.secrecy import told_to_sellers
from hub.record.sell import ALERT_KINDS, SELLER_ALERT
from hub.record.values import Money, Value
from tests.unit.deals.test_engine import ANY_FACTS

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DEAL = UUID(int=7)
SAME = Match(verdict=Verdict.SAME)
VALUES: dict[str, Value] = {
    "name": "Warehouse to the cloud",
    "partner": UUID(int=8),
    "customer": UUID(int=9),
    "customer_name": "Nordlicht Logistik GmbH",
    "product_lines": ("cloud",),
    "amount": Money(20000, "EUR"),  # type: ignore[arg-type]
    "review_status": "approved",
}


def _step(*kinds: str, **values: Value) -> Happening:
    return Happening(DEAL, 3, {**VALUES, **values}, VALUES, [(UUID(int=20 + i), k, NOW) for i, k in enumerate(kinds)])


def _told(step: Happening, facts: Facts) -> list[Alert]:
    return list(alerts_of(step, facts, lambda kind, at: at))


def _facts() -> Facts:
    rival = Rival(id=str(UUID(int=66)), match=SAME, partner="p-brio", partner_name="Brio", status=Status.APPROVED)
    return Facts(
        now=NOW,
        registration=Registration(partner="p-alba"),
        standing=Standing(name="Alba"),
        rivals=(rival,),
        accounts=(Account(id=str(UUID(int=9)), match=SAME),),
        opportunities=(Opportunity(id=str(UUID(int=10)), match=SAME, name="Nordlicht direct"),),
    )


_kinds = st.sampled_from([*map(str, Action), "reminded_30_days", "approval_given"])


def _with_ids(facts: Facts) -> Facts:
    """Alerts lead to opportunities by their ids."""
    numbered = [replace(o, id=str(UUID(int=n))) for n, o in enumerate(facts.opportunities, 30)]
    return replace(facts, opportunities=tuple(numbered))


@given(ANY_FACTS.map(_with_ids), st.lists(_kinds, min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_no_alert_tells_of_another_partner(facts: Facts, kinds: list[str]) -> None:
    told = _told(_step(*kinds), facts)

    assert list(told_to_sellers(facts, [f"{a.subject}\n{a.body}" for a in told])) == []


def test_what_tells_of_another_partner_is_found() -> None:
    assert list(told_to_sellers(_facts(), ["Brio was first."])) == ["Brio"]


@given(st.lists(_kinds, min_size=1, max_size=3, unique=True))
@settings(max_examples=50, deadline=None)
def test_every_alert_has_a_kind_of_the_record_type_and_a_key_of_its_own(kinds: list[str]) -> None:
    told = _told(_step(*kinds), _facts())

    assert {a.kind for a in told} <= set(ALERT_KINDS)
    assert len({a.event_key for a in told}) == len(told)
    limit = SELLER_ALERT.fields["event_key"].length_limit or 0
    assert all(len(a.event_key) <= limit for a in told)


def test_the_same_step_has_the_same_keys_again() -> None:
    assert _told(_step("submit", "queue"), _facts()) == _told(_step("submit", "queue"), _facts())


def test_the_weightiest_comes_first() -> None:
    told = _told(_step("submit", "screen", "approve"), _facts())

    assert [a.kind for a in told] == [
        "registration_approved",
        "registration_approved",
        "registration_on_opportunity",
        "registration_on_account",
    ]


def test_a_direct_opportunity_is_told_to_its_owner_only_where_it_surely_is_the_same_customer() -> None:
    def sides(sure: bool) -> list[UUID | None]:
        told = direct_on_protected(
            deal=DEAL, values=VALUES, partner_name="Alba", opportunity=UUID(int=10), opportunity_name="Direct",
            account=UUID(int=9), sure=sure, due_at=None,
        )  # fmt: skip
        return [a.whose for a in told]

    assert sides(sure=True) == [UUID(int=10), None]
    assert sides(sure=False) == [None]
