"""Many submitters at once against the real processes, and the laws that must hold afterwards."""
