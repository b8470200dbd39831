"""How two records agree, feature by feature, each agreement as one named level."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from hub.domain.matching.address import compare_streets
from hub.domain.matching.contact import PHONE_TAIL, is_role_mailbox
from hub.domain.matching.features import Features, OrganizationFeatures, PersonFeatures
from hub.domain.matching.text import Name

NAME_LEVELS = ("equal", "close", "contained", "partial", "weak", "different")
"""Levels of two names, the best first."""


class Agreement(NamedTuple):
    """One feature of two records: the level reached and the values it was reached on."""

    feature: str
    level: str
    a: str
    b: str


def compare(a: Features, b: Features) -> Iterator[Agreement]:
    """The agreements of two records of one kind; a feature absent on either side yields nothing."""
    if isinstance(a, OrganizationFeatures) and isinstance(b, OrganizationFeatures):
        return _organizations(a, b)
    if isinstance(a, PersonFeatures) and isinstance(b, PersonFeatures):
        return _persons(a, b)
    raise TypeError("an organisation is never compared with a person")


def compare_names(a: Name, b: Name) -> str:
    """One of `NAME_LEVELS`; `contained` means that all telling words of one are in the other.

    Names of two scripts are compared in Latin letters, names of one other script both ways: the better level counts.
    """
    level = _compare_words(a, b)
    if a.latin is None and b.latin is None:
        return level
    return min(level, _compare_words(a.latin or a, b.latin or b), key=NAME_LEVELS.index)


def _compare_words(a: Name, b: Name) -> str:
    if a.core_text == b.core_text:
        return "equal"
    if fuzz.ratio(a.core_text, b.core_text) >= 90 or fuzz.ratio(a.sorted_text, b.sorted_text) >= 90:
        return "close"
    shorter, longer = (a.core, b.core) if len(a.core) <= len(b.core) else (b.core, a.core)
    total = shared = 0
    for word in shorter:
        total += len(word)
        if word in longer or _is_misspelt_in(longer, word):
            shared += len(word)
    if shared == total and total >= 4:
        return "contained"
    if shared >= 0.6 * total:
        return "partial"
    return "weak" if shared else "different"


def _organizations(a: OrganizationFeatures, b: OrganizationFeatures) -> Iterator[Agreement]:
    if a.identifiers and b.identifiers:
        yield from _identifiers(a, b)
    if a.names and b.names:
        yield from _names(a, b)
    if a.domains and b.domains:
        yield _domains(a, b)
    yield from _mailboxes(a, b)
    if a.phones and b.phones:
        yield _phones(a.phones, b.phones)
    if a.street and b.street:
        yield Agreement("street", compare_streets(a.street, b.street), a.street.text, b.street.text)
    yield from _places(a, b)


def _persons(a: PersonFeatures, b: PersonFeatures) -> Iterator[Agreement]:
    if a.last and b.last:
        level = "same" if compare_names(a.last, b.last) in ("equal", "close") else "different"
        yield Agreement("last_name", level, a.last.text, b.last.text)
    if a.first and b.first:
        yield Agreement("first_name", _first_names(a.first, b.first), a.first.text, b.first.text)
    if a.emails and b.emails:
        yield _person_emails(a.emails, b.emails)
    if a.phones and b.phones:
        yield _phones(a.phones, b.phones)
    if a.organization and b.organization:
        level = "same" if a.organization == b.organization else "different"
        yield Agreement("organization", level, a.organization, b.organization)


def _identifiers(a: OrganizationFeatures, b: OrganizationFeatures) -> Iterator[Agreement]:
    shared = [scheme for scheme in a.identifiers if scheme in b.identifiers]
    for scheme in shared:
        left, right = a.identifiers[scheme], b.identifiers[scheme]
        level = "same" if left == right else "different"
        yield Agreement("identifier", level, f"{scheme} {left}", f"{scheme} {right}")


def _names(a: OrganizationFeatures, b: OrganizationFeatures) -> Iterator[Agreement]:
    """The best pair of names; its numerals and legal forms are features of their own."""
    pairs = ((compare_names(x, y), x, y) for x in a.names for y in b.names)
    level, x, y = min(pairs, key=lambda pair: NAME_LEVELS.index(pair[0]))
    yield Agreement("name", level, x.text, y.text)
    if x.numbers or y.numbers:
        yield Agreement("name_number", _sets(x.numbers, y.numbers), _listed(x.numbers), _listed(y.numbers))
    if x.legal_form and y.legal_form:
        level = _sets(x.legal_form, y.legal_form)
        yield Agreement("legal_form", level, _listed(x.legal_form), _listed(y.legal_form))


def _domains(a: OrganizationFeatures, b: OrganizationFeatures) -> Agreement:
    shared = [domain for domain in a.domains if domain in b.domains]
    if shared:
        return Agreement("domain", "same", shared[0], shared[0])
    return Agreement("domain", "different", a.domains[0], b.domains[0])


def _mailboxes(a: OrganizationFeatures, b: OrganizationFeatures) -> Iterator[Agreement]:
    """Only agreement counts: an office has many mailboxes."""
    shared = [email for email in a.emails if email in b.emails]
    if shared:
        yield Agreement("email", "same", shared[0], shared[0])


def _phones(a: tuple[str, ...], b: tuple[str, ...]) -> Agreement:
    for x in a:
        for y in b:
            if _same_phone(x, y):
                return Agreement("phone", "same", x, y)
    x, y = a[0], b[0]
    close = OSA.distance(x[-PHONE_TAIL:], y[-PHONE_TAIL:], score_cutoff=1) <= 1
    return Agreement("phone", "close" if close else "different", x, y)


def _same_phone(a: str, b: str) -> bool:
    """Whole numbers are compared as such; where one side lacks its prefix, the digits that both have."""
    if a[0] == b[0] == "+":
        return a == b
    return a[-PHONE_TAIL:] == b[-PHONE_TAIL:] and (a.endswith(b.lstrip("+")) or b.endswith(a.lstrip("+")))


def _places(a: OrganizationFeatures, b: OrganizationFeatures) -> Iterator[Agreement]:
    if a.country and b.country and a.country != b.country:
        yield Agreement("place", "other_country", a.country, b.country)
    elif a.postal_code and b.postal_code:
        yield Agreement("place", _postal_codes(a.postal_code, b.postal_code), a.postal_code, b.postal_code)
    elif a.city and b.city:
        level = "same_city" if fuzz.ratio(a.city, b.city) >= 85 else "other_city"
        yield Agreement("place", level, a.city, b.city)


def _postal_codes(a: str, b: str) -> str:
    if a == b:
        return "same_postcode"
    return "close_postcode" if OSA.distance(a, b, score_cutoff=1) <= 1 else "other_postcode"


def _first_names(a: Name, b: Name) -> str:
    x, y = (
        (a.words[0], b.words[0]) if a.latin is b.latin is None else ((a.latin or a).words[0], (b.latin or b).words[0])
    )
    if x == y or fuzz.ratio(x, y) >= 85:
        return "same"
    return "initial" if x[0] == y[0] and (len(x) == 1 or len(y) == 1) else "different"


def _person_emails(a: tuple[str, ...], b: tuple[str, ...]) -> Agreement:
    shared = [email for email in a if email in b]
    if not shared:
        return Agreement("email", "different", a[0], b[0])
    level = "same_office" if is_role_mailbox(shared[0]) else "same"
    return Agreement("email", level, shared[0], shared[0])


def _is_misspelt_in(words: tuple[str, ...], word: str) -> bool:
    return len(word) > 3 and extractOne(word, words, scorer=fuzz.ratio, score_cutoff=84) is not None


def _sets(a: frozenset[str], b: frozenset[str]) -> str:
    if a == b:
        return "equal"
    if a & b:
        return "compatible"
    return "contradicting" if a and b else "one_sided"


def _listed(parts: frozenset[str]) -> str:
    return ", ".join(sorted(parts))
