"""The evidence pack as one printable HTML page that needs nothing else and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hub.record.values import Money
from hub.services.deals.evidence_pack import ClaimView, EvidencePack

_HERE = Path(__file__).parent
_CSS = (_HERE / "evidence.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
_IN_PAGE = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
CONTENT_SECURITY_POLICY = f"{_IN_PAGE}; frame-ancestors 'none'"
"""For the header of an answer; the page itself carries what a page can say."""
_BESIDE = 3  # rivals in one table: more columns are too narrow to read on paper
_WORDS = {
    "new": "new since the decision",
    "gone": "gone since the decision",
    "unrecorded": "not part of the decision: as it is now",
}


def evidence_page(pack: EvidencePack) -> str:
    """Every text in it is escaped, whoever wrote it."""
    mine, *rivals = pack.claims
    groups: list[Sequence[ClaimView]] = [rivals[i : i + _BESIDE] for i in range(0, len(rivals), _BESIDE)]
    return (
        _pages()
        .get_template("evidence.html.j2")
        .render(
            pack=pack,
            mine=mine,
            rivals=rivals,
            groups=groups or [[]],
            words=_WORDS,
            css=Markup(_CSS),  # noqa: S704  # our own file
            policy=_IN_PAGE,
        )
    )


def _pages() -> Environment:
    made = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    made.filters |= {"shown": _shown, "label": _label, "bits": _bits, "relation": _relation}
    return made


def _shown(value: object, nothing: str = "—") -> str:
    """A value as people read it."""
    match value:
        case None | "" | () | []:
            return nothing
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case Money():
            return f"{_shown(value.amount)} {value.currency}"
        case Decimal():
            return f"{value:,f}"
        case tuple() | list() | frozenset():
            return ", ".join(_shown(item) for item in value)
        case date() | UUID():
            return str(value)
    return str(value)


def _label(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _bits(weight: float) -> str:
    return f"{weight:+.1f}".replace("-", "\N{MINUS SIGN}")


def _relation(claim: ClaimView) -> str:
    """How a rival stands to the registration, in words."""
    said = ["was first" if claim.prior else "came later"]
    said += ["in conflict with it"] if claim.counterpart else []
    said += ["same partner"] if claim.same_partner else []
    said += ["another tier of the same deal"] if claim.two_tier else []
    return ", ".join(said)
