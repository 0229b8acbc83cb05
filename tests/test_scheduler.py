"""Work spread over a real Dask cluster of processes: same answers, workers lost or not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import click
import numpy as np
import pytest
from tests import plan_worlds as worlds

from sarhad.cli.scheduler import ClusterError, SharingExecutor, open_executor
from sarhad.evaluation.exposure import expose
from sarhad.evaluation.rehearsal import Rehearsal, rehearse
from sarhad.evaluation.simulate import SimulationSettings, simulate

# The engine leaves sockets and processes to be collected when a worker dies.
pytestmark = pytest.mark.filterwarnings("ignore")

LONG = SimulationSettings(weeks=3000, crossings=60, seed=11)


@pytest.fixture(scope="module")
def ready() -> Rehearsal:
    world = worlds.network(posts=0.3)
    return rehearse(expose(worlds.random_plan(world), world, 0.5))


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as started:
        yield started


def test_local_threads_without_a_scheduler() -> None:
    with open_executor() as executor:
        assert isinstance(executor, ThreadPoolExecutor)
        assert list(executor.map(abs, [-1, 2])) == [1, 2]


def test_unreachable_scheduler_names_cause_and_cure() -> None:
    with (
        pytest.raises(ClusterError, match=r"cannot be reached.*dask scheduler") as raised,
        open_executor("tcp://127.0.0.1:9", wait_s=1.0),
    ):
        pass
    # `main` turns what click raises, other than wrong usage, into exit code 3.
    assert not isinstance(raised.value, click.UsageError)
    assert "tcp://127.0.0.1:9" in raised.value.format_message()


@pytest.mark.parametrize("address", ["", "nonsense://x", "tcp://", "host:port", "tcp://h:x"])
def test_an_address_that_is_none_names_cause_and_cure(address: str) -> None:
    with (
        pytest.raises(ClusterError, match="check the address"),
        open_executor(address, wait_s=1.0),
    ):
        pass


@pytest.mark.slow
def test_scheduler_without_workers_is_said() -> None:
    distributed = pytest.importorskip("distributed")

    with (
        distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=None) as empty,
        pytest.raises(ClusterError, match="has no worker"),
        open_executor(empty.scheduler_address, wait_s=1.0),
    ):
        pass


@pytest.mark.slow
def test_worker_processes_give_the_answer_of_threads(ready: Rehearsal, cluster) -> None:  # type: ignore[no-untyped-def]
    alone = simulate(ready, LONG)
    with open_executor(cluster.scheduler_address) as executor:
        assert isinstance(executor, SharingExecutor)
        spread = simulate(ready, LONG, executor=executor)
    assert (alone.harm == spread.harm).all()
    assert (alone.best_response == spread.best_response).all()


@pytest.mark.slow
def test_killed_worker_costs_time_not_the_answer(ready: Rehearsal, cluster) -> None:  # type: ignore[no-untyped-def]
    alone = simulate(ready, LONG)
    with (
        open_executor(cluster.scheduler_address) as executor,
        ThreadPoolExecutor(1) as aside,
    ):
        client = executor._client  # type: ignore[attr-defined]
        victims = client.run(os.getpid)
        running = aside.submit(simulate, ready, LONG, executor=executor)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            busy = [worker for worker, keys in client.processing().items() if keys]
            if busy and not running.done():
                break
            time.sleep(0.01)
        os.kill(victims[busy[0]], signal.SIGKILL)
        assert not running.done()
        spread = running.result(timeout=120)
    assert np.array_equal(alone.harm, spread.harm)
    assert np.array_equal(alone.stopped, spread.stopped)
