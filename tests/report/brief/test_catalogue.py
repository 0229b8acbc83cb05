"""Every language says everything, and writes numbers and dates in its own way."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from tests.report.brief.sample import ZONE

from sarhad.exchange.brief_parts import read_brief_parts
from sarhad.report.brief.catalogue import (
    Catalogue,
    complete,
    gaps,
    parse_catalogue,
    say,
    write_number,
    write_time,
)
from sarhad.report.brief.wording import Number, NumberKind, tell

PARTS = read_brief_parts()
CATALOGUES = {
    each.tag: each
    for each in (parse_catalogue(PARTS[name]) for name in PARTS if name.endswith(".toml"))
}
ENGLISH = CATALOGUES["en"]
OTHERS = [tag for tag in CATALOGUES if tag != "en"]


def test_english_russian_and_persian_are_there() -> None:
    assert {"en", "ru", "fa"} <= set(CATALOGUES)
    assert CATALOGUES["fa"].direction == "rtl"


@pytest.mark.parametrize("tag", OTHERS)
def test_a_catalogue_has_every_key_and_no_other(tag: str) -> None:
    assert set(CATALOGUES[tag].messages) == set(ENGLISH.messages)


@pytest.mark.parametrize("tag", OTHERS)
def test_a_sentence_has_the_same_gaps_in_every_language(tag: str) -> None:
    for key, sentence in CATALOGUES[tag].messages.items():
        assert gaps(sentence) == gaps(ENGLISH.messages[key]), key


def test_every_key_that_templates_say_exists() -> None:
    templates = "".join(PARTS[name] for name in PARTS if name.endswith(".html"))
    said = set(re.findall(r"""(?:say|label|plain)\("([a-z_.]+)"[,)]""", templates))
    assert len(said) > 60
    assert said <= set(ENGLISH.messages)


def test_a_missing_sentence_is_said_in_english() -> None:
    short = Catalogue("xx", "X", "ltr", "en", {"answers.which": "Wat?"})
    full = complete(short, ENGLISH)
    assert say(full, tell("answers.which")) == "Wat?"
    assert say(full, tell("answers.sure")) == ENGLISH.messages["answers.sure"]


def test_a_message_without_a_key_is_its_text() -> None:
    assert say(ENGLISH, tell("no.such.key", "No radio in the gorge")) == "No radio in the gorge"


def test_entered_text_keeps_its_own_direction() -> None:
    words = say(CATALOGUES["fa"], tell("answers.than", today="Alone"))
    assert "\u2068Alone\u2069" in words


@pytest.mark.parametrize(
    ("tag", "value", "kind", "written"),
    [
        ("en", 1234567.0, "n0", "1,234,567"),
        ("en", 0.0123456, "auto", "0.0123"),
        ("en", 98765.4, "auto", "98,765"),
        ("en", 0.614, "p0", "61%"),
        ("en", 0.0129, "p1", "1.3%"),
        ("ru", 1234.56, "n1", "1\xa0234,6"),
        ("ru", 0.614, "p0", "61\xa0%"),
        ("fa", 1234.0, "n0", "۱٬۲۳۴"),
    ],
)
def test_numbers_are_written_as_the_language_does(
    tag: str, value: float, kind: NumberKind, written: str
) -> None:
    assert write_number(CATALOGUES[tag], value, kind) == written


def test_times_are_written_in_their_own_zone() -> None:
    moment = datetime(2025, 12, 8, 6, 5, tzinfo=ZONE)
    assert write_time(ENGLISH, moment) == "8 December 2025, 06:05"
    assert write_time(CATALOGUES["ru"], moment) == "8 декабря 2025\u202fг., 06:05"
    assert write_time(CATALOGUES["fa"], moment).endswith("۰۶:۰۵")


def test_messages_nest() -> None:
    said = say(ENGLISH, tell("compare.harm_unit", unit=tell("unit.killed_week")))
    assert said == "Unit: people killed, expected in a week"
    assert say(ENGLISH, tell("compare.minutes", value=Number(4.4, "n0"))) == "4 min"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[language]\ntag='x'\n", "tag, name, direction and locale"),
        ("[language]\ntag='x'\nname='X'\ndirection='up'\nlocale='x'\n", "ltr or rtl"),
        (
            "[language]\ntag='x'\nname='X'\ndirection='ltr'\nlocale='x'\n[a]\nb=1\n",
            "a.b is no text",
        ),
    ],
)
def test_a_catalogue_that_is_none_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_catalogue(text)
