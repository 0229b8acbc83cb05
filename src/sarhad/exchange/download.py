"""Downloads files that break off, go on, are looked over, and appear under their name when whole.

A file grows beside its name as `<name>.part`. It takes its name when its length and checksum are
those that the server states and it opens as a raster. A break costs nothing: the next request, or
the next run, asks for the rest.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Final, TypeVar

import rasterio
import requests
from rasterio.errors import RasterioError
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util import Retry

from sarhad.exchange.atomic import write_atomically

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MANIFEST_FILE: Final = "manifest.json"
SCHEMA: Final = 1

TIMEOUT_S: Final = (10.0, 30.0)
"""Longest wait for a connection, and between two pieces of an answer [s]."""

RETRY: Final = Retry(total=6, backoff_factor=0.5, backoff_max=20)
"""Attempts in a row that bring nothing new before a tile is given up; waits 0 to 8 s."""

LONGEST_WAIT_S: Final = 60.0
"""A server that asks for a longer pause is asked again after this time [s]."""

PIECE_BYTES: Final = 64 * 1024
"""Read at once; the most that a break can cost."""

TICK_S: Final = 0.2
"""Progress is told this often [s]."""

PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another attempt may mend."""

CURES: Final = {
    403: "The server or a proxy refuses; ask whoever runs the network",
    407: "The proxy asks for a name and password: HTTPS_PROXY=http://name:password@host:port",
}


class FetchError(RuntimeError):
    """Heights that could not be fetched; what has arrived is kept for the next run.

    Attributes
    ----------
    failures : tuple of (str, str)
        Name of each tile that failed, and why; empty where the fault is no tile's.
    """

    def __init__(self, message: str, failures: Iterable[tuple[str, str]] = ()) -> None:
        self.failures = tuple(failures)
        super().__init__(message)


class _TileError(Exception):
    """One tile that cannot be had; the others go on."""


class _AgainError(Exception):
    """An answer that another attempt may mend."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        self.wait_s = wait_s
        super().__init__(reason)


class _StoppedError(Exception):
    """The fetch was called off while this tile was on its way."""


def new_session(workers: int) -> requests.Session:
    """Return a session that keeps a connection for each worker."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=workers))
    return session


