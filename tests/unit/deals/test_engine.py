"""Laws of the rule engine that hold for any facts."""

import string
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.deals.engine import evaluate
from hub.domain.deals.facts import (
    Activity,
    DealType,
    Exclusivity,
    Facts,
    Freshness,
    Incumbent,
    Lead,
    Match,
    NamedAccount,
    Opportunity,
    Preference,
    Registration,
    Rival,
    Standing,
    Tender,
)
from hub.domain.deals.outcomes import Decision, Kind
from hub.domain.deals.policy import Policy
from hub.domain.deals.rules import RULES
from hub.domain.deals.states import Status
from hub.domain.matching import Verdict
from hub.policy import SHIPPED, load_policy
from hub.policy.secrecy import revealed, secrets_of
from hub.record.values import Money

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)

_secret = st.text(string.ascii_lowercase, min_size=6, max_size=10).map(lambda s: f"Zq{s}")
_lines = st.lists(st.sampled_from(["cloud", "core", "security"]), max_size=3, unique=True).map(tuple)
_moment = st.integers(-500, 200).map(lambda days: NOW + timedelta(days=days))
_day = st.none() | st.integers(-500, 500).map(lambda days: date(2026, 11, 24) + timedelta(days=days))
_cents = st.integers(100, 10**9).map(lambda cents: Decimal(cents) / 100)
_amount = st.none() | st.builds(Money, _cents, st.just("EUR"))
_deal_type = st.sampled_from(get_args(DealType))


def _match(verdicts: list[Verdict]) -> st.SearchStrategy[Match]:
    return st.builds(Match, verdict=st.sampled_from(verdicts), score=st.none() | st.floats(-20, 40))


def _facts(verdicts: list[Verdict]) -> st.SearchStrategy[Facts]:
    """Any facts in which everything about others is a word that no text contains by chance."""
    match = _match(verdicts)
    partner = st.sampled_from(["p-alba", "p-dist"]) | _secret
    rival = st.builds(
        Rival,
        id=_secret,
        match=match,
        partner=partner,
        partner_name=_secret,
        on_behalf_of=st.none() | partner,
        status=st.sampled_from(Status),
        deal_type=_deal_type,
        customer_name=_secret,
        product_lines=_lines,
        amount=_amount,
        close_date=_day,
        contact_name=_secret,
        contact_email=_secret.map(lambda s: f"{s}@example.org"),
        eligible_at=st.none() | _moment,
        ended_at=st.none() | _moment,
        priority=st.none() | st.integers(1, 9),
    )
    opportunity = st.builds(
        Opportunity,
        id=_secret,
        match=match,
        name=_secret,
        owner=_secret,
        amount=_amount,
        product_lines=_lines,
        is_open=st.booleans(),
        is_direct=st.booleans(),
        last_activity=_day,
        created_at=st.none() | _moment,
    )
    return st.builds(
        Facts,
        now=st.just(NOW),
        registration=_registrations(),
        standing=st.builds(
            Standing,
            program=st.sampled_from(["reseller", "distribution", "service", None]),
            tier=st.sampled_from(["silver", "gold", "platinum", None]),
            contract_signed=st.booleans(),
            sanctioned=st.booleans(),
        ),
        rivals=_few(rival),
        opportunities=_few(opportunity),
        activities=_few(st.builds(Activity, id=_secret, match=match, happened_at=_moment, owner=_secret)),
        named_accounts=_few(
            st.builds(
                NamedAccount,
                id=_secret,
                match=match,
                reserved_for=st.sampled_from(["direct", "partner"]),
                partner=st.none() | partner,
                owner=_secret,
            )
        ),
        tenders=_few(st.builds(Tender, id=_secret, match=match, product_lines=_lines, published_on=_day)),
        incumbents=_few(
            st.builds(Incumbent, id=_secret, match=match, partner=st.none() | _secret, product_line=st.just("cloud"))
        ),
        leads=_few(st.builds(Lead, id=_secret, match=match, partner=_secret, received_at=_moment)),
        exclusivities=_few(
            st.builds(Exclusivity, partner=_secret, product_line=st.just("cloud"), country=st.just("DE"))
        ),
        preferences=_few(st.builds(Preference, partner=partner)),
        crm=_few(st.builds(Freshness, system=st.just("crm"), observed_at=st.none() | _moment)),
    )


