"""A day of a partner programme, played on the real engine between two emulated CRMs."""
