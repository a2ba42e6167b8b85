"""Registered models, packages and the services that run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from e2e_lab.records.data import Parent
from e2e_lab.records.record import Listing, Record, View
from e2e_lab.records.wording import ago, plural


@dataclass(frozen=True, kw_only=True)
class ModelVersion(Record):
    """A version of a registered model, and the run that made it."""

    name: str
    version: int
    aliases: tuple[str, ...] = ()
    run: str
    run_name: str
    model_id: str
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@vN``."""
        return f"{self.name}@v{self.version}"

    def view(self) -> View:
        aliases = "".join(f" · {alias}" for alias in self.aliases)
        state = "" if self.changed else " · registered already"
        return View(f"{self.ref}{aliases} · from run {self.run_name}{state}", notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class Replay(Record):
    """How a built service answered stored rows, against the model. *different* counts answers that were not equal."""

    rows: int
    different: int
    largest_difference: float
    seconds: float

    @property
    def equal(self) -> bool:
        """Whether every answer was the model's, to within 1e-9 of its size; *largest_difference* says how close."""
        return self.rows > 0 and self.different == 0

    def __str__(self) -> str:
        if self.equal:
            return f"{self.rows:,} stored rows answered equal to the model"
        return f"{self.different:,} of {self.rows:,} stored rows answered differently"


@dataclass(frozen=True, kw_only=True)
class Package(Record):
    """A model packaged as a Bento, replayed and accepted. *bento* is its tag in the project's BENTOML_HOME."""

    service: str
    version: int
    model: str
    model_version: int
    run: str
    bento: str
    path: str
    replay: Replay
    data: tuple[Parent, ...] = ()
    time: datetime
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``service@vN``."""
        return f"{self.service}@v{self.version}"

    @property
    def model_ref(self) -> str:
        """``model@vN`` of the model that is packaged."""
        return f"{self.model}@v{self.model_version}"

    def view(self) -> View:
        state = "" if self.changed else " · packaged already"
        title = f"{self.ref} · model {self.model_ref} · {self.replay}{state}"
        return View(title, facts=(("bento", self.bento),), notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class Service(Record):
    """A running (or ended) service: which package, where it answers, which process it is."""

    name: str
    version: int
    model: str
    model_version: int
    url: str
    pid: int
    started: float
    """The process's creation time in seconds since 1970: with *pid*, it names one process for good."""
    state: str
    since: datetime
    log: str

    @property
    def ref(self) -> str:
        """``service@vN``."""
        return f"{self.name}@v{self.version}"

    @property
    def model_ref(self) -> str:
        """``model@vN`` of the model that answers."""
        return f"{self.model}@v{self.model_version}"

    def view(self) -> View:
        return View(f"{self.ref} · {self.state} · {self.url}", facts=(("model", self.model_ref), ("log", self.log)))


@dataclass(frozen=True, kw_only=True)
class Services(Listing[Service]):
    """The services of this project that are running."""

    def view(self) -> View:
        if not self.items:
            return View("Nothing is serving.", notes=("e2e serve MODEL starts a service.",))
        rows = tuple((one.ref, one.state, one.url, one.model_ref, ago(one.since)) for one in self.items)
        return View(plural(len(self.items), "service"), header=("service", "state", "url", "model", "since"), rows=rows)


@dataclass(frozen=True, kw_only=True)
class Stopped(Record):
    """A service that was ended; *was_running* is False where there was nothing to end."""

    name: str
    version: int
    was_running: bool = True

    def view(self) -> View:
        if not self.was_running:
            return View(f"{self.name} was not running")
        return View(f"{self.name}@v{self.version} · stopped", undo=f"e2e serve {self.name}@v{self.version}")
