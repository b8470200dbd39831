"""dlt, the library that most teams would reach for: merge into PostgreSQL by primary key, telemetry off.

Importing dlt and declaring the pipeline is not measured. The pipeline's own state lies in the working directory, so
that the runs of one round are runs of one pipeline.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from psycopg.conninfo import conninfo_to_dict

from benchmarks.measure import Result, Stopwatch
from benchmarks.pages import read_pages

if TYPE_CHECKING:
    import pyarrow as pa


def load_dicts(source_url: str, database_url: str, count: int) -> Result:  # noqa: ARG001 - a contender's signature
    """dlt as its first tutorial shows it: Python dicts, every setting at its default."""
    return _merge(_dicts(source_url), database_url)


def load_arrow(source_url: str, database_url: str, count: int) -> Result:  # noqa: ARG001
    """dlt fed with Arrow tables, every setting at its default (its CSV files for COPY are no faster here)."""
    return _merge(_tables(source_url), database_url)


def load_arrow_adbc(source_url: str, database_url: str, count: int) -> Result:  # noqa: ARG001
    """dlt at its fastest: Arrow tables, handed over as parquet files through the ADBC driver.

    https://dlthub.com/docs/dlt-ecosystem/destinations/postgres#fast-loading-with-arrow-tables-and-parquet
    """
    return _merge(_tables(source_url), database_url, file_format="parquet")


def _merge(items: Iterator[Any], database_url: str, *, file_format: str | None = None) -> Result:
    settings = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": str(Path.cwd())}
    os.environ.update(settings)
    import dlt  # heavy, and the processes of the other contenders do without it
    from dlt.destinations import postgres

    pipeline = dlt.pipeline("accounts", destination=postgres(_credentials(database_url)), dataset_name="peer")
    accounts = dlt.resource(items, name="account", write_disposition="merge", primary_key="Id")
    with Stopwatch() as watch:
        pipeline.run(accounts, loader_file_format=file_format).raise_on_failed_jobs()
    assert pipeline.last_trace is not None
    assert pipeline.last_trace.last_normalize_info is not None
    return watch.result(records=pipeline.last_trace.last_normalize_info.row_counts["account"])


def _credentials(database_url: str) -> dict[str, Any]:
    """dlt insists on a host and a password, and takes a socket's folder for a host only outside of a URL."""
    parts = conninfo_to_dict(database_url)
    return {
        "host": quote(str(parts["host"]), safe=""),
        "port": int(parts.get("port") or 5432),
        "username": parts["user"],
        "password": parts.get("password") or "unused",
        "database": parts["dbname"],
    }


def _dicts(source_url: str) -> Iterator[list[dict[str, Any]]]:
    for body in read_pages(source_url):
        records = msgspec.json.decode(body)["records"]
        for record in records:
            del record["attributes"]
        yield records


def _tables(source_url: str) -> Iterator["pa.Table"]:
    import pyarrow as pa
    from pyarrow import json

    stamp = pa.timestamp("us", tz="UTC")
    records = pa.list_(pa.struct([("CreatedDate", stamp), ("SystemModstamp", stamp)]))
    as_stamps = json.ParseOptions(explicit_schema=pa.schema([("records", records)]))

    def table(body: bytes) -> pa.Table:
        whole = json.ReadOptions(block_size=len(body))  # a page is one line, and a line may not span blocks
        page = json.read_json(io.BytesIO(body), read_options=whole, parse_options=as_stamps)
        return pa.Table.from_struct_array(page["records"].combine_chunks().flatten()).drop_columns("attributes")

    return map(table, read_pages(source_url))
