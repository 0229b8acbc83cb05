"""Witnesses: scipy's Dijkstra on the same graph, Tobler's printed speeds, cases by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from sarhad.kernels import PaceTable, tabulate_pace, travel_time_field
from sarhad.kernels.walking import SAMPLES

CELL_M = 30.0
STEPS = [(0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def tobler(slope: NDArray[np.float64]) -> NDArray[np.float64]:
    return 3.6 / (6 * np.exp(-3.5 * np.abs(slope + 0.05)))


def rough(rows: int, columns: int, seed: int) -> NDArray[np.float32]:
    steps = np.random.default_rng(seed).normal(0, 3, (rows, columns))
    return steps.cumsum(0).cumsum(1).astype(np.float32) / 10


def edge_times(z: NDArray[np.float32], pace: PaceTable, friction: NDArray[np.float32]) -> csr_array:
    """Return the graph that the kernel walks, edge by edge, in plain Python."""
    rows, columns = z.shape
    closed = np.isnan(z) | ~np.isfinite(friction) | (friction <= 0)
    edges = []
    for row, column in np.argwhere(~closed):
        for kind, (down, right) in zip([0, 0, 1, 1, 2, 2, 2, 2], STEPS, strict=True):
            other = row + down, column + right
            if not (0 <= other[0] < rows and 0 <= other[1] < columns) or closed[other]:
                continue
            place = float(z[other] - z[row, column]) / pace.step_m + SAMPLES
            if not 0 <= place < 2 * SAMPLES:
                continue
            seconds = np.interp(place, np.arange(2 * SAMPLES + 1), pace.seconds[kind])
            seconds *= (friction[row, column] + friction[other]) / 2
            if np.isfinite(seconds):
                edges.append((row * columns + column, other[0] * columns + other[1], seconds))
    start, end, seconds = map(np.array, zip(*edges, strict=True))
    return csr_array((seconds, (start.astype(int), end.astype(int))), shape=(z.size, z.size))


@pytest.mark.parametrize("towards", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_field_equals_dijkstra_on_the_same_graph(seed: int, towards: bool) -> None:
    rng = np.random.default_rng(seed)
    z = rough(30, 41, seed)
    z[rng.random(z.shape) < 0.1] = np.nan
    friction = rng.uniform(0.2, 5, z.shape).astype(np.float32)
    friction[rng.random(z.shape) < 0.1] = np.inf
    z[12, 20], friction[12, 20] = 0, 1
    pace = tabulate_pace(tobler, 1.0, CELL_M, 20.0)
    found = travel_time_field(z, pace, np.array([[12, 20]]), friction=friction, towards=towards)
    graph = edge_times(z, pace, friction)
    right = dijkstra(graph.T if towards else graph, indices=12 * 41 + 20).reshape(z.shape)
    assert np.array_equal(np.isfinite(found), np.isfinite(right))
    assert np.allclose(found, right, rtol=1e-5, atol=1e-3)
    assert np.isfinite(right).sum() > 100


@pytest.mark.parametrize(("slope", "km_h"), [(0.0, 5.037), (-0.05, 6.0), (0.05, 4.2281)])
def test_straight_walk_has_toblers_speed(slope: float, km_h: float) -> None:
    # Tobler (1993), figure 1: 5.037 km/h on the level, 6 km/h down a slope of 0.05.
    z = (slope * CELL_M * np.arange(101, dtype=np.float32))[np.newaxis]
    pace = tabulate_pace(tobler, 1.0, CELL_M, CELL_M)
    seconds = travel_time_field(z, pace, np.array([[0, 0]]))[0, -1]
    assert 100 * CELL_M / seconds * 3.6 == pytest.approx(
        km_h, rel=7e-4
    )  # the table is linear across Tobler's kink


def test_wall_is_walked_around_through_its_gate() -> None:
    friction = np.ones((9, 9), np.float32)
    friction[4, :8] = np.inf
    flat = tabulate_pace(np.ones_like, 1.0, 1.0, 1.0)
    field = travel_time_field(
        np.zeros((9, 9), np.float32), flat, np.array([[3, 0]]), friction=friction
    )
    # Seven steps east, two diagonal ones through the gate at column 8, seven steps back west.
    assert field[5, 0] == pytest.approx(14 + 2 * np.sqrt(2), rel=1e-6)


def test_limit_cuts_the_field_and_nothing_else() -> None:
    z = rough(40, 40, 5)
    pace = tabulate_pace(tobler, 2.0, CELL_M, CELL_M)
    whole = travel_time_field(z, pace, np.array([[20, 20]]))
    part = travel_time_field(z, pace, np.array([[20, 20]]), limit_s=300.0)
    assert np.array_equal(part, np.where(whole <= 300, whole, np.inf))


def test_later_start_of_a_second_source_counts() -> None:
    flat = tabulate_pace(np.ones_like, 1.0, 1.0, 1.0)
    sources, starts = np.array([[0, 0], [0, 10]]), np.array([0, 7], np.float32)
    field = travel_time_field(np.zeros((1, 11), np.float32), flat, sources, starts_s=starts)
    assert field[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 7]


@pytest.mark.parametrize("towards", [False, True])
@pytest.mark.parametrize("rows_of_strip", [1, 7, 40])
def test_strips_side_by_side_change_no_bit(
    monkeypatch: pytest.MonkeyPatch, rows_of_strip: int, towards: bool
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 40)
    monkeypatch.setattr("sarhad.kernels.walking.STRIP_ROWS", rows_of_strip)
    rng, z = np.random.default_rng(3), rough(80, 40, 3)
    z[rng.random(z.shape) < 0.2] = np.nan
    friction = rng.choice([0.5, 1, 9, np.inf], z.shape).astype(np.float32)
    sources, starts = rng.integers(0, 40, (30, 2)), rng.uniform(0, 900, 30).astype(np.float32)
    call = (z, tabulate_pace(tobler, 1.0, CELL_M, CELL_M), sources)
    others = {"friction": friction, "starts_s": starts, "limit_s": 5000.0, "towards": towards}
    with ThreadPoolExecutor(4) as threads:
        side_by_side = travel_time_field(*call, **others, executor=threads)  # type: ignore[arg-type]
    assert np.array_equal(side_by_side, travel_time_field(*call, **others))  # type: ignore[arg-type]
    assert 500 < np.isfinite(side_by_side).sum() < z.size


def test_variants_give_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    z, pace = rough(64, 64, 9), tabulate_pace(tobler, 2.0, CELL_M, CELL_M)
    monkeypatch.setenv("SARHAD_KERNELS", "portable")
    portable = travel_time_field(z, pace, np.array([[0, 0]]))
    monkeypatch.delenv("SARHAD_KERNELS")
    assert np.array_equal(portable, travel_time_field(z, pace, np.array([[0, 0]])))


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("within the raster", {"sources": np.array([[0, 4]])}),
        ("row, column", {"sources": np.array([0, 0])}),
        ("shape of heights_m", {"friction": np.ones((2, 2), np.float32)}),
        ("finite time", {"starts_s": np.array([-1], np.float32)}),
        ("limit_s", {"limit_s": -1.0}),
        (
            "closer together",
            {"friction": np.geomspace(1e-6, 1e6, 16).astype(np.float32).reshape(4, 4)},
        ),
    ],
)
def test_misuse_is_refused_with_the_rule(words: str, given: dict[str, object]) -> None:
    flat = tabulate_pace(np.ones_like, 1.0, 1.0, 1.0)
    call = {"sources": np.array([[0, 0]])} | given
    with pytest.raises(ValueError, match=words):
        travel_time_field(np.zeros((4, 4), np.float32), flat, **call)  # type: ignore[arg-type]


def test_empty_and_closed_rasters() -> None:
    flat = tabulate_pace(np.ones_like, 1.0, 1.0, 1.0)
    void = np.full((3, 3), np.nan, np.float32)
    assert not np.isfinite(travel_time_field(void, flat, np.array([[1, 1]]))).any()
    one = travel_time_field(np.zeros((1, 1), np.float32), flat, np.array([[0, 0]]))
    assert one.tolist() == [[0.0]]
    with pytest.raises(ValueError, match="rows and columns"):
        travel_time_field(np.zeros((0, 3), np.float32), flat, np.zeros((0, 2), np.int64))


def test_equal_steps_do_not_drift_over_a_long_plain() -> None:
    # Times summed in float32 were off by 8e-5 here: every step is rounded the same way.
    pace = tabulate_pace(tobler, 1.0, CELL_M, CELL_M)
    field = travel_time_field(np.zeros((1, 12_000), np.float32), pace, np.array([[0, 0]]))
    exact = np.arange(12_000) * float(pace.seconds[0, SAMPLES])
    assert field[0] == pytest.approx(exact, rel=1e-6)
