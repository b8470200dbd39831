"""The two remote systems of a drill, in a process of their own: `python -m tests.drills.systems ADDRESS`.

Tells their settings in one line, serves until its input ends. Beside the API that the hub uses, each has a door for its
people, who change one row a request and are told what they changed it from.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox.serve import SandboxServer

OBJECT = "partners"


class PeopledSandbox(SampleSandbox):
    """A sample account whose people work through `/people`."""

    def vendor_app(self) -> ASGIApp:
        app = super().vendor_app()
        assert isinstance(app, Starlette)
        app.router.routes.append(Route("/people", self._people, methods=["POST"]))
        return app

    async def _people(self, request: Request) -> JSONResponse:
        """One act; nothing else of the account happens within it."""
        asked = await request.json()
        record = self.world.get(OBJECT, asked.get("id", ""))
        if asked["act"] in ("edit", "delete") and (record is None or not record.live):
            return JSONResponse({"gone": True})
        return JSONResponse(self._act(asked, dict(record.fields) if record else {}))

    def _act(self, asked: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        match asked["act"]:
            case "create":
                return {"id": self.human_create(OBJECT, asked["fields"])}
            case "edit":
                self.human_edit(OBJECT, asked["id"], {asked["field"]: asked["value"]})
                return {"saw": before.get(asked["field"])}
            case "delete":
                self.human_delete(OBJECT, asked["id"])
                return {}
            case "find":
                found = (i for i, row in self.rows(OBJECT).items() if row.get(asked["field"]) == asked["value"])
                return {"id": next(found, None)}
            case "look":
                writes = sum(n for call, n in self.calls.items() if call.endswith("/batch"))
                calls = sum(n for call, n in self.calls.items() if not call.endswith("/people"))
                return {"rows": self.rows(OBJECT), "writes": writes, "calls": calls}
        raise ValueError(f"People do not {asked['act']}.")


def main(address: str) -> None:
    """Serve both at this address until standard input ends."""
    with ExitStack() as stack:
        told = {}
        for seed, name in enumerate(("left", "right"), start=1):
            sandbox = PeopledSandbox(seed=seed)
            sandbox.records.schema[OBJECT] |= {"city": {"type": "text"}, "country": {"type": "text"}}
            server = stack.enter_context(SandboxServer(sandbox, host=address))
            told[name] = sandbox.settings(server.url)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
