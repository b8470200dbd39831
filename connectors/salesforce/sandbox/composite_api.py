"""`/composite` and `/composite/batch`: several calls in one, with references between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.org import Org
from hub.sdk.http import decode_json, encode_json

MAX_SUBREQUESTS = 25
MAX_HEAVY = 5
_REFERENCE = re.compile(r"@\{([\w.\[\]]+)\}")
_DATA_PATH = re.compile(r"/services/data/(v\d+\.\d)(/.*)")
_HEAVY = re.compile(r"/services/data/v[\d.]+/(query|queryAll|composite/sobjects)\b")


class Composite:
    """Runs sub-requests through `answer`, the API's own front door behind authentication."""

    def __init__(self, answer: Callable[[Org, Call], Answer]) -> None:
        self._answer = answer

    def composite(self, org: Org, call: Call) -> Answer:
        body = call.json_object()
        requests = _requests(body, "compositeRequest")
        if sum(bool(_HEAVY.match(str(request.get("url", "")))) for request in requests) > MAX_HEAVY:
            raise VendorError("LIMIT_EXCEEDED", f"Only {MAX_HEAVY} query or collections subrequests are allowed.")
        if not body.get("allOrNone", False):
            return Answer(200, {"compositeResponse": self._run(org, call, requests)})
        results: list[dict[str, Any]] = []
        try:
            with org.records.transaction():
                results = self._run(org, call, requests)
                if any(result["httpStatusCode"] >= 300 for result in results):
                    raise _Undo
        except _Undo:
            results = [result if result["httpStatusCode"] >= 300 else _halted(result) for result in results]
        return Answer(200, {"compositeResponse": results})

    def batch(self, org: Org, call: Call) -> Answer:
        requests = _requests(call.json_object(), "batchRequests")
        results: list[dict[str, Any]] = []
        for request in requests:
            url = str(request.get("url", ""))
            address = url if url.startswith("/") else f"/services/data/{url}"
            answer = self._one(org, call, request | {"url": address, "body": request.get("richInput")})
            results.append({"statusCode": answer.status, "result": _shown(answer)})
        failed = any(result["statusCode"] >= 400 for result in results)
        return Answer(200, {"hasErrors": failed, "results": results})

    def _run(self, org: Org, call: Call, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        done: dict[str, Any] = {}
        results: list[dict[str, Any]] = []
        for request in requests:
            reference = str(request.get("referenceId", ""))
            try:
                answer = self._one(org, call, _resolved(request, done))
            except VendorError as halted:
                answer = Answer(halted.status, [halted.as_row()])
            if answer.status < 300:
                done[reference] = _shown(answer)
            headers = {name: value for name, value in answer.headers.items() if name in ("Location", "ETag")}
            results.append(
                {
                    "body": _shown(answer),
                    "httpHeaders": headers,
                    "httpStatusCode": answer.status,
                    "referenceId": reference,
                }
            )
        return results

    def _one(self, org: Org, call: Call, request: dict[str, Any]) -> Answer:
        parts = urlsplit(str(request.get("url", "")))
        found = _DATA_PATH.fullmatch(parts.path)
        if found is None:
            return Answer(400, [{"errorCode": "INVALID_INPUT", "message": f"Invalid url: {parts.path}"}])
        body = request.get("body")
        headers = {str(name).lower(): str(value) for name, value in (request.get("httpHeaders") or {}).items()}
        sub = Call(
            method=str(request.get("method", "GET")).upper(),
            path=unquote(found[2]),
            version=found[1],
            params=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=b"" if body is None else encode_json(body),
            client=call.client,
        )
        return self._answer(org, sub)


def _requests(body: dict[str, Any], key: str) -> list[dict[str, Any]]:
    requests = body.get(key)
    if not isinstance(requests, list) or not requests:
        raise VendorError("JSON_PARSER_ERROR", f"Missing value for {key}")
    if len(requests) > MAX_SUBREQUESTS:
        raise VendorError("LIMIT_EXCEEDED", f"The limit of {MAX_SUBREQUESTS} subrequests was exceeded.")
    return requests


def _resolved(request: dict[str, Any], done: dict[str, Any]) -> dict[str, Any]:
    """The sub-request with every `@{ref.path}` put in."""

    def put(found: re.Match[str]) -> str:
        name, *path = re.split(r"\.|(?=\[)", found[1])
        if name not in done:
            raise VendorError(
                "PROCESSING_HALTED", f"Invalid reference specified. No value for {found[1]} found in {name}."
            )
        value = done[name]
        for step in path:
            value = value[int(step[1:-1])] if step.startswith("[") else value[step]
        return str(value)

    text = encode_json({"url": request.get("url"), "body": request.get("body")}).decode()
    resolved: dict[str, Any] = decode_json(_REFERENCE.sub(put, text).encode())
    return request | resolved


def _halted(result: dict[str, Any]) -> dict[str, Any]:
    error = {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back: another operation failed.",
    }
    return result | {"httpStatusCode": 400, "body": [error]}


def _shown(answer: Answer) -> Any:
    return None if isinstance(answer.body, bytes) else answer.body


class _Undo(Exception):
    """A sub-request failed, and the caller wanted all or none."""
