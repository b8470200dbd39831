"""Spellings of one value meet after normalisation, and different values do not."""

import pytest

from hub.domain.matching import organization_features, person_features
from hub.domain.matching.address import compare_streets, street_of
from hub.domain.matching.compare import compare_names
from hub.domain.matching.contact import domain_of, email_of, phone_of
from hub.domain.matching.legal_forms import LIMITED, PARTNERSHIP, STOCK
from hub.domain.matching.text import name_of, person_name_of
from hub.domain.matching.words import fold, words_of


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("Müller & Söhne GmbH", "MULLER AND SOHNE", "equal"),
        ("Acme, L.L.C.", "Acme Inc.", "equal"),
        ("O’Hare Networks", "O'Hare networks ltd", "equal"),
        ("Ørsted Wind A/S", "Orsted Wind", "equal"),
        ("Kowalczyk Networks", "Kowalczik Networks", "close"),
        ("CHICAGO PUBLIC SCHOOLS FUNSTON, FREDERICK", "Funston", "contained"),
        ("Nordlicht Data Berlin", "Nordlicht Data Hamburg", "partial"),
        ("Contoso Networks", "Fabrikam Foods", "different"),
        ("ООО Ромашка", "Romashka LLC", "equal"),
        ("ПАО Газ Нефть", "Gaz Neft PJSC", "equal"),
        ("Παπαδόπουλος Α.Ε.", "Papadopoulos S.A.", "close"),
        ("トヨタ株式会社", "Toyota K.K.", "equal"),
        ("华为有限公司", "Huawei Co., Ltd.", "equal"),
        ("ООО Ромашка", "ЗАО Ромашка", "equal"),
        ("ООО Ромашка", "Zenith Foods", "different"),
    ],
)
def test_two_spellings_of_a_name_reach_their_level_in_both_directions(a: str, b: str, level: str) -> None:
    first, second = name_of(a), name_of(b)

    assert first is not None
    assert second is not None
    assert compare_names(first, second) == compare_names(second, first) == level


def test_a_legal_form_is_kept_as_a_feature_of_the_name() -> None:
    name = name_of("Muster Handels GmbH & Co. KG")

    assert name is not None
    assert name.words == ("muster", "handels")
    assert name.legal_form == {"partnership"}


def test_numerals_and_compass_words_stay_hard_tokens() -> None:
    roman, digits, east = name_of("Daisy Site III"), name_of("Daisy Site 3"), name_of("Doolittle East")

    assert roman is not None
    assert digits is not None
    assert east is not None
    assert roman.numbers == digits.numbers == {"3"}
    assert east.numbers == {"east"}


@pytest.mark.parametrize(
    ("text", "words", "latin"),
    [
        ("ООО «Ромашка»", ("ромашка",), ("romashka",)),
        ("株式会社トヨタ", ("トヨタ",), ("toyota",)),
        ("ガス（株）", ("カス",), ("gasu",)),
        ("华为技术有限公司", ("华为技术",), ("huaweijishu",)),
        ("한국전자 주식회사", (fold("한국전자"),), ("hangugjeonja",)),
        ("Παπαδόπουλος Α.Ε.", ("παπαδοπουλοσ",), ("papadopoylos",)),
        ("شركة النور ذ.م.م", ("النور",), ("lnwr",)),
        ("भारत लिमिटेड", ("भरत",), ("bhart",)),
    ],
)
def test_a_name_of_another_script_is_kept_and_read_in_latin_letters(
    text: str, words: tuple[str, ...], latin: tuple[str, ...]
) -> None:
    name = name_of(text)

    assert name is not None
    assert name.latin is not None
    assert (name.words, name.latin.words) == (words, latin)


@pytest.mark.parametrize(
    ("text", "word", "classes"),
    [
        ("Nordlicht Aktiengesellschaft", "nordlicht", {STOCK}),
        ("Nordlicht GmbH", "nordlicht", {LIMITED}),
        ("Nordlicht GmbH & Co. KG", "nordlicht", {PARTNERSHIP}),
        ("SARL Lumière", "lumiere", {LIMITED}),
        ("Lumière S.A.S.", "lumiere", {LIMITED}),
        ("Luz, Sociedad Anónima", "luz", {STOCK}),
        ("Luz Ltda.", "luz", {LIMITED}),
        ("Luce S.p.A.", "luce", {STOCK}),
        ("Licht Besloten Vennootschap", "licht", {LIMITED}),
        ("Lys A/S", "lys", {STOCK}),
        ("Lys AS", "lys", {LIMITED, STOCK}),
        ("Światło Sp. z o.o.", "swiatlo", {LIMITED}),
        ("Valo Oyj", "valo", {STOCK}),
        ("Işık Ltd. Şti.", "isik", {LIMITED}),
        ("ПАО Свет", "свет", {STOCK}),
        ("Общество с ограниченной ответственностью «Свет»", "свет", {LIMITED}),
        ("ТОВ Світло", "світло", {LIMITED}),
        ("PT Cahaya", "cahaya", {LIMITED}),
        ("Guang Co., Ltd.", "guang", {LIMITED, STOCK}),
        ("光股份有限公司", "光", {STOCK}),
        ("Light Inc.", "light", {STOCK}),
        ("Light", "light", set()),
    ],
)
def test_the_legal_form_is_told_from_the_name_in_many_languages(text: str, word: str, classes: set[str]) -> None:
    name = name_of(text)

    assert name is not None
    assert name.words == words_of(word)
    assert name.legal_form == classes


