"""Web addresses and the registrable domain in them, by the Public Suffix List that the tldextract wheel carries."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache

from tldextract import TLDExtract

from hub.mapping.errors import BadValue

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z)[a-z0-9][a-z0-9-]{{0,61}}[a-z0-9]")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|//|mailto:)?(?:[^/?#@\s]*@)?([^/?#:\s]+)", re.IGNORECASE)
# A domain of two labels, as nearly all are: needs no look into the list but for its ends.
_SHORT = re.compile(r"(?:https?://(?:www\.)?|www\.|)([a-z0-9]++(?:-++[a-z0-9]++)*+\.([a-z]++))(?![^/?#])")


def domain_of(text: str) -> str:
    """The registrable domain of a web address or host: lower case, ASCII form. Raises BadValue where there is none."""
    return short_domain()(text) or _parse(text)


@cache
def short_domain() -> Callable[[str], str | None]:
    """A function that tells the domain of most addresses at once, None where `domain_of` has to look closer."""
    suffixes = frozenset(_extractor().tlds)
    # Top-level domains right below which everybody's domains stand.
    tops = frozenset(s for s in suffixes if "." not in s and f"*.{s}" not in suffixes)
    match = _SHORT.match

    def domain(text: str) -> str | None:
        found = match(text)
        if found is None:
            return None
        host, top = found.groups()
        return str(host) if top in tops and host not in suffixes and len(host) < 64 else None

    return domain


@lru_cache(maxsize=8192)
def _parse(text: str) -> str:
    found = _ADDRESS.match(text.strip())
    host = found.group(1).rstrip(".").lower() if found else ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as exc:
            raise BadValue("is not a web address") from exc
    if not _HOST.fullmatch(host):
        raise BadValue("is not a web address")
    return _registrable(host)


def _registrable(host: str) -> str:
    parts = _extractor()(host)
    if parts.top_domain_under_public_suffix:
        return str(parts.top_domain_under_public_suffix)
    if not parts.suffix:  # a top-level domain of somebody's own network
        return ".".join(host.split(".")[-2:])
    if _public_extractor()(host).top_domain_under_public_suffix == host:
        return host  # a hosting firm's own site, such as github.io
    raise BadValue("is a public suffix, not somebody's domain")


@cache
def _extractor() -> TLDExtract:
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@cache
def _public_extractor() -> TLDExtract:
    return TLDExtract(suffix_list_urls=(), cache_dir=None)
