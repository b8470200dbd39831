"""What evidence suffices for which verdict."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.matching import (
    Verdict,
    decide,
    default_weights,
    organization_features,
    parse_weights,
    person_features,
    score,
)

ACME = {
    "legal_name": "Acme Networks GmbH", "street": "Hauptstraße 12", "postal_code": "10115", "city": "Berlin",
    "country": "DE", "phone": "+49 30 901820", "website_domain": "acme.example", "vat_number": "DE136695976",
}  # fmt: skip
ANN = {"first_name": "Ann", "last_name": "Lee", "email": "ann.lee@acme.example", "phone": "+49 30 9018201"}


def only(record: Mapping[str, object], *fields: str, **changed: object) -> dict[str, object]:
    return {field: record[field] for field in fields} | changed


def verdict(a: Mapping[str, object], b: Mapping[str, object]) -> Verdict:
    weights = default_weights()
    return decide(score(organization_features(a), organization_features(b), weights=weights), weights=weights)


def person_verdict(a: Mapping[str, object], b: Mapping[str, object]) -> Verdict:
    weights = default_weights()
    return decide(score(person_features(a), person_features(b), weights=weights), weights=weights)


@pytest.mark.parametrize(
    "b",
    [
        only(ACME, "vat_number"),
        only(ACME, "legal_name", "website_domain"),
        only(ACME, "legal_name", "phone", "street"),
        only(ACME, "website_domain", "phone", legal_name="Acme"),
        only(ACME, "vat_number", "city", legal_name="ACME Netwroks"),
        {**ACME, "street": "Seestraße 99", "postal_code": "80331", "city": "München"},
    ],
)
def test_an_identifier_or_a_name_with_a_way_to_reach_it_is_the_same(b: dict[str, object]) -> None:
    assert verdict(ACME, b) is Verdict.SAME


@pytest.mark.parametrize(
    "b",
    [
        only(ACME, "phone", "street", legal_name="Zenith Foods"),
        only(ACME, "website_domain", legal_name="Zenith Foods"),
        only(ACME, "vat_number", legal_name="Zenith Foods"),
        only(ACME, "website_domain", "legal_name", street="Seestraße 99", postal_code="80331"),
    ],
)
def test_a_denying_name_or_another_site_keeps_two_records_from_being_the_same(b: dict[str, object]) -> None:
    assert verdict(ACME, b) in {Verdict.REVIEW, Verdict.FAMILY}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"legal_name": "Acme Networks GmbH", "country": "DE"}, {"legal_name": "Acme Networks Ltd", "country": "GB"}),
        ({"legal_name": "Acme Networks", "country": "DE"}, {"legal_name": "Acme Networks", "country": "AT"}),
        ({"legal_name": "ООО Акме", "country": "RU"}, {"legal_name": "Acme Networks", "country": "KZ"}),
    ],
)
def test_one_domain_in_two_countries_is_a_family(one: dict[str, object], other: dict[str, object]) -> None:
    shared = only(ACME, "website_domain")

    assert verdict({**shared, **one}, {**shared, **other}) is Verdict.FAMILY


def test_one_name_in_two_countries_is_no_family() -> None:
    named = only(ACME, "legal_name")

    assert verdict({**named, "country": "DE"}, {**named, "country": "AT"}) is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("Acme Networks AG", Verdict.REVIEW),
        ("Acme Networks GmbH & Co. KG", Verdict.REVIEW),
        ("Acme Networks", Verdict.SAME),
        ("Acme Networks Ltd.", Verdict.SAME),
        ("Acme Networks Co.", Verdict.SAME),
    ],
)
def test_a_contradicting_legal_form_asks_a_person_and_a_compatible_one_does_not(other: str, expected: Verdict) -> None:
    here = only(ACME, "legal_name", "website_domain", "street", "postal_code", "phone")

    assert verdict(here, {**here, "legal_name": other}) is expected


def test_an_identifier_outweighs_a_contradicting_legal_form() -> None:
    assert verdict(ACME, {**ACME, "legal_name": "Acme Networks AG"}) is Verdict.SAME


def test_another_valid_vat_number_makes_two_records_at_most_a_family() -> None:
    assert verdict(ACME, {**ACME, "vat_number": "DE129273398"}) is Verdict.FAMILY


def test_identifiers_that_contradict_each_other_wait_for_a_person() -> None:
    both = {**ACME, "duns": "150483782"}

    assert verdict(both, {**both, "duns": "150483783"}) is Verdict.REVIEW


def test_another_branch_of_one_name_and_phone_is_family_or_review_but_never_the_same() -> None:
    here = only(ACME, "legal_name", "phone", "street")

    assert verdict(here, {**here, "street": "Seestraße 99"}) in {Verdict.FAMILY, Verdict.REVIEW}


@pytest.mark.parametrize(("one", "other"), [("Daisy Site 2", "Daisy Site 3"), ("Doolittle East", "Doolittle West")])
def test_branches_that_number_or_compass_tell_apart_are_never_the_same(one: str, other: str) -> None:
    shared = only(ACME, "phone", "street", "website_domain")

    assert verdict({**shared, "legal_name": one}, {**shared, "legal_name": other}) is not Verdict.SAME


@given(st.text(min_size=1, max_size=60))
def test_names_alone_never_make_two_records_the_same(name: str) -> None:
    record = {"legal_name": name, "trade_name": name, "city": "Berlin", "country": "DE", "postal_code": "10115"}

    assert verdict(record, record) is not Verdict.SAME


records = st.fixed_dictionaries(
    {},
    optional={
        "legal_name": st.sampled_from(["Acme Networks GmbH", "Acme", "Zenith Foods", "Acme Networks East"]),
        "street": st.sampled_from(["Hauptstraße 12", "Hauptstr. 14", "12 N Main St", "Seestraße 99"]),
        "postal_code": st.sampled_from(["10115", "10116", "99999"]),
        "country": st.sampled_from(["DE", "AT"]),
        "phone": st.sampled_from(["+49 30 901820", "901820", "+43 1 901820", "030 901821"]),
        "website_domain": st.sampled_from(["acme.example", "zenith.example"]),
        "vat_number": st.sampled_from(["DE136695976", "DE129273398", "DE1"]),
    },
)


@given(records, records)
def test_a_verdict_does_not_depend_on_which_record_comes_first(a: dict[str, object], b: dict[str, object]) -> None:
    assert verdict(a, b) is verdict(b, a)


@given(records)
def test_a_record_with_a_name_and_a_domain_is_the_same_as_itself(a: dict[str, object]) -> None:
    named = {"legal_name": "Acme", "website_domain": "acme.example", **a}

    assert verdict(named, named) is Verdict.SAME


def test_every_piece_of_evidence_can_be_printed_and_adds_up_to_the_total() -> None:
    weights = default_weights()
    result = score(organization_features(ACME), organization_features(ACME), weights=weights)

    assert result.total == pytest.approx(sum(e.weight for e in result.evidence))
    assert "identifier same: 'vat DE136695976'" in "\n".join(map(str, result.evidence))
    assert {row["feature"] for row in result.as_rows()} >= {"identifier", "name", "domain", "phone", "street"}


def test_every_level_that_comparison_can_reach_has_a_weight() -> None:
    weights = default_weights().organization.weights
    levels = {feature: set(of_feature) for feature, of_feature in weights.items()}

    assert levels["name"] == {"equal", "close", "contained", "partial", "weak", "different"}
    assert levels["street"] == {"same", "similar", "near", "different"}
    assert levels["phone"] == {"same", "close", "different"}
    assert levels["identifier"] == {"same", "different"}
    assert levels["name_number"] == {"equal", "compatible", "one_sided", "contradicting"}
    assert levels["place"] == {
        "same_postcode", "close_postcode", "other_postcode", "same_city", "other_city", "other_country",
    }  # fmt: skip


def test_an_organisation_is_never_compared_with_a_person() -> None:
    with pytest.raises(TypeError, match="never compared"):
        score(organization_features(ACME), person_features(ANN), weights=default_weights())


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Verdict.SAME),
        ({"first_name": "A."}, Verdict.SAME),
        ({"last_name": "Leigh", "email": None}, Verdict.DIFFERENT),
        ({"first_name": "Bob"}, Verdict.REVIEW),
        ({"first_name": "Bob", "last_name": "Ray"}, Verdict.REVIEW),
        ({"email": "a.lee@acme.example"}, Verdict.SAME),
        ({"email": None, "phone": None}, Verdict.DIFFERENT),
    ],
)
def test_a_person_is_known_by_mailbox_or_phone_together_with_the_name(
    changed: dict[str, Any], expected: Verdict
) -> None:
    assert person_verdict(ANN, {**ANN, **changed}) is expected


def test_an_office_mailbox_identifies_no_person() -> None:
    shared = {"email": "info@acme.example"}

    assert person_verdict({**shared, "first_name": "Ann", "last_name": "Lee"}, {**shared, "last_name": "Ray"}) is (
        Verdict.DIFFERENT
    )


def test_namesakes_in_one_organisation_wait_for_a_person() -> None:
    ann = only(ANN, "first_name", "last_name", organization="partner-1")

    assert person_verdict(ann, ann) is Verdict.REVIEW


@pytest.mark.parametrize(("m", "u"), [(0, 0.5), (0.5, 0), (1.5, 0.5)])
def test_weights_with_impossible_chances_are_refused_with_the_level(m: float, u: float) -> None:
    table = {"thresholds": {"same": 1, "review": 0, "margin": 0}, "features": {"name": {"equal": {"m": m, "u": u}}}}

    with pytest.raises(ValueError, match="name/equal"):
        parse_weights(json.dumps({"organization": table, "person": table}))
