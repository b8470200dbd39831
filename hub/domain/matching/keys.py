"""Blocking keys: two records are compared only when they share at least one of these texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from hub.domain.matching.contact import PHONE_TAIL
from hub.domain.matching.features import Features, OrganizationFeatures, PersonFeatures
from hub.domain.matching.text import Name

MAX_KEYS = 14
"""No record gets more keys, however many names, phones and domains it has; the telling ones come first."""

_REPEATED = re.compile(r"(.)\1+")
_VOWELS = re.compile(r"(?<=.)[aeiouyh]")


def match_keys(features: Features) -> tuple[str, ...]:
    """At most `MAX_KEYS` distinct keys, the most telling first.

    A prefix names the kind: `i:` identifier, `d:` domain, `e:` mailbox, `p:` last digits of a phone, `a:` house number
    with street, `h:` house number with postcode, `n:` name, `t:` two telling words of the name by their consonants,
    `z:` postcode with the first telling word.
    """
    keys = _organization(features) if isinstance(features, OrganizationFeatures) else _person(features)
    return tuple(dict.fromkeys(keys))[:MAX_KEYS]


def _organization(features: OrganizationFeatures) -> Iterator[str]:
    for scheme, value in features.identifiers.items():
        yield f"i:{scheme}:{value}"
    for domain in features.domains[:2]:
        yield f"d:{domain}"
    yield from _contact_keys(features.emails[:1], features.phones[:2])
    yield from _address_keys(features)
    names = [form for name in features.names[:2] for form in _forms(name)]
    for name in names:
        yield f"n:{name.core_text}"
    for name in names:
        yield from _word_keys(name, postal_code=features.postal_code)


def _person(features: PersonFeatures) -> Iterator[str]:
    yield from _contact_keys(features.emails[:3], features.phones[:3])
    if features.last is None:
        return
    firsts = _forms(features.first) if features.first else ()
    for last in (_consonants("".join(form.words)) for form in _forms(features.last)):
        for first in firsts:
            yield f"n:{last}|{_consonants(first.words[0])}"
        if features.organization:
            yield f"o:{features.organization}|{last}"


def _forms(name: Name) -> tuple[Name, ...]:
    """The name as it is written, and in Latin letters where it is of another script."""
    return (name, name.latin) if name.latin else (name,)


def _contact_keys(emails: tuple[str, ...], phones: tuple[str, ...]) -> Iterator[str]:
    for email in emails:
        yield f"e:{email}"
    for phone in phones:
        yield f"p:{phone[-PHONE_TAIL:]}"


def _address_keys(features: OrganizationFeatures) -> Iterator[str]:
    street = features.street
    if street is None or not street.number:
        return
    if street.words:
        yield f"a:{street.number}|{_consonants(street.words[0])}"
    if features.postal_code:
        yield f"h:{street.number}|{features.postal_code}"


def _word_keys(name: Name, *, postal_code: str) -> Iterator[str]:
    """Pairs among the three longest telling words: long words are the rare ones, and no corpus is at hand."""
    longest = sorted(name.core, key=lambda word: (-len(word), word))[:3]
    if postal_code:
        yield f"z:{postal_code}|{_consonants(name.core[0])}"
    for pair in combinations(sorted(_consonants(word) for word in longest), 2):
        yield f"t:{pair[0]}|{pair[1]}"


def _consonants(word: str) -> str:
    """The word without vowels after its first letter and without doubled letters; numbers stay whole."""
    return word if word[0].isdigit() else _VOWELS.sub("", _REPEATED.sub(r"\1", word))
