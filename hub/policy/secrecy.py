"""Whether a text tells somebody of what is none of their business: a partner of others, a seller of other partners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Decision
from hub.record.values import Money

_OTHERS = (
    "rivals",
    "opportunities",
    "activities",
    "named_accounts",
    "incumbents",
    "leads",
    "exclusivities",
    "preferences",
)
_SECRET = frozenset(
    {"id", "name", "partner", "partner_name", "on_behalf_of", "contact_name", "contact_email", "owner", "amount"}
)


def revealed(facts: Facts, decision: Decision) -> Iterator[tuple[str, str]]:
    """(rule, value) for every secret value of the other side that stands in a text for the partner.

    A value that the partner's own registration holds too is none: the partner wrote it.
    """
    own = msgspec.json.encode(facts.registration).decode().casefold()
    hidden = {value for value in secrets_of(facts) if value.casefold() not in own}
    for outcome in decision.outcomes:
        text = outcome.message_partner.casefold()
        for value in sorted(hidden):
            if value.casefold() in text:
                yield outcome.rule, value


def secrets_of(facts: Facts) -> set[str]:
    """Names, prices, contacts and ids of everybody else in the facts."""
    found: set[str] = set()
    for name in _OTHERS:
        for other in getattr(facts, name):
            found |= {text for field in _SECRET if (text := _text(getattr(other, field, None)))}
    return found


def told_to_sellers(facts: Facts, texts: Iterable[str]) -> Iterator[str]:
    """Every value of another partner that stands in texts for our sellers about this registration.

    Our own opportunities, accounts and contacts are no secret to them.
    """
    own = msgspec.json.encode((facts.registration, facts.standing.name)).decode().casefold()
    others = {text for rival in facts.rivals for field in _SECRET if (text := _text(getattr(rival, field, None)))}
    for name in _OTHERS:
        others |= {text for other in getattr(facts, name) if (text := _text(getattr(other, "partner", None)))}
    told = "\n".join(texts).casefold()
    yield from sorted(v for v in others if v.casefold() not in own and v.casefold() in told)


def _text(value: object) -> str:
    """Short ones stand in any sentence by chance and tell nothing."""
    text = str(value.amount) if isinstance(value, Money) else value if isinstance(value, str) else ""
    return text if len(text) > 3 else ""
