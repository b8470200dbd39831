"""What a machine may lack."""


class Missing(Exception):
    """This machine cannot play the drill; the message says what it lacks."""
