"""The package builds on a machine without a compiler, and answers the same there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from sarhad.kernels.library import VARIANTS, supported

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("build_backend", "src", "setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
# Prints a viewshed's bits, the clearances of some lines and a walk's seconds.
ANSWER = """
import numpy as np
from sarhad.kernels import library, prepare_heights, sight_clearance, viewsheds
from sarhad.kernels import tabulate_pace, travel_time_field
z = np.random.default_rng(7).normal(0, 2, (90, 110)).cumsum(0).cumsum(1).astype(np.float32)
field = prepare_heights(z)
place = ([45, 3], [50, 100], 5.0, 1.7, 2000.0, 30.0, 25.0, 0.13)
for exact in (False, True):
    for window in viewsheds(field, *place, exact=exact):
        print(window.bits.tobytes().hex())
ends = np.column_stack([*np.indices(z.shape).reshape(2, -1), z.ravel() + 9.0])[::131]
pairs = np.argwhere(np.ones((len(ends), len(ends)))).astype(np.int32)
print(sight_clearance(field, ends, ends, pairs, 30.0, 25.0, 0.13).tobytes().hex())
pace = tabulate_pace(lambda slope: 1 + np.abs(slope), 2.0, 30.0, 25.0)
print(travel_time_field(z, pace, np.array([[45, 50]])).tobytes().hex())
"""


def lay_out_sources(folder: Path) -> Path:
    """Copy what the build needs, and no library built earlier."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("_kernels.*", "__pycache__", "*.egg-info")
            shutil.copytree(source, folder / name, ignore=ignore)
        elif source.is_file():
            shutil.copy(source, folder / name)
    return folder


def answers(package: Path, variant: str) -> str:
    """Return what the kernels of a package answer, in a process of their own."""
    environment = dict(os.environ) | {"PYTHONPATH": str(package), "SARHAD_KERNELS": variant}
    call = [sys.executable, "-c", ANSWER]
    return subprocess.run(call, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_library_built_without_a_compiler_gives_the_same_answers(tmp_path: Path) -> None:
    sources = lay_out_sources(tmp_path / "sources")
    venv.create(tmp_path / "venv", with_pip=True, symlinks=os.name != "nt")
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in {"CC", "PYTHONPATH"}}
    environment["PATH"] = str(nothing)
    out = tmp_path / "out"
    install = [str(python), "-m", "pip", "install", "--no-deps", "--target", str(out), "."]
    call = [*install, "--retries", "1", "--timeout", "30", "-v"]
    done = subprocess.run(
        call, cwd=sources, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode and ("No matching distribution" in said or "Could not find a" in said):
        pytest.skip("NOTICE: the package index cannot be reached: ziglang was not tried")
    assert done.returncode == 0, said
    assert "ziglang cc" in said
    for variant in filter(supported, VARIANTS):
        assert answers(out, variant) == answers(ROOT / "src", variant)
    assert len(list((out / "sarhad/kernels").glob("_kernels.*"))) == 1
