"""What can be wrong with a policy file or its cases."""

from __future__ import annotations

from hub.files.issues import FileError, FileKind


class PolicyError(FileError):
    """A policy that cannot be used; `issues` holds every fault that was found, in the order of the file."""


POLICY = FileKind("policy", PolicyError)
CASES = FileKind("case file", PolicyError)
