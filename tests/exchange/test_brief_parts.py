"""The files that the brief's page is made of are found in the package."""

from __future__ import annotations

from sarhad.exchange.brief_parts import read_brief_parts


def test_templates_style_and_languages_are_read_by_their_path() -> None:
    parts = read_brief_parts()
    assert {"templates/page.html", "templates/brief.css", "languages/en.toml"} <= set(parts)
    assert {name.split("/")[0] for name in parts} <= {"templates", "languages", "built"}
