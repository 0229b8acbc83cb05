"""Reads what the brief's page is made of: templates, languages, and the bundle if built."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

SUFFIXES: Final = (".html", ".css", ".js", ".toml", ".txt")


def read_brief_parts() -> dict[str, str]:
    """Return the texts of the package's files of the page, by their path below `parts/`."""
    parts = files("sarhad") / "report" / "brief" / "parts"
    return {
        f"{folder.name}/{file.name}": file.read_text(encoding="utf-8")
        for folder in _sorted(parts)
        if folder.is_dir()
        for file in _sorted(folder)
        if file.name.endswith(SUFFIXES)
    }


def _sorted(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda each: each.name)