def _registrations() -> st.SearchStrategy[Registration]:
    return st.builds(
        Registration,
        partner=st.just("p-alba"),
        status=st.sampled_from(Status),
        deal_type=_deal_type,
        customer_name=st.sampled_from(["Nordlicht Logistik GmbH", ""]),
        country=st.sampled_from(["DE", "US", None]),
        product_lines=_lines,
        amount=_amount,
        close_date=_day,
        renewal=st.booleans(),
        public_sector=st.booleans(),
        value_add=st.none() | st.just("Migration"),
        decided_at=st.none() | _moment,
        protection_until=st.none() | _moment,
        priority=st.none() | st.integers(1, 9),
        eligible_at=st.none() | _moment,
    )


def _few(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=2).map(tuple)


ANY_FACTS = _facts(list(Verdict))


@cache
def _policy() -> Policy:
    return load_policy(SHIPPED).policy


@given(ANY_FACTS)
@settings(max_examples=100, deadline=None)
def test_no_text_for_the_partner_tells_of_anybody_else(facts: Facts) -> None:
    decision = evaluate(_policy(), facts)

    hidden = secrets_of(facts) - {"p-alba"}
    texts = " ".join(o.message_partner for o in decision.outcomes).casefold()
    assert [value for value in hidden if value.casefold() in texts and value != _own_amount(facts)] == []
    assert list(revealed(facts, decision)) == []


@given(ANY_FACTS)
@settings(max_examples=60, deadline=None)
def test_every_rule_speaks_exactly_once_and_the_gravest_is_the_verdict(facts: Facts) -> None:
    policy = _policy()
    decision = evaluate(policy, facts)

    assert sorted(o.rule for o in decision.outcomes) == sorted([*RULES, *(rule.name for rule in policy.custom)])
    assert decision.verdict.gravity == max(o.outcome.gravity for o in decision.outcomes)
    assert all(o.message_partner and o.message_internal for o in decision.fired())
    assert {o.version for o in decision.outcomes} == {policy.version}
    if decision.auto_approve:
        assert decision.approvals == 1
        assert all(o.outcome in (Kind.PASS, Kind.NOTICE) for o in decision.outcomes)


@given(ANY_FACTS)
@settings(max_examples=30, deadline=None)
def test_the_same_facts_give_the_same_decision_also_after_being_stored(facts: Facts) -> None:
    again = msgspec.json.decode(msgspec.json.encode(facts), type=Facts)
    decision = evaluate(_policy(), facts)

    assert again == facts
    assert evaluate(_policy(), again) == decision
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@given(_facts([Verdict.REVIEW, Verdict.FAMILY, Verdict.DIFFERENT]))
@settings(max_examples=100, deadline=None)
def test_without_a_sure_match_no_other_registration_or_seller_blocks_a_partner(facts: Facts) -> None:
    decision = evaluate(_policy(), facts)

    # A sole right is a right to a country and a line: it knows no customer.
    blocking = {o.rule for o in decision.outcomes if o.group == "conflict" and o.outcome is Kind.BLOCK}
    assert blocking <= {"territory_exclusive"}


@given(ANY_FACTS)
@settings(max_examples=30, deadline=None)
def test_an_old_crm_never_leaves_a_decision_to_a_machine(facts: Facts) -> None:
    old = msgspec.structs.replace(facts, crm=(Freshness(system="crm", observed_at=NOW - timedelta(days=1)),))

    assert not evaluate(_policy(), old).auto_approve


def test_a_condition_without_a_result_is_looked_at_by_a_person() -> None:
    policy = _policy()
    text = policy.custom[0]
    broken = replace(text, when=type(text.when)("registration.nowhere == 1", variables=frozenset({"registration"})))
    facts = Facts(now=NOW, registration=Registration(partner="p-alba"))

    decision = evaluate(replace(policy, custom=(broken,)), facts)

    assert decision.of(text.name).outcome is Kind.REVIEW


def test_what_the_hub_does_not_know_is_no_reproach_to_the_partner() -> None:
    claim = Registration(partner="p-alba", product_lines=("cloud",))
    unknown = Facts(now=NOW, registration=claim, standing=Standing(authorised=None))

    told = evaluate(_policy(), unknown).of("authorised").message_partner

    assert told == "We are checking your authorisation for cloud."


def _own_amount(facts: Facts) -> str | None:
    amount = facts.registration.amount
    return str(amount.amount) if amount else None
