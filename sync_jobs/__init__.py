"""The workers: they take wake-ups from Redis and do what PostgreSQL says is to be done."""
