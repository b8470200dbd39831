"""Phones, registrable domains and mailboxes in the one form in which two records can be compared."""

from __future__ import annotations

import re
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult
from tldextract import TLDExtract

from hub.domain.matching.vocabulary import ROLE_MAILBOXES, SHARED_HOSTS

PHONE_TAIL = 7
"""So many last digits of a phone are compared: lists leave out country and area codes."""

_NOT_DIGITS = re.compile(r"\D+")


@lru_cache(maxsize=8_192)
def phone_of(text: str, *, country: str) -> str | None:
    """E.164 where `country` (ISO 3166 alpha-2, may be empty) or a + makes it known, else the digits.

    None when there are fewer digits than any subscriber number has, or one digit repeated (a placeholder).
    """
    try:
        number = phonenumbers.parse(text, country or None)
        if phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE:
            return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    except NumberParseException:
        pass  # no region known: the digits still say something
    digits = _NOT_DIGITS.sub("", text).lstrip("0")
    return digits if len(digits) >= PHONE_TAIL - 1 and len(set(digits)) > 1 else None


@lru_cache(maxsize=8_192)
def domain_of(text: str) -> str | None:
    """The registrable domain of a URL, host or mailbox; None for shared hosts and for what is no domain."""
    domain = _ascii(_extractor()(text.strip().lower()).top_domain_under_public_suffix)
    return domain if domain and domain not in SHARED_HOSTS else None


def _ascii(domain: str) -> str:
    """The form in which the domain is registered (münchen.de as xn--mnchen-3ya.de); empty when it has none."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def email_of(text: str) -> str | None:
    """The address in lower case without a +tag, or None when it is none."""
    local, at, host = text.strip().lower().rpartition("@")
    local = local.partition("+")[0]
    return f"{local}@{host}" if at and local and "." in host else None


def is_role_mailbox(email: str) -> bool:
    """Whether the mailbox is that of an office (info@), which identifies no person."""
    return email.partition("@")[0] in ROLE_MAILBOXES


@cache
def _extractor() -> TLDExtract:
    # example and test are reserved (RFC 2606), hence in no list; sandboxes and rehearsals live under them.
    return TLDExtract(
        suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=("example", "test")
    )
