"""Hand-written deal registrations, each judged by the shipped policy as its explanation says."""

from functools import cache
from pathlib import Path

import pytest

from hub.domain.deals.policy import Policy
from hub.domain.deals.rules import RULES
from hub.policy import SHIPPED, load_policy
from hub.policy.cases import Case, load_cases, try_case

_FILES = sorted((Path(__file__).parent / "deal_registration").glob("*.yaml"))
_CASES = [case for file in _FILES for case in load_cases(file)]


@cache
def _policy() -> Policy:
    return load_policy(SHIPPED).policy


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.file.rpartition('/')[2]}: {case.name}")
def test_a_registration_is_judged_as_the_case_explains(case: Case) -> None:
    tried = try_case(_policy(), case)

    assert tried.differences == (), case.explain


def test_there_are_many_cases_and_every_rule_fires_in_one() -> None:
    fired = {rule for case in _CASES for rule in case.expect.outcomes}

    assert len(_CASES) >= 60
    assert set(RULES) - fired == set()
    assert len({(case.file, case.name) for case in _CASES}) == len(_CASES)
