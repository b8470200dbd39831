"""What an operator reads when an engine cannot be used."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


class EngineUnavailable(Exception):
    """PostgreSQL or Redis cannot be used as it is; a person has to act.

    `operator_text` is one sentence that says what is wrong and what to do; it holds no secret.
    """

    def __init__(self, operator_text: str) -> None:
        super().__init__(operator_text)
        self.operator_text = operator_text


def shown_url(url: str) -> str:
    """The URL as it may be printed: no password, neither before the host nor among the parameters."""
    parts = urlsplit(url)
    account, at, address = parts.netloc.rpartition("@")
    user = account.partition(":")[0]
    netloc = f"{user}{at}{address}" if user else address
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k != "password"], safe="/:")
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def first_line(text: str) -> str:
    """The first line of a driver's message: its reason; what follows are guesses."""
    return _lines(text)[0]


def last_line(text: str) -> str:
    """The last line of a program's output or log: what it died of."""
    return _lines(text)[-1]


def _lines(text: str) -> list[str]:
    return [line.strip().rstrip(".") for line in text.splitlines() if line.strip()] or ["it gave no reason"]
