"""merge, unmerge and split at the command line, and doubtful matches that are linked, kept apart, and split."""

import asyncio
import os

from hub.db.session import Database
from hub.record import RECORD_TYPES
from hub.services.records import create_record
from tests.integration.cli.conftest import Command, Remote, account


def test_twins_of_one_system_are_shown_and_refused(partnerhub: Command, sf: Remote) -> None:
    first = sf.sandbox.human_create("Account", account("Acme"))
    second = sf.sandbox.human_create("Account", account("Acme again"))
    partnerhub("sync", "sf")
    said = partnerhub("merge", f"sf:{first}", f"sf:{second}", "--yes")
    assert said.code == 1
    assert "merge them there" in said.error
    shown = partnerhub("merge", f"sf:{first}", f"sf:{second}", "--preview", "--json").data
    assert [t["remote_id"] for t in shown["twins"]] == [first]


def test_a_merge_is_previewed_confirmed_and_undone(partnerhub: Command, sf: Remote) -> None:
    remote = sf.sandbox.human_create("Account", account("Acme", BillingCity="Gent"))
    partnerhub("sync", "sf")
    loser = partnerhub("why", "partner", f"sf:{remote}", "--json").data["record_id"]
    survivor = _made()

    preview = partnerhub("merge", loser, survivor, "--preview")
    assert preview.code == 0
    for words in ("Acme", "would live on in", "takes over", "Gent", "links that go over"):
        assert words in preview.out
    asked = partnerhub("merge", loser, survivor)
    assert asked.code == 2
    assert "--yes" in asked.error
    done = partnerhub("merge", loser, survivor, "--yes", "--json").data
    assert (done["loser"], done["survivor"], done["links"]) == (loser, survivor, 1)
    back = partnerhub("unmerge", loser)
    assert back.code == 0
    assert "1 links" in back.out
    again = partnerhub("unmerge", loser)
    assert again.code == 1
    assert "was not merged" in again.error


def test_a_doubtful_match_is_linked_and_split_again(partnerhub: Command, sf: Remote) -> None:
    key = {"website_domain": "acme.example", "country": "DE"}
    one = _made(**key)
    _made(legal_name="Acme Bonn", **key)
    remote = sf.sandbox.human_create("Account", account("ACME", Website="https://acme.example"))
    partnerhub("sync", "sf")
    [review] = partnerhub("reviews", "list", "--json").data
    number = str(review["id"])

    assert partnerhub("reviews", "link", number, "--into", one).code == 0
    assert partnerhub("why", "partner", f"sf:{remote}", "--json").data["record_id"] == one
    assert partnerhub("reviews", "split", number).code == 0
    assert partnerhub("why", "partner", f"sf:{remote}", "--json").data["record_id"] == review["record_id"]
    assert "could be taken apart" in partnerhub("reviews", "split", number).error


def test_a_link_made_by_mistake_is_split(partnerhub: Command, sf: Remote) -> None:
    known = _made(website_domain="acme.example", country="DE")
    remote = sf.sandbox.human_create("Account", account("ACME", Website="https://acme.example"))
    partnerhub("sync", "sf")
    assert partnerhub("why", "partner", f"sf:{remote}", "--json").data["record_id"] == known

    done = partnerhub("split", "sf", "Account", remote, "--json").data
    assert (done["apart_from"], done["how"]) == (known, "new")
    assert partnerhub("why", "partner", f"sf:{remote}", "--json").data["record_id"] == done["record_id"]
    again = partnerhub("split", "sf", "Account", remote)
    assert again.code == 1
    assert "for itself" in again.error


def _made(legal_name: str = "ACME NV", **values: str) -> str:
    """A partner that no system has."""

    async def make() -> str:
        async with Database(os.environ["PARTNERHUB_DATABASE_URL"]) as db, db.transaction() as tx:
            made = await create_record(
                tx,
                RECORD_TYPES["partner"],
                values={"legal_name": legal_name, **values},
                actor="test",
                allow_duplicate=True,
            )
            return str(made.id)

    return asyncio.run(make())
