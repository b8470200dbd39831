"""Everything that is done to one deal registration, each a command of `partnerhub deals`."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.answers import json_pair
from hub.cli.deal_views import File, Id, Note, Place, change, sent_in
from hub.cli.output import AsJson
from hub.services.custom_fields import record_types
from hub.services.deals import changing, deciding, drafting, reviewing, submitting
from hub.services.deals.receiving import Sent, read_evidence, read_submission

Reason = Annotated[str, typer.Option(help="Reason code, such as direct_active.")]
Text = Annotated[str | None, typer.Option(help="In words for the partner; compulsory with other.")]
Values = Annotated[list[str], typer.Option("--set", help="A field and its new value: name=value; may be repeated.")]


def edit(registration: Id, file: File, as_json: AsJson = False) -> None:
    """Edit a draft: fields change, parties and evidence are added."""
    sent = sent_in(file)

    async def act(place: Place) -> None:
        submission = read_submission(await record_types(place["tx"]), sent)
        await drafting.edit_draft(**place, sent=submission)

    change(registration, act, as_json=as_json)


def hand_in(registration: Id, as_json: AsJson = False) -> None:
    """Submit a draft: it is judged at once."""
    change(registration, lambda place: drafting.submit_draft(**place), as_json=as_json)


def ask(
    registration: Id,
    fields: Annotated[list[str], typer.Option("--field", help="What is asked for: a field, or evidence:KIND.")],
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Ask the partner for more: the deadline stands still."""
    change(registration, lambda place: submitting.ask_info(**place, fields=fields, note=note), as_json=as_json)


def answer(registration: Id, file: File, as_json: AsJson = False) -> None:
    """Answer what was asked for: only those fields can be handed in."""
    sent = sent_in(file)

    async def act(place: Place) -> None:
        submission = read_submission(await record_types(place["tx"]), sent)
        await submitting.answer_info(**place, sent=submission)

    change(registration, act, as_json=as_json)


def review(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Judge what waits for a person again, by the facts of now."""
    change(registration, lambda place: reviewing.review(**place, note=note), as_json=as_json)


def approve(
    registration: Id,
    teaming: Annotated[bool, typer.Option("--teaming", help="Our sellers and the partner work together.")] = False,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Approve, or give the first of two approvals."""
    change(registration, lambda place: deciding.approve(**place, teaming=teaming, note=note), as_json=as_json)


def reject(registration: Id, reason: Reason, text: Text = None, as_json: AsJson = False) -> None:
    """Reject with a reason code."""
    change(registration, lambda place: deciding.reject(**place, reason_code=reason, text=text), as_json=as_json)


def revoke(registration: Id, reason: Reason, text: Text = None, as_json: AsJson = False) -> None:
    """Take an approval back, with a reason code."""
    change(registration, lambda place: deciding.revoke(**place, reason_code=reason, text=text), as_json=as_json)


def extend(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Prolong the protection before it ends."""
    change(registration, lambda place: changing.extend(**place, note=note), as_json=as_json)


def amend(registration: Id, values: Values, note: Note = None, as_json: AsJson = False) -> None:
    """Change a protected registration; a conflict puts it under review."""
    fields = dict(json_pair(pair) for pair in values)

    async def act(place: Place) -> None:
        submission = read_submission(await record_types(place["tx"]), Sent(fields=fields))
        await changing.amend(**place, values=submission.values, note=note)

    change(registration, act, as_json=as_json)


def appeal(
    registration: Id,
    file: File,
    text: Annotated[str, typer.Option(help="Why the decision was wrong.")],
    as_json: AsJson = False,
) -> None:
    """Appeal once, with the new evidence that the file holds."""
    sent = sent_in(file)

    async def act(place: Place) -> None:
        evidence = read_evidence(await record_types(place["tx"]), sent.evidence)
        await changing.appeal(**place, evidence=evidence, text=text)

    change(registration, act, as_json=as_json)


def withdraw(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Withdraw a registration or a draft."""
    change(registration, lambda place: changing.end(**place, how="withdraw", note=note), as_json=as_json)


def win(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Say that the deal is won."""
    change(registration, lambda place: changing.end(**place, how="win", note=note), as_json=as_json)


def lose(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Say that the deal is lost."""
    change(registration, lambda place: changing.end(**place, how="lose", note=note), as_json=as_json)


COMMANDS = (
    edit,
    hand_in,
    ask,
    answer,
    review,
    approve,
    reject,
    revoke,
    extend,
    amend,
    appeal,
    withdraw,
    win,
    lose,
)
