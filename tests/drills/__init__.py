"""Fault drills: real processes under load, one thing breaks at a random moment, and nothing may be lost or doubled."""
