"""The brief as one page: HTML, look, script and data in a single file that asks for nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from sarhad.report.brief import plots
from sarhad.report.brief.catalogue import (
    FALLBACK,
    Catalogue,
    complete,
    parse_catalogue,
    say,
    write_number,
    write_time,
)
from sarhad.report.brief.colouring import choose_scales
from sarhad.report.brief.document import BriefDocument
from sarhad.report.brief.json_form import plain_values, write_block
from sarhad.report.brief.page_data import page_data
from sarhad.report.brief.still_map import draw_still_map
from sarhad.report.brief.wording import Message, Number, NumberKind, tell

MOST_BYTES: Final = 3_000_000
"""The file must travel by mail and on old sticks [B]."""

TEMPLATES: Final = "templates/"
LANGUAGES: Final = "languages/"
SCRIPT, STYLE, LICENCES = "built/brief.js", "built/brief.css", "built/licences.txt"
OWN_STYLE: Final = "templates/brief.css"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a page is made of, beside the document.

    Attributes
    ----------
    templates : mapping
        Jinja templates by name.
    catalogues : mapping
        Languages by tag; each says in English what it lacks.
    style : str
        Style sheet.
    script, licences : str
        The bundle and the licences of what it holds; empty where it was not built.
    """

    templates: Mapping[str, str]
    catalogues: Mapping[str, Catalogue]
    style: str
    script: str = ""
    licences: str = ""


def sort_parts(texts: Mapping[str, str]) -> Parts:
    """Return the parts of a page from the texts of the package's files, by their path there."""
    languages = [parse_catalogue(texts[name]) for name in sorted(texts) if LANGUAGES in name]
    fallback = next(each for each in languages if each.tag == FALLBACK)
    style = texts.get(STYLE, "") + texts[OWN_STYLE]
    return Parts(
        {name.removeprefix(TEMPLATES): texts[name] for name in texts if name.endswith(".html")},
        {each.tag: complete(each, fallback) for each in languages},
        style,
        texts.get(SCRIPT, ""),
        texts.get(LICENCES, ""),
    )


def build_brief(
    document: BriefDocument, texts: Mapping[str, str], language: str = FALLBACK
) -> bytes:
    """Return the page as UTF-8, one file with all that it needs.

    Parameters
    ----------
    document : BriefDocument
        What it says.
    texts : mapping
        The package's files of the page, as `exchange.brief_parts.read_brief_parts` gives them.
    language : str
        Tag of the language that the page opens in; with a script it can be changed there.

    Raises
    ------
    ValueError
        If there is no such language, or the page comes out above `MOST_BYTES`.
    """
    parts = sort_parts(texts)
    if language not in parts.catalogues:
        known = ", ".join(parts.catalogues)
        raise ValueError(f"no catalogue speaks {language!r}; there are {known}")
    page = _fill(document, parts, parts.catalogues[language]).encode("utf-8")
    if len(page) > MOST_BYTES:
        raise ValueError(f"the page has {len(page):,} bytes, more than {MOST_BYTES:,}")
    return page


def _fill(document: BriefDocument, parts: Parts, catalogue: Catalogue) -> str:
    environment = Environment(
        loader=DictLoader(dict(parts.templates)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_speakers(catalogue))
    environment.globals.update(tell=tell, plots=plots)
    scales = choose_scales(document.line) if document.line else {}
    return environment.get_template("page.html").render(
        document=document,
        catalogue=catalogue,
        catalogues=parts.catalogues,
        still=draw_still_map(document),
        scales=scales,
        policy=write_policy(parts),
        style=Markup(parts.style),  # noqa: S704 (our own files)
        script=Markup(parts.script),  # noqa: S704 (our own files)
        licences=parts.licences,
        data=Markup(write_block(page_data(document, parts.catalogues, scales))),  # noqa: S704
    )


def write_policy(parts: Parts) -> str:
    """Return the content security policy: nothing but this very script, style and pictures."""
    script = f"'{_hash(parts.script)}'" if parts.script else "'none'"
    return (
        f"default-src 'none'; script-src {script}; style-src '{_hash(parts.style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _speakers(catalogue: Catalogue) -> dict[str, Any]:
    """Return what templates speak with; each mark carries what the script needs to say it anew."""

    def say_message(message: Message | str, tag: str = "span", **values: Any) -> Markup:
        message = tell(message, **values) if isinstance(message, str) else message
        text = say(catalogue, message)
        if message.key not in catalogue.messages:
            return Markup("<{0} dir=auto>{1}</{0}>").format(Markup(tag), text)  # noqa: S704
        given = plain_values(message)
        more = Markup(" data-values='{}'").format(write_block(given)) if given else ""
        mark = Markup("<{0} data-say='{1}'{2}>{3}</{0}>")
        return mark.format(Markup(tag), message.key, more, text)  # noqa: S704

    def say_number(value: float | None, kind: NumberKind = "auto", tag: str = "span") -> Markup:
        if value is None:
            return say_message("page.nothing", tag)
        mark = Markup("<{0} data-number='{1}' data-kind='{2}'>{3}</{0}>")
        text = write_number(catalogue, value, kind)
        return mark.format(Markup(tag), repr(float(value)), kind, text)  # noqa: S704

    def say_time(moment: datetime) -> Markup:
        mark = Markup("<time datetime='{0}' data-time>{1}</time>")
        return mark.format(moment.isoformat(), write_time(catalogue, moment))

    def label(key: str) -> Markup:
        text = catalogue.messages[key]
        return Markup("aria-label='{}' data-label='{}'").format(text, key)

    def number(value: float, kind: NumberKind = "auto") -> Number:
        return Number(float(value), kind)

    def plain(message: Message | str) -> str:
        return say(catalogue, tell(message) if isinstance(message, str) else message)

    return {
        "say": say_message,
        "number": say_number,
        "time": say_time,
        "label": label,
        "figure": number,
        "plain": plain,
        "escape": escape,
    }