def test_a_person_has_no_legal_form() -> None:
    name = person_name_of("van Ek")

    assert name is not None
    assert name.words == ("van", "ek")


@pytest.mark.parametrize("text", ["", "  ", "---", "…", "¨"])
def test_a_name_without_any_word_is_absent(text: str) -> None:
    assert name_of(text) is None


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("1001 W. Roosevelt Rd", "1001 West Roosevelt Road", "same"),
        ("221 E. 51st St.", "221 East 51ST STREET Suite 200", "same"),
        ("Suite 200, 12 Main St", "12 Main Street", "same"),
        ("Hauptstraße 12", "HAUPTSTR. 12", "same"),
        ("1710-1718 S. Loomis", "1710 South Loomis Street", "same"),
        ("4701 N. Winthorp", "4701 N. Winthrop", "similar"),
        ("8130 S Racine", "8128 S. Racine Ave.", "near"),
        ("12, rue de la Paix", "12 Rue de la Paix", "same"),
        ("Calle Mayor, 5", "C/ Mayor nº 5", "same"),
        ("Kerkstraat 12-A", "Kerkstr. 12", "same"),
        ("Via Roma, 10", "via Roma 10/B", "same"),
        ("ul. Marszałkowska 10/12", "Marszalkowska 10", "same"),
        ("ул. Ленина, д. 5", "Ленина ул., 5", "same"),
        ("ул. Ленина, 5", "ulitsa Lenina 5", "same"),
        ("Λεωφόρος Κηφισίας 44", "Leoforos Kifisias 44", "same"),
        ("Atatürk Caddesi No: 12", "ATATURK CAD. 12", "same"),
        ("东京路12号", "东京路 12 号", "same"),
        ("ул. Ленина, 5", "ул. Ленина, 55", "different"),
        ("100 C St NW", "100 C Street NW", "same"),
        ("100 D St NW", "100 H St NW", "different"),
        ("2345 S. Millard", "2345 S. Christiana", "different"),
        ("100 N State", "100 S State", "different"),
        ("100 51st St", "100 52nd St", "different"),
    ],
)
def test_two_spellings_of_an_address_reach_their_level_in_both_directions(a: str, b: str, level: str) -> None:
    first, second = street_of(a), street_of(b)

    assert first is not None
    assert second is not None
    assert compare_streets(first, second) == compare_streets(second, first) == level


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("(312) 386-5286", "US", "+13123865286"),
        ("+49 30 901820", "", "+4930901820"),
        ("386-5286", "US", "3865286"),
        ("030 901820", "", "30901820"),
        ("000 0000", "", None),
        ("ext. 12", "", None),
    ],
)
def test_a_phone_becomes_e164_where_its_country_is_known_and_digits_otherwise(
    text: str, country: str, phone: str | None
) -> None:
    assert phone_of(text, country=country) == phone


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.shop.example.co.uk/about?x=1", "example.co.uk"),
        ("EXAMPLE.com", "example.com"),
        ("http://müller.de", "xn--mller-kva.de"),
        ("info@xn--mller-kva.de", "xn--mller-kva.de"),
        ("someone@gmail.com", None),
        ("https://www.facebook.com/acme", None),
        ("No", None),
        ("http://10.0.0.1/", None),
    ],
)
def test_a_site_becomes_its_registrable_domain_unless_it_is_shared(text: str, domain: str | None) -> None:
    assert domain_of(text) == domain


def test_a_mailbox_loses_its_tag_and_its_capitals() -> None:
    assert email_of("Ann.Lee+crm@Example.COM") == "ann.lee@example.com"
    assert email_of("not a mailbox") is None


def test_only_identifiers_whose_check_digits_hold_are_accepted() -> None:
    features = organization_features(
        {"vat_number": "DE 136 695 976", "lei": "213800KUD8LAJWSQ9D16", "duns": "15-048-3782", "country": "DE"}
    )

    assert features.identifiers == {"vat": "DE136695976", "duns": "150483782"}
    assert features.refused == ("lei",)


def test_a_vat_number_without_prefix_is_read_by_the_rules_of_the_country() -> None:
    bare = organization_features({"vat_number": "136695976", "country": "DE"})

    assert bare.identifiers == {"vat": "DE136695976"}


def test_equal_register_numbers_of_two_countries_are_different_identifiers() -> None:
    british = organization_features({"registration_number": "01234567", "country": "GB"})
    irish = organization_features({"registration_number": "1234567", "country": "IE"})

    assert british.identifiers.keys().isdisjoint(irish.identifiers)


def test_absent_null_and_blank_values_are_all_absent_features() -> None:
    blank: dict[str, object] = {"legal_name": " ", "street": None, "phone": "", "email": [], "website_domain": "n/a"}

    assert organization_features(blank) == organization_features({})
    assert person_features({"first_name": None}) == person_features({})
