"""Policy files: what is refused, with file, line and rule, and which variant wins."""

from pathlib import Path

import pytest

from hub.domain.deals.outcomes import Kind
from hub.domain.deals.policy import Scope
from hub.domain.deals.rules import RULES
from hub.domain.deals.rules.gates import MinimumParams
from hub.policy import SHIPPED, PolicyError, load_policy
from hub.policy.cases import cases_beside, load_cases, try_case

HEAD = """version: 1
policy: deal_registration
edition: test
programs: [reseller, service]
tiers: [silver, gold]
regions: {dach: [DE, AT], nordics: [SE]}
calendar: {zone: Europe/Berlin, hours: {mon: ["09:00-17:00"]}}
"""


def _issues(rules: str, *, head: str = HEAD) -> list[tuple[int, str, str]]:
    with pytest.raises(PolicyError) as refused:
        load_policy(head + rules)
    return [(i.line, i.field, i.message) for i in refused.value.issues if i.level == "error"]


def test_the_shipped_policy_is_good_and_speaks_of_every_rule() -> None:
    loaded = load_policy(SHIPPED)

    assert loaded.warnings == ()
    assert set(loaded.policy.rules) == set(RULES)


def test_the_cases_beside_the_shipped_policy_come_out_as_expected() -> None:
    policy = load_policy(SHIPPED).policy

    assert [t.differences for c in load_cases(cases_beside(SHIPPED)) if (t := try_case(policy, c)).differences] == []


@pytest.mark.parametrize(
    ("rules", "line", "rule", "message"),
    [
        ("rules:\n  partner_activ: {}\n", 9, "partner_activ", "There is no rule of this name"),
        ("rules:\n  partner_active: {outcome: teaming}\n", 9, "partner_active", "cannot give teaming"),
        ("rules:\n  partner_active: {outcome: stop}\n", 9, "partner_active", "Input should be 'block'"),
        ("rules:\n  partner_active: {outcom: block}\n", 9, "partner_active", "'outcom' is not a key of the policy"),
        ("rules:\n  window:\n    params: {days: 90}\n", 10, "window", "Unexpected keyword argument"),
        ("rules:\n  window:\n    params: {protection_days: long}\n", 10, "window", "integer"),
        ("rules:\n  window: {reason_code: late}\n", 9, "window", "no reason code 'late'"),
        ("rules:\n  window: {text: 'Ask {rival}.'}\n", 9, "window", "may use only {customer}"),
        ("rules:\n  window: {text: 'Ask {customer.x}.'}\n", 9, "window", "may use only {customer}"),
        ("rules:\n  window: {when: registration.amount >}\n", 9, "window", "not valid CEL"),
        ("rules:\n  window: {when: rivals.size() > 0}\n", 9, "window", "uses rivals"),
        ("rules:\n  window: {when: 1 == 2}\n", 9, "window", "never holds"),
        (
            "rules:\n  window:\n    variants:\n      - for: {tier: [golden]}\n        outcome: notice\n",
            11,
            "window",
            "no tier 'golden'",
        ),
        (
            "rules:\n  window:\n    variants:\n      - for: {}\n        outcome: notice\n",
            11,
            "window",
            "names at least one",
        ),
        (
            "rules:\n  escalation: {enabled: true}\n  approval_sla: {enabled: false}\n",
            9,
            "escalation",
            "switched off",
        ),
        (
            "rules:\n  auto_approve:\n    params: {tiers: [gold], most: {EUR: 900}}\n  four_eyes:\n"
            "    params: {least: {EUR: 800}}\n",
            9,
            "auto_approve",
            "two people must approve",
        ),
        (
            "rules:\n  minimum_size:\n    params: {least: {EUR: 1000}}\n  auto_approve:\n"
            "    params: {tiers: [gold], most: {EUR: 900}}\n",
            9,
            "minimum_size",
            "less than 1000 is refused",
        ),
        (
            "rules:\n  value_add_teaming: {enabled: false}\n  named_account: {outcome: teaming}\n",
            9,
            "value_add_teaming",
            "named_account gives teaming",
        ),
        (
            "rules: {}\ncustom:\n  - {name: a, when: standing.sanctioned, outcome: block, internal: x, text: y}\n"
            "  - {name: b, when: 'standing.sanctioned ', outcome: notice, internal: x, text: y}\n",
            11,
            "b",
            "same condition as a",
        ),
        (
            "rules: {}\ncustom:\n  - {name: window, when: standing.sanctioned, outcome: block, internal: x, text: y}\n",
            10,
            "window",
            "A rule of the catalogue has this name",
        ),
        (
            "rules: {}\ncustom:\n  - {name: a, when: 'true', outcome: block, internal: x, text: y}\n",
            10,
            "a",
            "always true",
        ),
    ],
)
def test_a_fault_is_told_with_its_line_and_rule(rules: str, line: int, rule: str, message: str) -> None:
    found = _issues(rules)

    assert [(i[0], i[1]) for i in found if message in i[2]] == [(line, rule)], found