@contextmanager
def disk_faults(folder: Path) -> Iterator[None]:
    """Name what is wrong with the folder where the system only says that a call failed."""
    try:
        yield
    except requests.RequestException:
        raise
    except OSError as error:
        kept = "What has arrived is kept; run the same command again"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise FetchError(f"{folder}: the disk is full. Free some space. {kept}") from error
        place = error.filename or folder
        message = f"{place}: cannot be written ({error.strerror or error})"
        cure = "Give yourself the right to write there, or name another folder with --out"
        raise FetchError(f"{message}. {cure}. {kept}") from error


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tile as the store states it: length [bytes], and the tag of this version of it."""

    name: str
    url: str
    size: int
    tag: str


class _Manifest:
    """Which tiles of a folder are whole, and which version an unfinished one is part of."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / MANIFEST_FILE
        self._lock = Lock()
        self._tiles: dict[str, dict[str, object]] = self._read()

    def _read(self) -> dict[str, dict[str, object]]:
        """Return what the file says; a spoilt one only means that tiles are fetched again."""
        try:
            content = json.loads(self._file.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            return {}
        tiles = content.get("tiles")
        if not isinstance(tiles, dict):
            return {}
        return {name: entry for name, entry in tiles.items() if isinstance(entry, dict)}

    def holds(self, name: str) -> bool:
        """Return whether a tile is there as it was when it was fetched."""
        path, entry = self._folder / name, self._tiles.get(name, {})
        if "sha256" not in entry or not path.is_file():
            return False
        return path.stat().st_size == entry.get("bytes") and _sha256(path) == entry["sha256"]

    def started_tag(self, name: str) -> str:
        """Return the tag of the version that an unfinished tile is part of, or nothing."""
        entry = self._tiles.get(name, {})
        return str(entry.get("tag", "")) if "sha256" not in entry else ""

    def record(self, wanted: Wanted, sha256: str | None = None) -> None:
        """Note that a tile is whole, or, without its checksum, that it is begun."""
        entry: dict[str, object] = {"url": wanted.url, "bytes": wanted.size, "tag": wanted.tag}
        if sha256 is not None:
            entry["sha256"] = sha256
        with self._lock:
            self._tiles[wanted.name] = entry
            content = {"schema": SCHEMA, "tiles": dict(sorted(self._tiles.items()))}
            write_atomically(self._file, (json.dumps(content, indent=1) + "\n").encode())


class Fetch:
    """One run: what its threads share."""

    def __init__(
        self,
        session: requests.Session,
        store: str,
        folder: Path,
        retry: Retry,
        timeout_s: tuple[float, float],
    ) -> None:
        self.session, self.store, self.folder = session, store, folder
        self.retry, self.timeout_s = retry, timeout_s
        self.manifest = _Manifest(folder)
        self.held: dict[str, int] = {}
        self.failures: list[tuple[str, str]] = []
        self.stop = Event()

    def ask(self, stem: str) -> Wanted | None:
        """Return a tile as the store states it; None where it has none."""
        url = f"{self.store}/{stem}/{stem}.tif"

        def head() -> Wanted | None:
            with self.session.head(
                url, timeout=self.timeout_s, allow_redirects=True, headers=_headers()
            ) as answer:
                if answer.status_code == 404:
                    return None
                _refuse_failures(answer)
                size = answer.headers.get("Content-Length", "")
                if not size.isdecimal():
                    raise _TileError("the server does not say how long it is")
                return Wanted(f"{stem}.tif", url, int(size), answer.headers.get("ETag", ""))

        return self._persist(head, lambda: 0)

    def bring(
        self, wanted: list[Wanted], workers: int, progress: Callable[[int, int], None]
    ) -> None:
        """Fetch tiles side by side, telling how far they are."""
        self.held = {item.name: self._resumable(item) for item in wanted}
        total = sum(item.size for item in wanted)
        _check_room(self.folder, total - sum(self.held.values()))

        def tell() -> None:
            progress(sum(self.held.values()), total)

        if wanted:
            tell()
            self.side_by_side(self._fetch_tile, wanted, workers, tell)

    def side_by_side(
        self,
        work: Callable[[Item], Answer],
        items: list[Item],
        workers: int,
        tell: Callable[[], None],
    ) -> list[Answer]:
        """Return the answers, without those of tiles that fail for good, which are noted."""
        with ThreadPoolExecutor(workers) as pool:
            jobs = [pool.submit(work, item) for item in items]
            try:
                waiting = set(jobs)
                while waiting:
                    done, waiting = wait(waiting, TICK_S, FIRST_COMPLETED)
                    for job in done:
                        if not isinstance(job.exception(), _TileError):
                            job.result()
                    tell()
            except BaseException:
                self.stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        outcomes = [(_name(item), job.exception()) for item, job in zip(items, jobs, strict=True)]
        self.failures += [(name, str(error)) for name, error in outcomes if error is not None]
        return [job.result() for job in jobs if job.exception() is None]

    def raise_failures(self) -> None:
        """Say which tiles failed for good, if any did."""
        if self.failures:
            lines = "\n".join(f"{name}: {reason}" for name, reason in self.failures)
            cure = "The other tiles are complete; run the same command again"
            raise FetchError(f"{lines}\n{cure}", self.failures)

    def _persist(self, attempt: Callable[[], Answer], gained: Callable[[], int]) -> Answer:
        """Return what an attempt returns at last; bytes gained renew the patience."""
        retry, most = self.retry, gained()
        while not self.stop.is_set():
            try:
                return attempt()
            except (_AgainError, requests.RequestException) as error:
                if gained() > most:
                    retry, most = self.retry, gained()
                retry = self._pause(error, retry)
        raise _StoppedError

    def _pause(self, error: Exception, retry: Retry) -> Retry:
        """Wait after a failure and return the patience that is left; raise if there is none."""
        # A certificate or an address that is wrong stays wrong; requests' faults of an address
        # are ValueErrors.
        hopeless = isinstance(error, (requests.exceptions.SSLError, ValueError))
        try:
            # Without the error itself: a history of errors keeps their connections open.
            left = retry.increment("GET", self.store)
        except MaxRetryError:
            left = None
        if left is None or hopeless:
            if isinstance(error, (requests.ConnectionError, requests.Timeout, ValueError)):
                raise FetchError(_unreachable(self.store, error)) from error
            raise _TileError(str(error)) from error
        self.stop.wait(max(left.get_backoff_time(), getattr(error, "wait_s", 0.0)))
        return left

    def _fetch_tile(self, wanted: Wanted) -> None:
        self._persist(lambda: self._advance(wanted), lambda: self.held[wanted.name])

    def _advance(self, wanted: Wanted) -> None:
        """Fetch what is still to come of a tile, look it over, and give it its name."""
        part, start = self._part(wanted), self._resumable(wanted)
        self.held[wanted.name] = start
        if start < wanted.size or not part.is_file():
            self._receive(wanted, start)
        fault = _fault_of(part, wanted)
        if fault:
            part.unlink()
            self.held[wanted.name] = 0
            raise _AgainError(fault)
        sha256 = _sha256(part)
        os.replace(part, self.folder / wanted.name)  # noqa: PTH105 (the atomic system call)
        self.manifest.record(wanted, sha256)

    def _receive(self, wanted: Wanted, start: int) -> None:
        """Append to the part what the server sends, from its beginning if it ignores the start."""
        headers = _headers()
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": wanted.tag}
        with self.session.get(
            wanted.url, stream=True, timeout=self.timeout_s, headers=headers
        ) as answer:
            if answer.status_code == 416:
                self._part(wanted).unlink(missing_ok=True)
                raise _AgainError("the server has no such stretch of it")
            _refuse_failures(answer)
            if answer.headers.get("ETag", "") != wanted.tag:
                raise _AgainError("it changed on the server while it was fetched")
            self._write(wanted, answer, _start_of(answer))

    def _write(self, wanted: Wanted, answer: requests.Response, start: int) -> None:
        part = self._part(wanted)
        if start > (part.stat().st_size if part.is_file() else 0):
            raise _AgainError("the server sent another stretch than asked for")
        with part.open("r+b" if start else "wb") as file:
            if start:
                file.truncate(file.seek(start))
            else:
                self.manifest.record(wanted)
            self.held[wanted.name] = start
            for piece in answer.iter_content(PIECE_BYTES):
                if self.stop.is_set():
                    raise _StoppedError
                file.write(piece)
                self.held[wanted.name] += len(piece)
                if self.held[wanted.name] > wanted.size:
                    break
            file.flush()
            os.fsync(file.fileno())

    def _part(self, wanted: Wanted) -> Path:
        return self.folder / f"{wanted.name}.part"

    def _resumable(self, wanted: Wanted) -> int:
        """Return how many bytes of this version of a tile have arrived."""
        # A weak tag promises no equal bytes, so a stretch of them may not be added to another.
        part, strong = self._part(wanted), wanted.tag.startswith('"')
        if not (strong and part.is_file() and self.manifest.started_tag(wanted.name) == wanted.tag):
            return 0
        size = part.stat().st_size
        return size if size <= wanted.size else 0


def _headers() -> dict[str, str]:
    # Lengths, ranges and checksums are those of the stored bytes, not of a packed passage.
    return {"Accept-Encoding": "identity"}


def _refuse_failures(answer: requests.Response) -> None:
    status = answer.status_code
    if status in {200, 206}:
        return
    reason = f"the server answered {status} {answer.reason}"
    if status in PASSING:
        raise _AgainError(reason, _pause_s(answer.headers.get("Retry-After", "")))
    raise _TileError(f"{reason}. {CURES[status]}" if status in CURES else reason)


def _pause_s(retry_after: str) -> float:
    """Return the pause that a server asks for [s], within bounds."""
    try:
        return min(Retry().parse_retry_after(retry_after), LONGEST_WAIT_S) if retry_after else 0.0
    except InvalidHeader:
        return 0.0


def _start_of(answer: requests.Response) -> int:
    """Return the place of the first byte that an answer carries."""
    if answer.status_code == 200:
        return 0
    stretch = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if stretch is None:
        raise _AgainError("the server does not say which stretch it sent")
    return int(stretch[1])


def _fault_of(part: Path, wanted: Wanted) -> str:
    """Return what is wrong with a tile that has arrived; nothing where it is sound."""
    size = part.stat().st_size
    if size != wanted.size:
        return f"{size:,} bytes arrived instead of {wanted.size:,}"
    # The tag of an object stored in one piece is its MD5; of one stored in parts it is not.
    digest = re.fullmatch(r'"([0-9a-f]{32})"', wanted.tag)
    if digest and _md5(part) != digest[1]:
        return "its checksum is not the one that the server states"
    return _raster_fault(part, thorough=not digest)


def _raster_fault(part: Path, *, thorough: bool) -> str:
    """Return why a file is no raster; without a checksum, only unpacking it all can tell."""
    try:
        with rasterio.open(part, driver="GTiff") as dataset:
            windows = [window for _, window in dataset.block_windows(1)]
            for window in windows if thorough else windows[-1:]:
                dataset.read(1, window=window)
    except RasterioError:
        return "what arrived is no whole GeoTIFF"
    return ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise FetchError(
            f"{folder}: {needed / 1e6:,.0f} MB are still to come and {free / 1e6:,.0f} MB are free."
            " Free some space, or name another folder with --out"
        )


def _unreachable(store: str, error: Exception) -> str:
    message = f"{store} cannot be reached ({error})"
    if isinstance(error, requests.exceptions.SSLError):
        cure = "If your network opens TLS, name its certificate in REQUESTS_CA_BUNDLE"
    elif isinstance(error, ValueError):
        cure = "Write the whole address, as in https://server/folder"
    elif isinstance(error, requests.exceptions.ProxyError):
        cure = "Check HTTPS_PROXY, or name this host in NO_PROXY"
    else:
        cure = "Check the network; behind a proxy, set HTTPS_PROXY=http://host:port"
    return f"{message}. {cure}. What has arrived is kept; run the same command again"


def _name(item: object) -> str:
    return item.name if isinstance(item, Wanted) else f"{item}.tif"
