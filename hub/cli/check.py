"""check: are the credentials good, and does the system still have the fields that the mappings name?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from hub.app import App
from hub.cli.issues import has_errors, issue_lines, tell_of_broken_systems
from hub.cli.output import AsJson, good, show, waiting
from hub.cli.session import with_app
from hub.mapping.errors import MappingIssue
from hub.sdk.capabilities import Account
from hub.services.connection_care import check_connection
from hub.services.mappings import check_mappings


@dataclass(frozen=True, slots=True)
class Checked:
    account: Account
    issues: list[MappingIssue]


def check(
    name: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)], as_json: AsJson = False
) -> None:
    """Try the credentials of a connection, and hold its mappings to the fields that the system has now."""

    tell_of_broken_systems()

    async def work(app: App) -> Checked:
        with waiting(f"Asking {name} …"):
            account = await check_connection(app.shop, name=name)
            return Checked(account, await check_mappings(app.shop, name=name))

    checked = with_app(work)
    account, failed = checked.account, has_errors(checked.issues)
    data = {"connection": name, "account": account, "issues": checked.issues, "ok": not failed}
    verdict = [] if failed else [good("Its mappings fit.")]
    greeting = good(f"{name} answers as {account.name} ({account.id}).")
    show(data, greeting, *account.notes, *issue_lines(checked.issues), *verdict, as_json=as_json)
    if failed:
        raise typer.Exit(1)
