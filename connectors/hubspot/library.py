"""hubspot-api-client for what describes an account, over the hub's own HTTP.

The library knows numbered paths only, has no timeout and no token refresh, and opens a new pool with every API object.
So its REST client is replaced by one that hands each request to the connector's `Api`, on the path of the version that
the connector speaks; API objects are made once: https://github.com/HubSpot/hubspot-api-python
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from connectors.hubspot.api import Answer, Api
from connectors.hubspot.paths import NUMBERED, Paths, paths_of
from hub.sdk.http import encode_json

_HOST = "http://connector.invalid"
_RESOURCES = ("properties", "pipelines", "owners", "schemas")


class VendorLibrary:
    """The library's read calls, awaited; its models are given back as they are."""

    def __init__(self, api: Api) -> None:
        self._bridge = _Bridge(api)

    async def properties(self, object_name: str) -> Sequence[Any]:
        collection = await self._run(lambda: self._apis["properties"].get_all(object_name, archived=False))
        return list(collection.results)

    async def pipelines(self, object_name: str) -> Sequence[Any]:
        return list((await self._run(lambda: self._apis["pipelines"].get_all(object_name))).results)

    async def owners(self) -> Sequence[Any]:
        found: list[Any] = []
        after: str | None = None
        while True:
            token = after
            page = await self._run(lambda: self._apis["owners"].get_page(limit=100, after=token, archived=False))  # noqa: B023
            found += page.results
            after = page.paging.next.after if page.paging and page.paging.next else None
            if after is None:
                return found

    async def schemas(self) -> Sequence[Any]:
        return list((await self._run(lambda: self._apis["schemas"].get_all(archived=False))).results)

    async def _run(self, call: Callable[[], Any]) -> Any:
        self._bridge.loop = asyncio.get_running_loop()
        return await asyncio.to_thread(call)

    @cached_property
    def _apis(self) -> Mapping[str, Any]:
        from hubspot import HubSpot  # generated code by the thousand lines: loaded when it is needed

        crm = HubSpot(access_token="the bridge signs in", host=_HOST).crm  # noqa: S106 - no secret
        apis = {
            "properties": crm.properties.core_api,
            "pipelines": crm.pipelines.pipelines_api,
            "owners": crm.owners.owners_api,
            "schemas": crm.schemas.core_api,
        }
        for one in apis.values():
            one.api_client.rest_client = self._bridge
            # The models' own rules are older than the API: unknown values are no reason to fail.
            one.api_client.configuration.client_side_validation = False
        return apis


class _Bridge:
    """The library's REST client: called in a worker thread, it lets the event loop do the request."""

    loop: asyncio.AbstractEventLoop

    def __init__(self, api: Api) -> None:
        self._api = api

    def GET(  # noqa: N802 - the library's name
        self,
        url: str,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - the connector signs in by itself
        query_params: Sequence[tuple[str, Any]] | None = None,
        _preload_content: bool = True,
        _request_timeout: float | None = None,
    ) -> _BridgedAnswer:
        params = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query_params or ()}
        path = current_path(urlsplit(url).path, self._api.paths)
        return _BridgedAnswer(asyncio.run_coroutine_threadsafe(self._api.get(path, params), self.loop).result())


class _BridgedAnswer:
    """What the library expects of a response."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.reason = ""
        self.data: Any = encode_json(answer.body)

    def getheaders(self) -> dict[str, str]:
        return {"content-type": "application/json"}

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self.getheaders().get(name.lower(), default)


def current_path(path: str, paths: Paths) -> str:
    """A numbered path of the library, in the version that the connector speaks."""
    numbered = paths_of(NUMBERED)
    for resource in _RESOURCES:
        prefix = getattr(numbered, resource)
        if path == prefix or path.startswith(f"{prefix}/"):
            return str(getattr(paths, resource)) + path.removeprefix(prefix).rstrip("/")
    raise ValueError(f"The connector has no path for {path}.")
