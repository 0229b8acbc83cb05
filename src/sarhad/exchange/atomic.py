"""Writes files and folders whole or not at all: the old one survives a crash or a full disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file beside its name and move it there once it is complete and on the disk.

    Parameters
    ----------
    path : Path
        Where the file will stand; its folder exists.
    content : bytes or callable
        The bytes, or a function that writes them into an open binary file.

    Raises
    ------
    OSError
        If it cannot be written; what stood at `path` still stands there.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _allow_as_usual(name, 0o666)
        os.replace(name, path)  # noqa: PTH105 (says that it is the system call that swaps)
    except BaseException as error:
        with suppress(OSError):
            Path(name).unlink()
        _name_file(error, path)
        raise


@contextmanager
def file_atomically(path: Path) -> Iterator[Path]:
    """Give a fresh path to a writer that opens files itself, and put it in place if all goes well.

    Parameters
    ----------
    path : Path
        Where the file will stand; its folder exists. What stood there survives any failure.
    """
    with tempfile.TemporaryDirectory(
        prefix=f".{path.name}.", suffix=".part", dir=path.parent, ignore_cleanup_errors=True
    ) as folder:
        fresh = Path(folder) / path.name
        try:
            yield fresh
            with fresh.open("rb+") as file:
                os.fsync(file.fileno())
            _allow_as_usual(fresh, 0o666)
            fresh.replace(path)
        except OSError as error:
            _name_file(error, path)
            raise


@contextmanager
def folder_atomically(folder: Path) -> Iterator[Path]:
    """Give a fresh folder to fill, and put it in place only when the block ends well.

    Parameters
    ----------
    folder : Path
        Where the folder will stand: absent, or empty.

    Raises
    ------
    FileExistsError
        If something other than an empty folder stands there.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise FileExistsError(f"{folder} exists and is not an empty folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        yield fresh
        _allow_as_usual(fresh, 0o777)
        if folder.exists():
            folder.rmdir()
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _name_file(error: BaseException, path: Path) -> None:
    """Let an error name the file that was wanted, not the one beside it that nobody knows."""
    if isinstance(error, OSError) and error.errno is not None:
        error.filename = str(path)


def _allow_as_usual(path: str | Path, mode: int) -> None:
    """Give the permissions that a plainly created file has; temporary ones are private."""
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(mode & ~mask)