def test_equally_specific_variants_that_overlap_need_an_order() -> None:
    rules = """rules:
  window:
    variants:
      - for: {tier: [gold]}
        params: {protection_days: 120}
      - for: {program: [service]}
        params: {protection_days: 60}
"""
    assert [(line, rule) for line, rule, text in _issues(rules) if "give one of them an order" in text] == [
        (13, "window")
    ]
    ordered = load_policy(HEAD + rules + "        order: 1\n").policy
    assert ordered.rules["window"].setting(Scope("service", "gold", None, "resale")).params == (
        ordered.rules["window"].variants[1].setting.params
    )


def test_a_variant_that_more_specific_ones_always_beat_is_never_used() -> None:
    rules = """rules:
  window:
    variants:
      - for: {tier: [gold], program: [service]}
        outcome: notice
      - for: {tier: [gold], program: [service]}
        order: 1
        outcome: review
"""
    assert [(line, text) for line, _, text in _issues(rules)] == [
        (11, "This variant can never be used: more specific ones, such as variant 2, always win.")
    ]


def test_the_most_specific_variant_wins_and_keeps_what_it_does_not_say() -> None:
    policy = load_policy(SHIPPED).policy

    def least(scope: Scope) -> int:
        params = policy.settings(scope)["minimum_size"].params
        assert isinstance(params, MinimumParams)
        return int(params.least["EUR"])

    assert least(Scope("reseller", "gold", "dach", "resale")) == 5000
    assert least(Scope("reseller", "platinum", "dach", "resale")) == 2500
    assert least(Scope("reseller", "gold", "dach", "services")) == 1000
    assert least(Scope("reseller", "platinum", None, "services")) == 1000
    assert policy.settings(Scope("reseller", "platinum"))["minimum_size"].outcome is Kind.BLOCK


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("Europe/Berlin", "Europe/Bonn", 7, "no time zone"),
        ('{mon: ["09:00-17:00"]}', "{}", 7, "at least one weekday"),
        ('"09:00-17:00"', '"17:00-09:00"', 7, "in order"),
        ("nordics: [SE]", "nordics: [SE, DE]", 6, "DE lies in dach already"),
        ("nordics: [SE]", "nordics: [Sweden]", 6, "'Sweden' is not a name"),
    ],
)
def test_a_fault_above_the_rules_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    found = _issues("rules: {}\n", head=HEAD.replace(old, new))

    assert [i[0] for i in found if message in i[2]] == [line], found


def test_a_rule_that_the_file_leaves_out_is_told_as_a_warning() -> None:
    warnings = load_policy(HEAD + "rules:\n  window: {}\n").warnings

    assert {w.field for w in warnings} == set(RULES) - {"window"}
    assert {w.level for w in warnings} == {"warning"}


def test_a_case_with_an_unknown_fact_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "p.cases.yaml"
    file.write_text(
        "version: 1\nfacts: {now: 2026-11-24T10:00:00Z, registration: {partner: p}}\ncases:\n  - name: a\n"
        "    explain: b\n    facts: {registration: {prize: 3}}\n"
        "    expect: {verdict: pass, next: queue, outcomes: {}}\n"
    )
    with pytest.raises(PolicyError, match=r"p\.cases\.yaml:6 a: .*prize.*registration"):
        load_cases(file)
