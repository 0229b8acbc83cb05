"""The compiled kernels: one shared library, and the variant that this processor runs."""

from __future__ import annotations

import ctypes
import os
import sys
from concurrent.futures import Executor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

VARIANTS = ("avx2", "portable")
Task = TypeVar("Task")
Result = TypeVar("Result")


@cache
def load_library() -> ctypes.CDLL:
    """Return the shared library beside this file.

    Raises
    ------
    OSError
        If the package was laid out without being built.
    """
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    path = Path(__file__).with_name(f"_kernels{suffix}")
    if not path.is_file():
        raise OSError(f"{path.name} is missing: install the package with pip, which compiles it")
    return ctypes.CDLL(str(path))


@cache
def supported(variant: str) -> bool:
    """Return whether this processor runs the variant, by the library's own test."""
    return bool(getattr(load_library(), f"sarhad_supported_{variant}")())


def variant() -> str:
    """Return the variant in use: the fastest that runs here, or what ``SARHAD_KERNELS`` names.

    Raises
    ------
    ValueError
        If ``SARHAD_KERNELS`` names no variant, or one that this processor cannot run.
    """
    wanted = os.environ.get("SARHAD_KERNELS", "")
    if wanted and wanted not in VARIANTS:
        raise ValueError(f"SARHAD_KERNELS must be one of {', '.join(VARIANTS)}, not {wanted!r}")
    if wanted and not supported(wanted):
        raise ValueError(f"SARHAD_KERNELS={wanted}: this processor cannot run it")
    return wanted or next(name for name in VARIANTS if supported(name))


def kernel(
    name: str, result: type[ctypes.c_int64 | ctypes.c_float] | None = None
) -> Callable[..., Any]:
    """Return the function of that name in the variant in use; calls release the lock."""
    function = getattr(load_library(), f"sarhad_{name}_{variant()}")
    function.restype = result
    return function  # type: ignore[no-any-return]


def address(array: NDArray[np.generic]) -> ctypes.c_void_p:
    """Return the address of an array's first element; the caller keeps the array alive."""
    return ctypes.c_void_p(array.ctypes.data)


def spread(
    work: Callable[[Task], Result], tasks: Iterable[Task], executor: Executor | None
) -> Iterator[Result]:
    """Yield the results of the tasks in their order, on the executor's threads if there is one."""
    return map(work, tasks) if executor is None else executor.map(work, tasks)
