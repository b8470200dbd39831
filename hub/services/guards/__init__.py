"""Guards: a run that would do more than its connection may do unasked is stopped before its first write."""
