"""The match weights that this installation goes by: the packaged ones, or those of a file."""

from __future__ import annotations

from pathlib import Path

from hub.domain.matching import Weights, default_weights, parse_weights
from hub.services.refusals import NotFound, invalid


def load_weights(path: Path | None) -> Weights:
    """The weights of the file, or the packaged ones without any. Raises NotFound, Invalid."""
    if path is None:
        return default_weights()
    try:
        return parse_weights(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"There is no file of match weights {path}.") from None
    except KeyError as exc:
        raise invalid(path.name, f"lacks {exc.args[0]!r}") from None
    except (ValueError, TypeError, AttributeError) as exc:
        raise invalid(path.name, f"holds no match weights: {exc}") from None
