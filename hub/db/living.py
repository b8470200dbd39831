"""Conditions of rows that count; the alias of the table goes in for {0}."""

ALIVE = "{0}.deleted_at is null and {0}.merged_into is null"
TODAY = ALIVE + " and {0}.valid_from <= %(today)s and ({0}.valid_to is null or {0}.valid_to > %(today)s)"
"""Of rows that hold for a time; with the parameter `today`."""
