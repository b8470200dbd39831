"""The Bulk 2.0 jobs of an org and the CSV they speak."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.calls import VendorError

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
NULL = "#N/A"


@dataclass(slots=True)
class Job:
    """One job. `polls_left` is how often it still shows InProgress before its end."""

    id: str
    object: str
    operation: str
    query: str = ""
    key_field: str = ""
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    state: str = "Open"
    version: str = ""
    polls_left: int = 0
    uploaded: bytes | None = None
    error: str = ""
    header: list[str] = field(default_factory=list)
    successful: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    unprocessed: list[dict[str, str]] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The job as its resource shows it."""
        body: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "state": self.state,
            "apiVersion": float(self.version[1:] or 0),
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if self.query:
            return body | {"numberRecordsProcessed": len(self.rows), "retries": 0, "totalProcessingTime": 1}
        body["jobType"] = "V2Ingest"
        if self.key_field:
            body["externalIdFieldName"] = self.key_field
        if self.state == "Open":
            body["contentUrl"] = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
        if self.error:
            body["errorMessage"] = self.error
        return body | {
            "numberRecordsProcessed": len(self.successful) + len(self.failed),
            "numberRecordsFailed": len(self.failed),
            "retries": 0,
        }


class Jobs:
    """Jobs by id."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def add(self, job: Job) -> Job:
        self._jobs[job.id] = job
        return job

    def next_id(self) -> str:
        return canonical_id(f"750{len(self._jobs) + 1:012d}")

    def get(self, job_id: str) -> Job:
        job = self._jobs.get(canonical_id(job_id))
        if job is None:
            raise VendorError("NOT_FOUND", "The requested resource does not exist", status=404)
        return job

    def remove(self, job_id: str) -> None:
        self._jobs.pop(self.get(job_id).id)


def read_csv(body: bytes, delimiter: str) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows; VendorError when it is no CSV with a header."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise VendorError("INVALIDBATCH", "InvalidBatch : The data is not UTF-8") from exc
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter])
    if not reader.fieldnames:
        raise VendorError("INVALIDBATCH", "InvalidBatch : Field name not found")
    rows = [{name: value or "" for name, value in row.items() if name is not None} for row in reader]
    return list(reader.fieldnames), rows


def write_csv(header: Sequence[str], rows: Iterable[dict[str, str]], delimiter: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(
        out, header, delimiter=DELIMITERS[delimiter], quoting=csv.QUOTE_ALL, lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
