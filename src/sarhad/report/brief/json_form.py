"""The document as JSON: for the page, and for whoever wants to read the figures by program."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, Final

from sarhad.report.brief.document import BriefDocument
from sarhad.report.brief.line_values import Quantised
from sarhad.report.brief.wording import Message, Number

SCHEMA: Final = 1
"""Grows when a key of the JSON form changes its meaning or goes."""

# What could end the block of a page, open a comment in it, or break a line of a script.
ESCAPES: Final = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


def to_json(document: BriefDocument) -> dict[str, Any]:
    """Return the document as plain lists, dictionaries, texts and numbers.

    Field names are those of the dataclasses. Times are ISO 8601 with their offset, pictures are in
    base 64, a figure within a message is `{"number", "kind"}` and a time `{"time"}`.
    """
    return {"schema": SCHEMA, **plain_form(document)}


def write_block(content: object) -> str:
    """Return JSON that is safe within a `script` block of a page, whatever texts it holds."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.translate(ESCAPES)


def plain_form(value: Any) -> Any:
    """Return one value of a document, with all that it holds, in plain form."""
    if isinstance(value, Message):
        return {"key": value.key, "text": value.text, "values": plain_values(value)}
    if isinstance(value, Quantised):
        return {
            "shape": list(value.shape),
            "codes": value.text,
            "high": value.high,
            "power": value.power,
        }
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain_form(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [plain_form(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def plain_values(message: Message) -> dict[str, Any]:
    """Return what goes into a message's gaps, as the page's script reads it."""
    return {name: _plain_value(value) for name, value in message.values}


def _plain_value(value: str | Number | datetime | Message) -> Any:
    if isinstance(value, Number):
        return {"number": value.value, "kind": value.kind}
    if isinstance(value, Message):
        return plain_form(value)
    return {"time": value.isoformat()} if isinstance(value, datetime) else value
