"""Where work is spread: threads of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import os
import socket
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import is_dataclass
from importlib.metadata import version
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import click
import numpy as np

T = TypeVar("T")

WAIT_S: Final = 10.0
"""How long a scheduler and its first worker may take to answer [s]."""

LARGE_BYTES: Final = 1_000_000
KEPT: Final = 8
"""Large arguments that stay on the workers for the tasks to come."""

RETRIES: Final = 3
"""Times that a task is begun anew after its worker was lost."""

scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Spread the work over a Dask scheduler, such as tcp://host:8786; local threads without.",
)


class ClusterError(click.ClickException):
    """A scheduler that cannot be used; names the cause and the cure."""


@contextmanager
def open_executor(address: str | None = None, *, wait_s: float = WAIT_S) -> Iterator[Executor]:
    """Give an executor: of this machine's threads, or of a scheduler's workers.

    Parameters
    ----------
    address : str, optional
        Of a Dask scheduler.
    wait_s : float
        How long it may take to answer [s].

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached, has no worker, or its workers run another version.
    """
    if address is None:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            yield threads
        return
    client = _connect(address, wait_s)
    try:
        _check_workers(client, address, wait_s)
        yield SharingExecutor(client)
    finally:
        client.close()


def _connect(address: str, wait_s: float) -> Any:
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            f"--scheduler needs the package '{error.name}'. Install it: pip install sarhad[cluster]"
        ) from error
    # A plan goes to the scheduler once, as one large task: that is meant.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "100GB"})
    try:
        # Asked first by hand: a client that fails to connect may block the process when it is
        # collected (its finaliser waits for its own loop).
        _knock(address, wait_s)
        return Client(address, timeout=wait_s, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterError(
            f"the scheduler {address} cannot be reached: {cause}. Start one with 'dask scheduler', "
            "check the address (tcp://host:8786), or leave --scheduler out to use local threads"
        ) from error


def _knock(address: str, wait_s: float) -> None:
    """Raise unless something listens at an address such as tcp://host:8786."""
    found = urlsplit(address)
    if found.scheme not in {"tcp", "tls"} or not found.hostname or found.port is None:
        raise ValueError("an address has the form tcp://host:port")
    socket.create_connection((found.hostname, found.port), timeout=wait_s).close()


def _check_workers(client: Any, address: str, wait_s: float) -> None:
    try:
        client.wait_for_workers(1, timeout=wait_s)
    except TimeoutError as error:
        raise ClusterError(
            f"the scheduler {address} has no worker. Start one with 'dask worker {address}'"
        ) from error
    own = version("sarhad")
    try:
        found = client.run(version, "sarhad")
    except ImportError as error:
        raise ClusterError(
            f"a worker of {address} lacks sarhad. Install sarhad {own} where the workers run"
        ) from error
    others = sorted({other for other in found.values() if other != own})
    if others:
        raise ClusterError(
            f"workers of {address} run sarhad {', '.join(others)}, this is {own}: answers could "
            "differ. Install the same version everywhere"
        )


def _same(content: T) -> T:
    return content


class SharingExecutor(Executor):
    """An executor over Dask that sends a large argument once, not with every task.

    It goes out as the result of a task of its own, whose recipe stays with the scheduler: when a
    worker that holds it is lost, it is made again.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._tasks = client.get_executor(pure=False, retries=RETRIES)
        self._shared: OrderedDict[int, tuple[object, Any]] = OrderedDict()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Return the future of a call on some worker."""
        sent = [self._share(value) if _is_large(value) else value for value in args]
        return self._tasks.submit(fn, *sent, **kwargs)  # type: ignore[no-any-return]

    def _share(self, value: object) -> Any:
        # The value is kept beside its future, so that its id is not given to another.
        _, future = self._shared.pop(id(value), (value, None))
        if future is None or future.status in ("error", "cancelled", "lost"):
            future = self._client.submit(_same, value, pure=False, retries=RETRIES)
        self._shared[id(value)] = value, future
        while len(self._shared) > KEPT:
            self._shared.popitem(last=False)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Forget what was sent; the client is closed by whoever opened it."""
        self._shared.clear()
        self._tasks.shutdown(wait=wait and not cancel_futures)


def _is_large(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return value.nbytes > LARGE_BYTES
    return is_dataclass(value) and not isinstance(value, type)
