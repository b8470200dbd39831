"""Lenses: one name for both directions between a remote value and a record's value."""
