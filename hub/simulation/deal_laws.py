"""What must hold of the deal registrations of a world once it has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from uuid import UUID

from hub.domain.deals.states import BY_ACTION, Action, Status
from hub.services.deals.rivals import CLAIMING
from hub.simulation.deal_book import Book
from hub.simulation.deal_facts import DealFacts, Judgement
from hub.simulation.facts import Row
from hub.simulation.laws import Law, Violation

_DECIDED = ("approve", "approve_teaming", "extend", "reject", "expire", "withdraw", "revoke", "win", "lose")
_FIRST_TOLD = ("registration_on_opportunity", "registration_on_account")


@dataclass(frozen=True)
class DealJudge:
    """What partners know of their submissions, held against what is stored."""

    book: Book
    facts: DealFacts

    def violations(self) -> list[Violation]:
        laws: dict[Law, Callable[[], Iterator[str]]] = {
            "submitted once": self._submissions,
            "first come first": self._order,
            "lifecycle": self._lives,
            "told once": self._told,
            "nothing stuck": self._stuck,
        }
        return [Violation(law, what) for law, search in laws.items() for what in search()]

    def _submissions(self) -> Iterator[str]:
        """What was committed is stored once, what was not is not, and a key always leads to the same registration."""
        stored: dict[str, list[UUID]] = {}
        for registration, row in self.facts.registrations.items():
            stored.setdefault(row["name"], []).append(registration)
        for entry in self.book.entries:
            told = {*entry.answers, *(commit.registration for commit in entry.commits)}
            found = stored.get(entry.name, [])
            if len(found) > 1 or len(told) > 1:
                yield f"{entry.handed.key} is {len(found)} registrations, {len(told)} were answered"
            elif set(found) != told:
                yield f"{entry.handed.key} is stored as {_listed(found)}, answered was {_listed(told)}"
            if entry.refused:
                yield f"{entry.handed.key} was refused: {entry.refused}"
        for registration, row in self.facts.registrations.items():
            if row["creations"] != 1:
                yield f"{registration} was created {row['creations']} times by the change log"

    def _order(self) -> Iterator[str]:
        """Whoever is judged knows all who were there before; places have the order of the commits."""
        places = Counter(row["place"] for row in self.facts.registrations.values() if row["place"] is not None)
        yield from (f"place {place} was given {n} times" for place, n in places.items() if n > 1)
        stored = [(i, entry) for i, entry in self.book.stored() if i in self.facts.registrations]
        for (earlier, one), (later, other) in combinations(stored, 2):
            if one.competes(other):
                yield from self._missed(earlier, later)
                yield from self._missed(later, earlier)
                first, second = (self.facts.registrations[i]["place"] for i in (earlier, later))
                if self._placed_at_once(earlier) and self._placed_at_once(later) and first > second:
                    yield f"{later} was committed after {earlier} and has the place {second} before {first}"
        customers = {i: entry.customer for i, entry in stored}
        for registration, customer in customers.items():
            for rival in {r for j in self.facts.judgements[registration] for r in j.rivals}:
                if rival in customers and customers[rival] is not customer:
                    yield f"{registration} met {rival} as a rival, whose customer is another one"

    def _missed(self, earlier: UUID, later: UUID) -> Iterator[str]:
        """Judgements of the one that do not know the other, which was judged before and had not come to an end."""
        first = self.facts.judgements[earlier][0].at
        for judgement in self.facts.judgements[later]:
            before = (first, earlier) < (judgement.at, later)
            if before and earlier not in judgement.rivals and self._claims(earlier, judgement.at):
                yield f"{later}, judged at {judgement.at:%T.%f} ({judgement.step}), was not told of {earlier}"

    def _claims(self, registration: UUID, at: datetime) -> bool:
        """Whether it surely stood in the way of others at that moment; who comes later sees what has ended."""
        past = [event["to_status"] for event in self.facts.events[registration] if event["happened_at"] <= at]
        return bool(past) and past[-1] in CLAIMING

    def _placed_at_once(self, registration: UUID) -> bool:
        return self.facts.judgements[registration][0].eligible

    def _lives(self) -> Iterator[str]:
        """From draft to the status that is stored, each step is one of the lifecycle, and the audit trail has it."""
        for registration, row in self.facts.registrations.items():
            events, at = self.facts.events.get(registration, []), str(Status.DRAFT)
            for event in events:
                source, target = event["from_status"], event["to_status"]
                if source != at or not _allowed(event):
                    yield f"{registration} was {at}: {event['kind']} leads from {source} to {target}"
                at = target
            if at != row["review_status"]:
                yield f"{registration} is {row['review_status']}, its events lead to {at}"
            if row["entries"] != len(events):
                yield f"{registration} has {len(events)} events, and {row['entries']} entries in the audit trail"

    def _told(self) -> Iterator[str]:
        """Who looks after a customer hears of each registration and of each decision on it, once."""
        yield from (
            f"alert {key} was raised {n} times"
            for key, n in Counter(a["event_key"] for a in self.facts.alerts).items()
            if n > 1
        )
        heard: dict[UUID, list[Row]] = {}
        for alert in self.facts.alerts:
            heard.setdefault(alert["deal"], []).append(alert)
        for registration in self.facts.registrations:
            if self._first(registration).accounts:
                yield from self._heard(registration, heard.get(registration, []))

    def _heard(self, registration: UUID, alerts: list[Row]) -> Iterator[str]:
        events = self.facts.events[registration]
        owners = {alert["owner_email"] for alert in alerts} - {None}
        if not owners:
            yield f"nobody was told of {registration}"
        for owner in owners:
            of_owner = [a for a in alerts if a["owner_email"] == owner]
            first = sum(a["kind"] in _FIRST_TOLD for a in of_owner)
            if first > 1:
                yield f"{owner} was told {first} times that {registration} came"
            for event in events:
                told = sum(str(event["id"]) in a["event_key"] for a in of_owner)
                if told != (event["kind"] in _DECIDED):
                    yield f"{owner} was told {told} times of {event['kind']} of {registration}"

    def _first(self, registration: UUID) -> Judgement:
        return self.facts.judgements[registration][0]

    def _stuck(self) -> Iterator[str]:
        """Who waits for another registration's end is looked at again when it has come."""
        if self.facts.rechecks:
            yield f"{self.facts.rechecks} registrations are to be judged again for ever"
        for registration, by in self.facts.frozen:
            if self.facts.status(by) != Status.CONFLICT_REVIEW:
                yield f"{registration} is frozen for ever by {by}, which is {self.facts.status(by)}"
        for registration, row in self.facts.registrations.items():
            if row["review_status"] == Status.CONFLICT_REVIEW:
                for other in self.facts.judgements[registration][-1].counterparts:
                    if (status := self.facts.status(other)) not in CLAIMING:
                        yield f"{registration} is in conflict with {other}, which is {status}"


def _listed(ids: Iterable[UUID]) -> str:
    return ", ".join(sorted(map(str, ids))) or "nothing"


def _allowed(event: Row) -> bool:
    """A step that the lifecycle has; what only happened leaves the status as it is."""
    if event["kind"] not in tuple(Action):
        return bool(event["from_status"] == event["to_status"])
    step = BY_ACTION[Action(event["kind"])]
    return event["from_status"] in step.sources and event["to_status"] == step.target
