"""Whatever is sent, the answer is a problem that says so; nothing breaks and nothing is stored."""

from tests.integration.api.conftest import Api

_NOBODY = "00000000-0000-0000-0000-000000000000"


_QUESTIONS = (
    "/records/partner?limit=0",
    "/records/partner?limit=501",
    "/records/partner?limit=x",
    "/records/partner?updated_since=yesterday",
    "/records/partner?updated_since=2026-01-01T00:00:00",
    "/records/partner?vat_number=%00",
    "/records/partner?legal_name=x",
    "/records/partner?cursor=" + "A" * 2000,
    "/records/deal_line?line_number=x",
    "/records/partner/not-an-id",
    f"/records/partner/{_NOBODY}/why?field=' or 1=1",
    f"/partners/{_NOBODY}/profile",
    "/connections/%00",
    "/connections/" + "x" * 300,
    "/runs?connection=%00",
    "/runs?state=wild",
    "/runs/0",
    "/runs/99999999999999999999999",
    "/deliveries?state=wild",
    "/deliveries?cursor=W10",
    "/conflicts?record_id=x",
    "/conflicts?field=%00",
    "/quarantine?cursor=WzEsMiwzXQ",
    "/mappings/nobody",
)


async def test_odd_questions_get_a_clear_no(api: Api) -> None:
    for path in _QUESTIONS:
        answer = await api.admin.get(f"/api/v1{path}")

        assert 400 <= answer.status_code < 500, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", path


_RECORDS = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"{",
    b"\xff",
    b"[" * 100_000,
    b'{"legal_name": null}',
    b'{"legal_name": ""}',
    b'{"legal_name": 1}',
    b'{"legal_name": "a\\u0000b"}',
    b'{"legal_name": "\\ud800"}',
    b'{"legal_name": "line\\nbreak"}',
    b'{"legal_name": "' + b"x" * 300 + b'"}',
    b'{"legal_name": "A", "employees": 1e400}',
    b'{"legal_name": "A", "employees": 99999999999999999999}',
    b'{"legal_name": "A", "annual_revenue": {"amount": 1.5, "currency": "EUR"}}',
    b'{"legal_name": "A", "annual_revenue": {"amount": "NaN", "currency": "EUR"}}',
    b'{"legal_name": "A", "contract_end": "31.12.2026"}',
    b'{"legal_name": "A", "id": "00000000-0000-0000-0000-000000000000"}',
    b'{"legal_name": "A", "custom": {"undeclared": 1}}',
)


async def test_odd_records_are_refused(api: Api) -> None:
    for body in _RECORDS:
        answer = await api.operator.post(
            "/api/v1/records/partner", content=body, headers={"Content-Type": "application/json"}
        )

        assert answer.status_code in (400, 422), (body[:80], answer.text)
        assert answer.headers["content-type"] == "application/problem+json", body[:80]
    assert await api.all("select 1 from organization") == []


_ORDERS = (
    ("/connections", b'{"name": "x", "system": "sample", "settings": {"url": "\\ud800"}}'),
    ("/connections", b'{"name": "x", "system": "sample", "settings": []}'),
    ("/conflicts/resolve", b'{"choice": "ours", "ids": []}'),
    ("/deliveries/1/replay", b'{"fields": {"a": "\\u0000"}}'),
    ("/keys", b'{"name": "a\\u0000", "role": "viewer"}'),
    ("/keys", b'{"name": "a", "role": "emperor"}'),
    ("/custom-fields", b'{"record_type": "partner", "name": "x", "kind": "link", "doc": "x"}'),
)


async def test_odd_orders_are_refused(api: Api) -> None:
    for path, body in _ORDERS:
        answer = await api.admin.post(f"/api/v1{path}", content=body, headers={"Content-Type": "application/json"})

        assert 400 <= answer.status_code < 500, (path, body, answer.text)
        assert answer.headers["content-type"] == "application/problem+json", path
