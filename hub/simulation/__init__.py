"""Seeded worlds over the real engine: people, workers, faults and crashes, and the laws that hold at rest."""
