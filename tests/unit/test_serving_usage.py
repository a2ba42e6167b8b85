"""How a service was asked, read from its log: newest first over days and processes, and no more than is wanted."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from e2e_lab import serving
from e2e_lab.errors import ServiceNotFound
from e2e_lab.experiments.answering import frame_of
from e2e_lab.lineage import Link
from e2e_lab.models.shipped.e2e_gate import ulid
from e2e_lab.project import Project
from e2e_lab.records import RequestColumn, RequestSchema, Service
from e2e_lab.workspace.tables.served import graph


def line(at: datetime, *, seconds: float = 0.01, **more: Any) -> str:
    """As the gate of a service writes it."""
    said = {
        "id": ulid(int(at.timestamp() * 1000)), "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "service": "delay", "version": 1, "model": "delay", "model_version": 2, "run": "4e86", "data": ["a" * 32],
        "rows": 1, "seconds": seconds, **more, "predictions": [1.5],
    }  # fmt: skip
    return json.dumps(said) + "\n"


def log(project: Project, pid: int, *lines: tuple[datetime, str]) -> None:
    folder = project.home / "predictions" / "delay"
    folder.mkdir(parents=True, exist_ok=True)
    for at, text in lines:
        with open(folder / f"{at.date().isoformat()}.{pid}.jsonl", "a", encoding="utf-8") as file:
            file.write(text)


def test_requests_come_newest_first_over_days_and_processes(project: Project) -> None:
    now = datetime.now(UTC).replace(hour=12)
    times = [now - timedelta(hours=hours) for hours in (40, 30, 3, 2, 1)]
    for number, at in enumerate(times):
        log(project, 7 if number % 2 else 9, (at, line(at, seconds=number / 100)))
    found, total = serving.recent(project, "delay", offset=0, limit=10)
    assert [one.seconds for one in found] == [0.04, 0.03, 0.02, 0.01, 0.0]
    assert total == 5
    cut, total = serving.recent(project, "delay", offset=1, limit=2)
    assert ([one.seconds for one in cut], total) == ([0.03, 0.02], 5)
    assert serving.recent(project, "other", offset=0, limit=10) == ((), 0)


def test_a_long_log_is_read_from_its_end(project: Project) -> None:
    begun = datetime.now(UTC).replace(hour=1, minute=0)
    inputs = [{"note": "é" * 500}]  # letters of several bytes, lines longer than a part of a block
    lines = [(begun, line(begun + timedelta(seconds=n), inputs=inputs)) for n in range(500)]
    log(project, 7, *lines)
    before = time.perf_counter()
    found, total = serving.recent(project, "delay", offset=0, limit=3)
    took = time.perf_counter() - before
    assert total == 500
    assert [one.time for one in found] == [
        (begun + timedelta(seconds=n)).replace(microsecond=begun.microsecond // 1000 * 1000) for n in (499, 498, 497)
    ]
    assert took < 0.5
    whole, _ = serving.recent(project, "delay", offset=0, limit=1000)
    assert len({one.id for one in whole}) == 500


def test_a_line_that_was_cut_short_costs_no_other(project: Project) -> None:
    now = datetime.now(UTC)
    log(project, 7, (now, line(now)), (now, '{"id": "01'), (now, "\n"), (now, line(now + timedelta(seconds=1))))
    found, _ = serving.recent(project, "delay", offset=0, limit=10)
    assert len(found) == 2


def test_the_last_hour_is_counted_by_minutes(project: Project) -> None:
    now = datetime.now(UTC)
    for minutes, seconds in ((90, 9.0), (30, 0.3), (30, 0.1), (0, 0.2)):
        at = now - timedelta(minutes=minutes)
        log(project, 7, (at, line(at, seconds=seconds)))
    seen = serving.traffic(project, "delay")
    assert (sum(seen.minutes), seen.minutes[-1], seen.minutes[-31], len(seen.minutes)) == (3, 1, 2, 60)
    assert (seen.p50, seen.p95, seen.capped) == (0.2, 0.3, False)


def test_only_what_this_process_answered_counts_since_its_start(project: Project) -> None:
    now = datetime.now(UTC)
    log(project, 7, (now, line(now, seconds=0.5)))
    log(project, 8, (now, line(now, seconds=0.25)), (now, line(now, seconds=0.75)))
    running = Service(
        name="delay", version=1, model="delay", model_version=2, url="http://127.0.0.1:1", pid=8, started=0.0,
        state="running", since=now - timedelta(minutes=1), log="",
    )  # fmt: skip
    count, times = serving.since_start(project, running)
    assert (count, sorted(times)) == (2, [0.25, 0.75])
    assert not serving.answers(running)


def test_a_log_is_of_a_service_that_is_known(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.log").write_text("hidden\n", "utf-8")
    for name in ("delay", "../../../secret", ""):
        with pytest.raises(ServiceNotFound):
            serving.log(project, name)


# ---- the row that the model is asked with itself -------------------------------------------------------------


def column(name: str, kind: str, dtype: str, **more: Any) -> RequestColumn:
    return RequestColumn(name=name, type=kind, nullable=True, dtype=dtype, **more)


def test_a_row_becomes_the_frame_that_the_model_was_fitted_on() -> None:
    fitted = pd.DataFrame(
        {
            "month": [1, 12],
            "wind": [1.5, float("nan")],
            "late": [True, False],
            "note": pd.Series(["a", None], dtype="str"),
            "line": pd.Categorical(["B", None], categories=["A", "B"]),
            "at": pd.to_datetime(["2013-01-31T05:00:00", None]).astype("datetime64[us]"),
            "left": pd.to_datetime(["2013-01-31T05:00:00Z", None], utc=True).tz_convert("Europe/Berlin"),
            "took": pd.to_timedelta(["P0DT1H30M0S", None]),
            "count": pd.array([3, None], dtype="Int64"),
        }
    )
    kinds = {
        "month": "int64", "wind": "double", "late": "bool", "note": "string", "line": "string", "at": "timestamp[us]",
        "left": "timestamp[us, tz=Europe/Berlin]", "took": "duration[us]", "count": "int64",
    }  # fmt: skip
    schema = RequestSchema(
        columns=tuple(
            column(name, kind, str(fitted[name].dtype), categories=("A", "B") if name == "line" else None)
            for name, kind in kinds.items()
        )
    )
    rows = [
        {"month": 1, "wind": 1.5, "late": True, "note": "a", "line": "B", "at": "2013-01-31T05:00:00",
         "left": "2013-01-31T06:00:00+01:00", "took": "P0DT1H30M0S", "count": 3},
        {"month": 12, "late": False},
    ]  # fmt: skip
    pd.testing.assert_frame_equal(frame_of(rows, schema, {}), fitted)


def test_a_null_is_what_the_column_of_objects_had() -> None:
    schema = RequestSchema(columns=(column("note", "string", "object"),))
    assert frame_of([{"note": None}], schema, {"note": "none"})["note"][0] is None
    assert pd.isna(frame_of([{}], schema, {"note": "nan"})["note"][0])
    assert frame_of([{}], schema, {"note": "nan"})["note"][0] is not None


# ---- the graph behind a prediction ---------------------------------------------------------------------------


def test_a_graph_has_each_thing_once_and_ends_also_in_a_cycle() -> None:
    links = {
        "p": Link(kind="prediction", name="01M", origins=("m",)),
        "m": Link(kind="model", name="delay@v1", origins=("a", "b")),
        "a": Link(kind="snapshot", name="train@v1", facts={"stage": "raw"}, origins=("raw",)),
        "b": Link(kind="snapshot", name="test@v1", origins=("raw", "a")),
        "raw": Link(kind="snapshot", name="flights@v1", origins=("b",)),
    }
    made = graph("p", links, ("source x: gone",))
    assert len(made.nodes) == 5
    depth = {node.id: node.depth for node in made.nodes}
    assert (depth["p"], depth["m"], depth["b"]) == (0, -1, min(depth["b"], -2))
    assert {node.ref for node in made.nodes} == {None, "train@v1", "test@v1", "flights@v1"}
    assert (made.focus, made.missing) == ("p", ("source x: gone",))
