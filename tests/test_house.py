"""The rules of the house, and proof that each contract fails when it is broken."""

from __future__ import annotations

import ast
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "sarhad"
PYPROJECT = ROOT / "pyproject.toml"
MODULES = sorted(PACKAGE.rglob("*.py"))
TOP_FLOORS = {"cli", "board", "tak", "report", "exchange"}
KERNEL_CALLERS = {"visibility", "mobility", "patrols", "solvers", "kernels"}
FILE_METHODS = {
    "open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir",
}  # fmt: skip
RANDOM_MAKERS = {"default_rng", "Generator", "SeedSequence", "PCG64", "Philox", "BitGenerator"}

BREACHES = {
    "floors": ("grid.py", "from sarhad import scenario as _breach"),
    "formats": ("grid.py", "import rasterio as _breach"),
    "plots": ("grid.py", "import matplotlib as _breach"),
    "engines": ("grid.py", "import highspy as _breach"),
    "terminal": ("grid.py", "import click as _breach"),
    "web": ("grid.py", "import starlette as _breach"),
}


def floor(path: Path) -> str:
    """Return the floor that a module belongs to: the first name below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Yield the full name of whatever a module imports, inside functions too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def lint_imports(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", code, "--config", str(folder / "pyproject.toml"),
         "--no-cache", "--contract", contract],
        cwd=folder, env={"PYTHONPATH": str(folder / "src")}, capture_output=True, text=True,
    )  # fmt: skip


def test_every_contract_has_a_breach_here() -> None:
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == set(BREACHES)


@pytest.mark.parametrize("contract", BREACHES)
def test_contract_fails_on_an_injected_breach(contract: str, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("cases", "__pycache__", "*.so")
    shutil.copytree(PACKAGE, tmp_path / "src" / "sarhad", ignore=ignored)
    shutil.copy(PYPROJECT, tmp_path)
    kept = lint_imports(tmp_path, contract)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    module, line = BREACHES[contract]
    with (tmp_path / "src" / "sarhad" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    broken = lint_imports(tmp_path, contract)
    assert broken.returncode == 1
    assert "BROKEN" in broken.stdout


def test_formats_contract_knows_every_library(tmp_path: Path) -> None:
    libraries = ("pyogrio", "requests", "lxml", "gpxpy", "icalendar", "fpdf", "pyarrow")
    ignored = shutil.ignore_patterns("cases", "__pycache__", "*.so")
    shutil.copytree(PACKAGE, tmp_path / "src" / "sarhad", ignore=ignored)
    shutil.copy(PYPROJECT, tmp_path)
    with (tmp_path / "src" / "sarhad" / "grid.py").open("a", encoding="utf-8") as file:
        file.writelines(f"\nimport {library}\n" for library in libraries)
    broken = lint_imports(tmp_path, "formats").stdout
    missed = [
        each for each in libraries if f"sarhad is not allowed to import {each}:" not in broken
    ]
    assert not missed, broken


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_inside_imports_the_package_root(path: Path) -> None:
    submodules = {floor(module) for module in MODULES}
    for found in imports(path):
        if found == "sarhad" or found.startswith("sarhad."):
            assert found.split(".")[1:2] != []
            assert found.split(".")[1] in submodules, f"{found} comes from the package root"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_four_floors_call_kernels(path: Path) -> None:
    if floor(path) not in KERNEL_CALLERS:
        assert not [found for found in imports(path) if found.startswith("sarhad.kernels")]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_judge_never_imports_a_solver(path: Path) -> None:
    if floor(path) == "evaluation":
        assert not [found for found in imports(path) if found.startswith("sarhad.solvers")]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_below_exchange_opens_prints_or_asks(path: Path) -> None:
    # kernels loads the compiled library, and nothing else.
    if floor(path) in TOP_FLOORS - {"report"} or floor(path) == "kernels":
        return
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name):
                assert called.id not in {"open", "print", "input", "exec", "eval"}
            if isinstance(called, ast.Attribute):
                assert called.attr not in FILE_METHODS, f"line {node.lineno}: .{called.attr}()"
    assert not set(imports(path)) & {"socket", "argparse", "urllib.request", "http.client"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_cli_prints(path: Path) -> None:
    if floor(path) == "cli":
        return
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_global_random_state_and_no_wall_clock(path: Path) -> None:
    assert "random" not in set(imports(path))
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Attribute):
            continue
        owner = ast.unparse(node.value)
        if owner in {"np.random", "numpy.random"}:
            assert node.attr in RANDOM_MAKERS, f"line {node.lineno}: np.random.{node.attr}"
        # The command line may ask what day it is (ruff's DTZ rules hold it to a zone).
        if owner.split(".")[-1] in {"datetime", "date"} and floor(path) != "cli":
            assert node.attr not in {"now", "utcnow", "today"}, f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_drawer_for_odds_and_ends(path: Path) -> None:
    parts = set(path.relative_to(PACKAGE).with_suffix("").parts)
    assert not parts & {"utils", "helpers", "core", "base", "common", "misc"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_file_is_under_700_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < 700


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function below its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_function_bodies_are_short() -> None:
    lines = [
        body_lines(node)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert statistics.median(lines) <= 10
    assert sum(count <= 30 for count in lines) >= 0.9 * len(lines)


def test_kernels_stay_below_700_lines_each() -> None:
    for path in PACKAGE.rglob("*.[ch]"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 700, path.name
