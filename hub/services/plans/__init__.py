"""Plans: worked out without writing anything, decided by people, applied record by record."""
