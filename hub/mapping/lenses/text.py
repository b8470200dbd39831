"""Lenses for plain text: text, trim, case, email, constant."""

from __future__ import annotations

import html
import re
from typing import Literal

from pydantic import Field as Option

from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import TEXT_KINDS, Fast, Lens, NoOptions, Options, expect_text, text_of
from hub.record.definition import Field
from hub.record.values import Value
from hub.sdk.records import JsonValue

_LINE_END = re.compile(r"<br\s*/?>|</(?:p|div|li)>", re.IGNORECASE)
_MARK = re.compile(r"</?[A-Za-z!][^>]*>")
_EMAIL = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,255}")


class TextOptions(Options):
    max_length: int | None = Option(None, ge=1, description="Characters the remote field holds; longer is not sent.")
    empty: Literal["null", "keep"] = Option("null", description="What an empty remote text means.")
    lines: Literal["keep", "join"] = Option("keep", description="join: several lines become one, with commas.")


class TextLens(Lens):
    """A text as it stands, trimmed; an empty remote text is null unless `empty: keep`."""

    fills = TEXT_KINDS | {"choice"}

    def __init__(self, options: TextOptions) -> None:
        self.max_length = options.max_length
        self._keeps_empty = options.empty == "keep"
        self._joins_lines = options.lines == "join"

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        text = text_of(remote)
        if self._joins_lines and ("\n" in text or "\r" in text):
            text = ", ".join(line.strip(" ,") for line in text.splitlines() if line.strip(" ,"))
        return text if text or self._keeps_empty else None

    def put(self, value: Value) -> JsonValue:
        text = expect_text(value)
        if self.max_length is not None and len(text) > self.max_length:
            raise BadValue(f"has {len(text)} characters; the remote field holds {self.max_length}")
        return text

    def samples(self) -> tuple[Value, ...]:
        return ("Acme", "Müller & Söhne GmbH", "a  b", 'O\'Neill "Bob"', "東京")

    def fast(self, field: Field) -> Fast | None:
        if self._joins_lines:
            return None
        if field.choices:
            return Fast("(w := v) in {choices}", {"choices": frozenset(field.choices)})
        return Fast(
            "v is not None and 0 < len(w := v.strip()) <= {limit} and '\\0' not in w", {"limit": field.length_limit}
        )


class TrimLens(TextLens):
    """Takes white space off both ends; the record's texts never have any."""

    def __init__(self, options: NoOptions) -> None:  # noqa: ARG002
        super().__init__(TextOptions.model_validate({}))


class CaseOptions(Options):
    record: Literal["lower", "upper", "keep"] = Option("keep", description="Case of the text in the record.")
    remote: Literal["lower", "upper", "keep"] = Option("keep", description="Case of the text when written.")


class CaseLens(Lens):
    """Changes the case of a text, per direction."""

    fills = TEXT_KINDS | {"choice"}

    def __init__(self, options: CaseOptions) -> None:
        self._record = options.record
        self._remote = options.remote

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        return _recased(text_of(remote), self._record) or None

    def put(self, value: Value) -> JsonValue:
        return _recased(expect_text(value), self._remote)

    def samples(self) -> tuple[Value, ...]:
        return tuple(_recased(text, self._record) for text in ("acme", "ACME", "Acme"))


def _recased(text: str, case: Literal["lower", "upper", "keep"]) -> str:
    if case == "keep":
        return text
    return text.lower() if case == "lower" else text.upper()


class EmailLens(Lens):
    """An e-mail address in lower case, which is its normal form here."""

    fills = TEXT_KINDS
    normal_form = True

    def __init__(self, options: NoOptions) -> None: ...

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        text = text_of(remote).lower()
        if not text:
            return None
        if not _EMAIL.fullmatch(text):
            raise BadValue("is not an e-mail address")
        return text

    def put(self, value: Value) -> JsonValue:
        return expect_text(value)

    def samples(self) -> tuple[Value, ...]:
        return ("ann@acme.example", "o'neill+crm@sub.acme.example")

    def fast(self, field: Field) -> Fast:
        return Fast(
            "v is not None and len(w := v.lower()) <= {limit} and {matches}(w)",
            {"limit": field.length_limit or 320, "matches": _EMAIL.fullmatch},
        )


class HtmlOptions(Options):
    max_length: int | None = Option(None, ge=1, description="Characters the remote field holds, marks included.")


class HtmlLens(Lens):
    """Plain text where the other side keeps HTML: nothing of it is taken for a mark, and lines stay lines."""

    fills = TEXT_KINDS
    normal_form = True

    def __init__(self, options: HtmlOptions) -> None:
        self._max_length = options.max_length

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        lines = _LINE_END.sub("\n", text_of(remote))
        return html.unescape(_MARK.sub("", lines)).strip() or None

    def put(self, value: Value) -> JsonValue:
        text = html.escape(expect_text(value), quote=False).replace("\n", "<br>")
        if self._max_length is not None and len(text) > self._max_length:
            raise BadValue(f"has {len(text)} characters as HTML; the remote field holds {self._max_length}")
        return text

    def samples(self) -> tuple[Value, ...]:
        return ("Acme", "R&D <b>first</b>", "one\ntwo", "&amp; &lt;", "東京")


class ConstantOptions(Options):
    value: str | int | bool = Option(description="The one value that is written, whatever the record says.")


class ConstantLens(Lens):
    """One fixed value: written always; the only one that is read."""

    fills = TEXT_KINDS | {"choice", "int", "bool"}
    remote_types = frozenset({"text", "picklist", "number", "bool", "reference", "other"})

    def __init__(self, options: ConstantOptions) -> None:
        self._value = options.value

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        if remote != self._value or type(remote) is not type(self._value):
            raise BadValue(f"is not the constant {self._value!r}")
        return self._value

    def put(self, value: Value) -> JsonValue:  # noqa: ARG002
        return self._value

    def samples(self) -> tuple[Value, ...]:
        return (self._value,)

    def remote_values(self) -> tuple[str, ...] | None:
        return (self._value,) if isinstance(self._value, str) else None
