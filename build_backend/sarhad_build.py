"""The build backend: setuptools, plus the compiled kernels as one small shared library.

`front_end` bundles the page of the brief before either kind of wheel is built.

The kernels are plain C11 with no Python in them, so the library is built with one compiler
call per file, needs no Python headers and serves every Python version. The compiler is `$CC`, or
the machine's own, or, where there is none (and always on Windows, whose usual compiler speaks
another dialect), the one that the PyPI package `ziglang` carries.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from front_end import build_front_end, node_requirement
from setuptools import Extension, build_meta
from setuptools.build_meta import (
    build_sdist,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.build_ext import build_ext

__all__ = [
    "BuildKernels",
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "kernel_extension",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

WINDOWS = sys.platform == "win32"
X86 = platform.machine().lower() in {"x86_64", "amd64"}
# No contraction into fused operations: the AVX2 and the portable code must give the same answers.
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra", "-Werror"]
# Every file is compiled once per variant; its public names carry the variant's suffix.
VARIANTS = {"portable": []} | ({"avx2": ["-mavx2"]} if X86 else {})
# ziglang compiles for the very processor that it runs on unless told otherwise.
ZIG_PORTABLE = ["-mcpu=baseline"]
ZIG_VARIANTS = {"portable": ZIG_PORTABLE} | ({"avx2": ["-mcpu=baseline+avx2"]} if X86 else {})
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")


def own_compiler() -> list[str] | None:
    """Return the command of the machine's own C compiler, or None."""
    if os.environ.get("CC"):
        return os.environ["CC"].split()
    found = None if WINDOWS else next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    return [found] if found else None


def compiler_requirement() -> list[str]:
    """Return what must be installed to compile: nothing, or ziglang."""
    return [] if own_compiler() else ["ziglang"]


def own_requirements() -> list[str]:
    """Return what must be installed to build: what the machine lacks, and no more."""
    return compiler_requirement() + node_requirement()


def get_requires_for_build_wheel(config_settings=None):  # noqa: D103
    return build_meta.get_requires_for_build_wheel(config_settings) + own_requirements()


def get_requires_for_build_editable(config_settings=None):  # noqa: D103
    return build_meta.get_requires_for_build_editable(config_settings) + own_requirements()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):  # noqa: D103
    build_front_end()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):  # noqa: D103
    build_front_end()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def kernel_extension() -> Extension:
    """Return the one extension of the package, its sources in a fixed order."""
    sources = sorted(map(str, Path("src/sarhad/kernels").glob("*.c")))
    headers = sorted(map(str, Path("src/sarhad/kernels").glob("*.h")))
    return Extension("sarhad.kernels._kernels", sources, depends=headers)


class BuildKernels(build_ext):
    """Compile the kernels into `_kernels.so` (`.dll`, `.dylib`) beside their wrapper."""

    def get_ext_filename(self, fullname: str) -> str:
        """Return a name without a Python version: the library knows nothing of Python."""
        return str(Path(*fullname.split("."))) + SUFFIX

    def build_extension(self, ext: Extension) -> None:
        """Compile every source once per variant and link them into one library."""
        own = own_compiler()
        compiler = own or [sys.executable, "-m", "ziglang", "cc"]
        variants = VARIANTS if own else ZIG_VARIANTS
        target = Path(self.get_ext_fullpath(ext.name))
        folder = Path(self.build_temp)
        for each in (target.parent, folder):
            each.mkdir(parents=True, exist_ok=True)
        position = [] if WINDOWS else ["-fPIC"]
        objects = []
        for source in ext.sources:
            for variant, flags in variants.items():
                out = folder / f"{Path(source).stem}_{variant}.o"
                name = [f"-DVARIANT={variant}"]
                run([*compiler, *FLAGS, *position, *flags, *name, "-c", source, "-o", str(out)])
                objects.append(str(out))
        mathematics = [] if WINDOWS else ["-lm"]
        plain = [] if own else ZIG_PORTABLE
        run([*compiler, *plain, "-shared", *objects, "-o", str(target), *mathematics])


def run(command: list[str]) -> None:
    """Run one compiler call; a failure shows the command and what the compiler said."""
    print(" ".join(command), flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
