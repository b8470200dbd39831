"""What partners submit in a world: registrations of a few customers, and what the hub is known to have made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

from hub.services.deals.receiving import Answer, Handed, Refused, Sent
from hub.services.refusals import Duplicate


@dataclass(frozen=True, slots=True)
class Customer:
    """Who buys; spelt in many ways, always with the same domain. `known`: stored as an organisation before.

    Of a known customer somebody looks after the account. `sold`: one of our sellers has an open opportunity there.
    """

    name: str
    domain: str
    known: bool = False
    sold: bool = False

    def spelt(self, way: int) -> str:
        return _SPELLINGS[way % len(_SPELLINGS)].format(self.name, self.name.upper())


CUSTOMERS = (
    Customer("Bergmann Pumpen", "bergmann-pumpen.example"),
    Customer("Quist Shipyard", "quist-shipyard.example"),
    Customer("Tyrell Pharma", "tyrell-pharma.example", known=True),
    Customer("Xylon Energie", "xylon-energie.example", known=True, sold=True),
)
_SPELLINGS = ("{0} AG", "{0}", "{1} A.G.", "{1}")
_LINES = (("core",), ("core",), ("cloud",), ("core", "cloud"), ("cloud", "security"), ())


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a submission, acknowledged or not, by its number among those of the world, and what came of it."""

    number: int
    registration: UUID
    new: bool


@dataclass(slots=True)
class Entry:
    """A submission. `commits`: what happened; `answers`: what its partner was told; `refused`: that it was another."""

    handed: Handed
    customer: Customer
    lines: tuple[str, ...]
    commits: list[Commit] = field(default_factory=list)
    answers: list[UUID] = field(default_factory=list)
    refused: str | None = None

    @property
    def name(self) -> str:
        """The registration's name, which no other submission has."""
        return str(self.handed.sent.fields["name"])

    def competes(self, other: Entry) -> bool:
        """Whether both claim the same customer and a product line of it; no line is one of its own."""
        return self.customer is other.customer and not set(self.lines or ("",)).isdisjoint(other.lines or ("",))


@dataclass(slots=True)
class Book:
    """All submissions of a world."""

    entries: list[Entry] = field(default_factory=list)
    _commits: int = 0

    def write(self, partners: Sequence[UUID], chance: Random) -> Entry:
        """A new one. The same chance names the same customer and lines, by another partner and in another spelling."""
        customer, lines = chance.choice(CUSTOMERS), chance.choice(_LINES)
        amount = chance.choice((20_000, 24_000, 90_000, None))
        number = len(self.entries)
        partner = partners[number % len(partners)]
        fields = {
            "name": f"Deal {number}",
            "partner": str(partner),
            "customer_name": customer.spelt(number),
            "customer_domain": customer.domain,
            "customer_country": "DE",
            "product_lines": list(lines),
            "amount": amount and {"amount": str(amount), "currency": "EUR"},
            "close_date": "2030-03-01",
        }
        sent = Sent(fields={name: value for name, value in fields.items() if value is not None})
        entry = Entry(Handed(sent, key=f"key {number}", actor=f"partner {partner.int % 1000}"), customer, lines)
        self.entries.append(entry)
        return entry

    def names_of(self, customer: Customer) -> list[str]:
        """Of all registrations of this customer that anybody submitted."""
        return [entry.name for entry in self.entries if entry.customer is customer]

    def commit(self, results: Sequence[tuple[Entry, Answer | Refused]]) -> None:
        """A transaction with these results has just been committed."""
        self._commits += 1
        for entry, result in results:
            if isinstance(result, Answer):
                entry.commits.append(Commit(self._commits, result.registration_id, result.new))
            elif isinstance(result, Duplicate):
                entry.refused = str(result)

    def stored(self) -> Iterator[tuple[UUID, Entry]]:
        """The registrations that were made, in the order of their commits."""
        made = [(c.number, c.registration, e) for e in self.entries for c in e.commits if c.new]
        return ((registration, entry) for _, registration, entry in sorted(made, key=lambda each: each[:2]))
