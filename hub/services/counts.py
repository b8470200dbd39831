"""What one page or batch did, in numbers that a run adds up."""

from __future__ import annotations

from collections import Counter

# read, unchanged, created, linked, changed, agreed, stale, quarantined, out_of_scope, conflicts, reviews, deleted,
# merged, restored, not_created;
# outbound: remote_created, remote_updated, remote_deleted, idle, waiting, failed, dead, unknown
Counts = Counter[str]
