"""Cursors and pages."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.api.paging import decode_cursor, encode_cursor, page_of
from hub.services.refusals import Invalid


class _Position(msgspec.Struct, array_like=True):
    at: datetime
    id: UUID


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_leads_back_to_the_position_it_was_made_from(at: datetime, record_id: UUID) -> None:
    position = _Position(at, record_id)

    assert decode_cursor(encode_cursor(position), _Position) == position


@given(st.text(max_size=50))
def test_text_that_nobody_gave_out_is_refused_and_never_breaks(text: str) -> None:
    with pytest.raises(Invalid, match="not one that this list gave out"):
        decode_cursor(text, tuple[int, str, str])


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Invalid):
        decode_cursor(encode_cursor(5), _Position)


@pytest.mark.parametrize(("found", "following"), [(0, None), (2, None), (3, "Mg")])
def test_only_a_page_that_has_a_successor_leads_to_it(found: int, following: str | None) -> None:
    page = page_of(list(range(1, found + 1)), limit=2, position=lambda item: item)

    assert len(page.items) == min(found, 2)
    assert page.next_cursor == following
