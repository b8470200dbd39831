"""Blocking keys bring together what belongs together, and stay few."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.matching import MAX_KEYS, match_keys, organization_features, person_features

texts = st.text(max_size=40)
records = st.dictionaries(
    st.sampled_from(["legal_name", "trade_name", "street", "city", "postal_code", "phone", "email", "website_domain"]),
    st.one_of(st.none(), texts, st.lists(texts, max_size=5)),
)


@settings(deadline=None)  # the first text of a script loads its table
@given(records)
def test_any_record_gets_few_distinct_keys_and_always_the_same(values: dict[str, object]) -> None:
    keys = match_keys(organization_features(values))

    assert len(keys) <= MAX_KEYS
    assert len(set(keys)) == len(keys)
    assert keys == match_keys(organization_features(values))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (
            {"legal_name": "Kowalczyk Networks"},
            {"legal_name": "Kowalczik Netwroks", "trade_name": "Networks Kowalczyk"},
        ),
        ({"website_domain": "https://www.acme.example"}, {"email": "info@acme.example"}),
        ({"phone": "+1 312 386 5286"}, {"phone": "386-5286"}),
        ({"street": "4701 N. Winthorp"}, {"street": "4701 N. Winthrop Ave"}),
        ({"street": "12 Main St", "postal_code": "60601-1234"}, {"street": "12 Mane", "postal_code": "60601"}),
        ({"legal_name": "ООО Ромашка"}, {"legal_name": "Romashka LLC"}),
        ({"legal_name": "北京华为有限公司"}, {"legal_name": "Beijinghuawei"}),
        ({"legal_name": "Παπαδόπουλος Τρόφιμα"}, {"legal_name": "Papadopoylos Trofima SA"}),
        ({"vat_number": "DE136695976"}, {"vat_number": "136695976", "country": "DE"}),
    ],
)
def test_organisations_that_agree_in_one_way_share_a_key(a: dict[str, object], b: dict[str, object]) -> None:
    first, second = match_keys(organization_features(a)), match_keys(organization_features(b))

    assert set(first) & set(second)


def test_organisations_that_share_a_free_mail_host_only_share_no_key() -> None:
    first = match_keys(organization_features({"legal_name": "Acme", "email": "acme@gmail.com"}))
    second = match_keys(organization_features({"legal_name": "Zenith", "email": "zenith@gmail.com"}))

    assert not set(first) & set(second)


def test_people_of_one_name_share_a_key_however_it_is_spelt() -> None:
    first = match_keys(person_features({"first_name": "Zoë", "last_name": "Kowalczyk"}))
    second = match_keys(person_features({"first_name": "Zoe", "last_name": "Kowalczik"}))

    assert set(first) & set(second)


def test_a_contact_is_found_by_mobile_and_by_partner_with_the_last_name_in_any_script() -> None:
    first = match_keys(person_features({"last_name": "Иванова", "mobile": "+7 912 345 67 89", "partner": "p1"}))
    by_mobile = match_keys(person_features({"last_name": "Smith", "phone": "+79123456789"}))
    by_partner = match_keys(person_features({"last_name": "Ivanova", "partner": "p1"}))

    assert set(first) & set(by_mobile)
    assert set(first) & set(by_partner)


def test_a_record_without_values_has_no_key() -> None:
    assert match_keys(organization_features({})) == ()
    assert match_keys(person_features({})) == ()
