"""Errors of a remote system, named by what the hub does next.

RemoteError
├── AuthFailed       pause the connection, ask a person
├── RateLimited      wait as told, then go on
├── Unavailable      back off with jitter; nothing was done remotely
├── LockContention   smaller batches, per-parent order
├── RecordRejected   dead letter for this record; the rest goes on
├── Conflict         re-read, merge again
├── RecordGone       tombstone, or redirect to the survivor
├── OutcomeUnknown   verify before any second write
└── CursorExpired    full re-read (gap resync) of the object

A connector raises these and nothing else on purpose. `sync_jobs.outcomes` decides once what each one means.
"""

from __future__ import annotations

from collections.abc import Mapping


class RemoteError(Exception):
    """What a remote system, or the way to it, said no to.

    `message` is for the operator: one sentence, what happened and what to do. It never holds a secret.
    `code` is the vendor's own error code, `status` the HTTP status, both as sent, for the log.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.details: Mapping[str, object] = details or {}

    @property
    def kind(self) -> str:
        """The class name, as stored with deliveries and shown to operators."""
        return type(self).__name__


class AuthFailed(RemoteError):
    """Credentials, scopes or permissions are not enough; only a person can help."""


class RateLimited(RemoteError):
    """The remote asks for a pause.

    `retry_after` is seconds, None when the remote did not say. `scope` tells which limit: `burst`, `daily`
    or `concurrency`.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        scope: str = "burst",
        code: str | None = None,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, details=details)
        self.retry_after = retry_after
        self.scope = scope


class Unavailable(RemoteError):
    """The remote did not act on the request (down, refused, edge error); trying later is safe.

    `retry_after` is seconds, None when the remote did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        code: str | None = None,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, details=details)
        self.retry_after = retry_after


class LockContention(RemoteError):
    """Rows were locked by somebody else; the same write may succeed in a moment, in a smaller batch."""


class RecordRejected(RemoteError):
    """The remote refuses this record's content; it will refuse it again unchanged.

    `existing_id` is the remote record that is in the way, when the remote named it (unique value, duplicate rule).
    """

    def __init__(
        self,
        message: str,
        *,
        fields: tuple[str, ...] = (),
        existing_id: str | None = None,
        code: str | None = None,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, details=details)
        self.fields = fields
        self.existing_id = existing_id


class Conflict(RemoteError):
    """The remote record is no longer the one that the write was computed from."""


class RecordGone(RemoteError):
    """The remote record was deleted, or merged into `merged_into`."""

    def __init__(
        self,
        message: str,
        *,
        merged_into: str | None = None,
        code: str | None = None,
        status: int | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, details=details)
        self.merged_into = merged_into


class OutcomeUnknown(RemoteError):
    """The request left and no usable answer came; the write may or may not have happened."""


class CursorExpired(RemoteError):
    """The remote no longer honours this cursor; the object must be read in full again."""
