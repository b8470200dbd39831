"""What goes in by COPY is what was meant, whatever characters it has."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import connect

from hub.db.copying import copy_line

_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"))
_ROWS = st.tuples(
    st.none() | _TEXT,
    st.none() | st.lists(_TEXT, max_size=4),
    st.none() | st.binary(max_size=20),
    st.none() | st.uuids(),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.none() | st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ROWS, max_size=20))
def test_every_value_comes_back_as_it_went_in(database_url: str, rows: list[tuple[object, ...]]) -> None:
    with connect(database_url) as connection:
        connection.execute("create temp table t (a text, b text[], c bytea, d uuid, e numeric, f bool)")
        with connection.cursor().copy("copy t from stdin") as copy:
            for row in rows:
                copy.write(copy_line(row))
        assert connection.execute("select * from t").fetchall() == rows


def test_dates_and_aware_times_come_back_equal(database_url: str) -> None:
    row = (date(2026, 2, 28), datetime(2026, 11, 22, 4, 5, 6, 789, tzinfo=UTC), 5, UUID(int=7))
    with connect(database_url) as connection:
        connection.execute("create temp table t (a date, b timestamptz, c int, d uuid)")
        with connection.cursor().copy("copy t from stdin") as copy:
            copy.write(copy_line(row))
        assert connection.execute("select * from t").fetchall() == [row]


def test_a_number_keeps_its_digits(database_url: str) -> None:
    with connect(database_url) as connection:
        connection.execute("create temp table t (a numeric)")
        with connection.cursor().copy("copy t from stdin") as copy:
            copy.write(copy_line((Decimal("1E+3"),)))
            copy.write(copy_line((Decimal("0.10"),)))
        assert [str(row[0]) for row in connection.execute("select a from t")] == ["1000", "0.10"]
