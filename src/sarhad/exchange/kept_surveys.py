"""Surveys that were made before, kept by what they were made from: sight and movement take seconds.

Plans and judgements are never kept. Files lie in the user's own cache folder and are read back only
from there; whoever can write there can already run programs as that user.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from sarhad.exchange.atomic import write_atomically

MOST_KEPT: Final = 8
HEADER: Final = b"sarhad survey 1\n"


def cache_folder() -> Path:
    """Return the folder that surveys are kept in: `SARHAD_CACHE`, or the user's cache folder."""
    if os.environ.get("SARHAD_CACHE"):
        return Path(os.environ["SARHAD_CACHE"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "sarhad" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sarhad"


def fingerprint_folder(folder: Path, *more: str) -> str:
    """Return a fingerprint of all files of a scenario folder, this version and further words.

    Parameters
    ----------
    folder : Path
        The scenario's.
    more : str
        Whatever else the result depends on.
    """
    digest = hashlib.sha256(version("sarhad").encode())
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    for word in more:
        digest.update(b"\0" + word.encode())
    return digest.hexdigest()


def fingerprint_code() -> str:
    """Return a fingerprint of the package's own modules: another program keeps other surveys."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load_survey(key: str) -> Any | None:
    """Return what was kept under a key, None where nothing sound is."""
    path = cache_folder() / f"{key}.survey"
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, body = content[len(HEADER) : len(HEADER) + 32], content[len(HEADER) + 32 :]
    if not content.startswith(HEADER) or hashlib.sha256(body).digest() != digest:
        return None
    try:
        return pickle.loads(body)  # noqa: S301 - written by ourselves, see above
    except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError):
        return None


def keep_survey(key: str, found: Any) -> None:
    """Keep a survey under a key and forget the oldest; an unwritable cache is no fault."""
    body = pickle.dumps(found, protocol=5)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(folder / f"{key}.survey", HEADER + hashlib.sha256(body).digest() + body)
        kept = sorted(folder.glob("*.survey"), key=lambda path: path.stat().st_mtime)
        for old in kept[:-MOST_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return
