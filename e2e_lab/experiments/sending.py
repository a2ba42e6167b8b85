"""Send what a run logs in batches, from a thread: at most half a second late, and again when a server was lost."""

from __future__ import annotations

import atexit
import json
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from e2e_lab.errors import TrackingError
from e2e_lab.experiments import tracking
from e2e_lab.project import Project
from e2e_lab.records import DataUse

EVERY = 0.5
"""Seconds between two batches while values keep coming."""
QUIET = 0.01
"""Seconds without a new value after which a burst is over and sent at once."""
AT_ONCE = 1000
"""Entries that MLflow takes in one call."""
UNSENT = "unsent"

Metric = tuple[str, float, int, int]
"""Name, value, time in milliseconds since 1970, step."""


@dataclass
class Batch:
    """Values on their way to a run."""

    metrics: list[Metric] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    data: list[DataUse] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.metrics or self.params or self.tags or self.data)

    def before(self, later: Batch) -> Batch:
        """This one and a later one together."""
        return Batch(
            self.metrics + later.metrics, self.params | later.params, self.tags | later.tags, self.data + later.data
        )


def send(store: tracking.Store, run: str, batch: Batch) -> None:
    """Put *batch* into the store, in as few calls as MLflow's limits allow; sending it twice does no harm."""
    from mlflow.entities import Metric as Point
    from mlflow.entities import Param, RunTag

    params = [Param(name, value) for name, value in batch.params.items()]
    tags = [RunTag(name, value) for name, value in batch.tags.items()]
    points = [Point(*metric) for metric in batch.metrics]
    while params or tags or points:
        room = AT_ONCE - len(params[:100]) - len(tags[:100])
        store.client.log_batch(run, points[:room], params[:100], tags[:100], synchronous=True)
        params, tags, points = params[100:], tags[100:], points[room:]
    inputs = [use for use in batch.data if use.role != "output"]
    if inputs:
        store.client.log_inputs(run, [_dataset_input(use) for use in inputs])


def _dataset_input(use: DataUse) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = json.dumps({"tags": {"e2e.ref": str(use), "e2e.snapshot": use.id}})
    dataset = Dataset(name=use.name, digest=use.id[:36], source_type="code", source=source)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training" if use.role == "train" else "input")])


class Sender:
    """The buffer of one run and the thread that empties it."""

    def __init__(self, store: tracking.Store, run: str) -> None:
        self.store = store
        self.run = run
        self.problem: Exception | None = None
        self._batch = Batch()
        self._condition = threading.Condition()
        self._sending = threading.Lock()
        self._last_added = self._last_sent = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None
        _senders.add(self)

    def add(self, batch: Batch) -> None:
        """Take *batch* to be sent soon."""
        with self._condition:
            self._batch = self._batch.before(batch)
            self._wake()

    def add_metric(self, metric: Metric) -> None:
        """Take one value to be sent soon: a list append, so that a training loop does not feel it."""
        with self._condition:
            self._batch.metrics.append(metric)
            self._wake()

    def _wake(self) -> None:
        self._last_added = time.monotonic()
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._work, name="e2e-metrics", daemon=True)
            self._thread.start()
        elif len(self._batch.metrics) == 1 or not self._batch.metrics:
            self._condition.notify()

    def flush(self) -> None:
        """Send all there is now; raises what the store raises, and keeps the values."""
        with self._sending:
            with self._condition:
                batch, self._batch = self._batch, Batch()
            if not batch:
                return
            try:
                send(self.store, self.run, batch)
            except BaseException:
                with self._condition:
                    self._batch = batch.before(self._batch)
                raise
            finally:
                self._last_sent = time.monotonic()

    def close(self) -> None:
        """Send the rest and end the thread."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        _senders.discard(self)
        self.flush()

    def unsent(self) -> Batch:
        """What could not be sent."""
        with self._condition:
            return self._batch

    def _work(self) -> None:
        pause = EVERY
        while True:
            with self._condition:
                while not self._batch and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
            self._wait_for_the_burst()
            try:
                self.flush()
                pause = EVERY
                self.problem = None
            except Exception as problem:
                self._lost(problem)
                if tracking.refused(problem):
                    return
                pause = min(2 * pause, 30.0)
                with self._condition:
                    self._condition.wait_for(lambda: self._closed, timeout=pause)

    def _wait_for_the_burst(self) -> None:
        first = time.monotonic()
        while not self._closed:
            due = max(self._last_sent + EVERY, min(self._last_added + QUIET, first + EVERY))
            left = due - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, QUIET))

    def _lost(self, problem: Exception) -> None:
        if self.problem is None:
            tracking.log.warning(
                "The tracking store cannot be reached (%s). The run goes on; its values are kept and sent again.",
                tracking.first_line(problem),
            )
        self.problem = problem


_senders: weakref.WeakSet[Sender] = weakref.WeakSet()


def _at_exit() -> None:
    """A process that ends in good order leaves no value behind, also of a run that was not finished."""
    for sender in list(_senders):
        try:
            sender.close()
            sender.store.client.set_terminated(sender.run, "KILLED")
        except Exception as problem:
            tracking.log.warning("The last values of run %s are lost: %s", sender.run, problem)


atexit.register(_at_exit)


# ---- what a dead server did not take ----------------------------------------------------------------------------


def keep_unsent(project: Project, sender: Sender, status: str, end: int) -> TrackingError:
    """Write what could not be sent to ``.e2e/unsent``; the error to raise."""
    batch = sender.unsent()
    told = {
        "uri": tracking.first_line(sender.store.uri), "run": sender.run, "status": status, "end": end,
        "metrics": batch.metrics, "params": batch.params, "tags": batch.tags,
        "data": [use.to_json() for use in batch.data],
    }  # fmt: skip
    project.write(project.home / UNSENT / f"{sender.run}.json", json.dumps(told).encode())
    return TrackingError(
        f"The tracking store cannot be reached: {len(batch.metrics):,} metric values and the run's end were not sent. "
        "They are kept in .e2e/unsent and sent with the next run or listing.",
        hint="start the server, then: e2e runs",
    )


def resend(project: Project, store: tracking.Store) -> None:
    """Send what earlier runs could not; what fails again stays."""
    for path, told in _kept(project):
        if tracking.first_line(told["uri"]) != tracking.first_line(store.uri):
            continue
        batch = Batch(
            [(m[0], m[1], m[2], m[3]) for m in told["metrics"]], told["params"], told["tags"],
            [DataUse.from_json(use) for use in told["data"]],
        )  # fmt: skip
        try:
            send(store, told["run"], batch)
            store.client.set_terminated(told["run"], told["status"], told["end"])
        except Exception as problem:
            tracking.log.warning("Run %s still has unsent values: %s", told["run"], tracking.first_line(problem))
            if tracking.refused(problem):  # the run is gone: asked no more, the values stay in the file
                path.rename(path.with_suffix(".refused"))
            continue
        path.unlink(missing_ok=True)


def _kept(project: Project) -> Iterator[tuple[Any, dict[str, Any]]]:
    folder = project.home / UNSENT
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            told = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:  # another process has sent it meanwhile
            continue
        yield path, told
