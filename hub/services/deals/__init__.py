"""Deal registrations: submitted, screened, decided, changed and ended."""
