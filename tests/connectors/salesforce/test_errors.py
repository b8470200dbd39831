"""One table of error codes for rows, collections, composite calls and bulk jobs."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.errors import from_bulk, from_error, from_response
from connectors.salesforce.ids import canonical_id
from connectors.salesforce.rest import Reply, read_limits
from connectors.salesforce.stamps import format_stamp, http_date, parse_http_date, parse_stamp, soql_time
from hub.sdk.errors import (
    AuthFailed,
    Conflict,
    LockContention,
    OutcomeUnknown,
    RateLimited,
    RecordGone,
    RecordRejected,
    RemoteError,
    Unavailable,
)

ROWS = [
    ("UNABLE_TO_LOCK_ROW", LockContention),
    ("ENTITY_IS_DELETED", RecordGone),
    ("NOT_FOUND", RecordGone),
    ("REQUEST_LIMIT_EXCEEDED", RateLimited),
    ("UNKNOWN_EXCEPTION", Unavailable),
    ("SERVER_UNAVAILABLE", Unavailable),
    ("TXN_SECURITY_METERING_ERROR", Unavailable),
    ("PROCESSING_HALTED", Unavailable),
    ("INSUFFICIENT_ACCESS_OR_READONLY", RecordRejected),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", RecordRejected),
    ("STRING_TOO_LONG", RecordRejected),
    ("A_CODE_OF_NEXT_YEAR", RecordRejected),
]


@pytest.mark.parametrize(("code", "expected"), ROWS)
def test_collection_errors_use_statuscode_rows_use_errorcode(code: str, expected: type[RemoteError]) -> None:
    as_row = from_error({"errorCode": code, "message": "m", "fields": ["A"]}, status=400, row=True)
    as_collection = from_error({"statusCode": code, "message": "m", "fields": ["A"]}, status=None, row=True)
    as_bulk = from_bulk(f"{code}:m:A--")

    assert [type(error) for error in (as_row, as_collection, as_bulk)] == [expected] * 3
    assert {error.code for error in (as_row, as_collection, as_bulk)} == {code}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "x"}], AuthFailed),
        (403, [{"errorCode": "INSUFFICIENT_ACCESS", "message": "x"}], AuthFailed),
        (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "x"}], AuthFailed),
        (503, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}], RateLimited),
        (429, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "x"}], RateLimited),
        (410, [{"errorCode": "UNSUPPORTED_API_VERSION", "message": "x"}], AuthFailed),
        (412, [{"errorCode": "PRECONDITION_FAILED", "message": "x"}], Conflict),
        (404, [{"errorCode": "NOT_FOUND", "message": "x"}], RecordRejected),
        (404, [{"errorCode": "ENTITY_IS_DELETED", "message": "x"}], RecordGone),
        (300, ["/services/data/v62.0/sobjects/Account/001000000000001AAA"], RecordRejected),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}], Unavailable),
        (405, [{"errorCode": "METHOD_NOT_ALLOWED", "message": "x"}], RecordRejected),
        (412, None, Conflict),
        (429, None, RateLimited),
        (414, None, RecordRejected),
        (503, None, Unavailable),
        (504, None, OutcomeUnknown),
    ],
)
def test_a_refused_call_means_what_its_status_and_code_say(
    status: int, body: object, expected: type[RemoteError]
) -> None:
    response = httpx.Response(status, json=body) if body is not None else httpx.Response(status, text="<html>")

    error = from_response(response, writing=True)

    assert type(error) is expected
    assert error.status == status


def test_retry_after_is_passed_on_where_it_comes() -> None:
    body = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "x"}]

    error = from_response(httpx.Response(429, json=body, headers={"Retry-After": "7"}), writing=False)

    assert isinstance(error, RateLimited)
    assert error.retry_after == 7


def test_a_vanished_field_is_named() -> None:
    message = "\nSELECT Id, Gone__c\n ERROR at Row:1\nNo such column 'Gone__c' on entity 'Account'."

    error = from_error({"errorCode": "INVALID_FIELD", "message": message}, status=400, row=False)

    assert isinstance(error, RecordRejected)
    assert error.fields == ("Gone__c",)


def test_the_existing_id_stands_at_the_end_of_the_message() -> None:
    message = "duplicate value found: Hub_Id__c duplicates value on record with id: 0015g00000Qx4Ab"

    error = from_error({"statusCode": "DUPLICATE_VALUE", "message": message}, status=None, row=True)

    assert isinstance(error, RecordRejected)
    assert error.existing_id == canonical_id("0015g00000Qx4Ab")


def test_two_duplicates_leave_the_choice_to_a_person() -> None:
    records = [{"record": {"Id": f"00100000000000{n}AAA"}} for n in (1, 2)]
    body = {"matchResults": [{"matchRecords": records}]}

    error = from_error({"errorCode": "DUPLICATES_DETECTED", "duplicateResut": body}, status=400, row=True)

    assert isinstance(error, RecordRejected)
    assert error.existing_id is None


def test_the_smaller_quota_counts() -> None:
    header = "api-usage=18/5000; per-app-api-usage=17/250(appName=x); api-bursts=1/750"

    assert [(usage.kind, usage.remaining) for usage in read_limits(header)] == [("daily", 233), ("burst", 749)]
    assert read_limits("") == []
    assert read_limits("something else") == []


@given(st.integers(min_value=0, max_value=60_000_000_000))
def test_stamps_survive_every_form(seconds: int) -> None:
    whole = datetime.fromtimestamp(seconds, UTC)

    assert parse_stamp(format_stamp(whole)) == whole
    assert datetime.fromisoformat(soql_time(whole)) == whole
    assert parse_http_date(http_date(whole)) == whole


@given(st.from_regex(r"[a-zA-Z0-9]{15}", fullmatch=True))
def test_long_ids_differ_even_without_case(short: str) -> None:
    swapped = short.swapcase()

    assert canonical_id(canonical_id(short)) == canonical_id(short)
    assert canonical_id(short)[:15] == short
    if swapped != short:
        assert canonical_id(swapped).lower() != canonical_id(short).lower()


def test_a_known_id_has_the_known_checksum() -> None:
    assert canonical_id("0015g00000Qx4Ab") == "0015g00000Qx4AbAAJ"
    assert canonical_id("001D000000IqhSL") == "001D000000IqhSLIAZ"


@pytest.mark.parametrize("body", [None, [], {}, {"records": 5}, {"records": [5]}, {"records": [{"Name": "no id"}]}])
def test_an_answer_of_another_form_is_unavailable_and_no_crash(body: object) -> None:
    with pytest.raises(Unavailable):
        Reply(body, None).rows()
