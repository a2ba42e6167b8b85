"""What the panel of models and services and a service's tab are told, and what they send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from e2e_lab.records.data import Parent
from e2e_lab.records.panels import Page
from e2e_lab.records.record import Record
from e2e_lab.records.runs import RequestSchema
from e2e_lab.records.services import Package

ServiceState = Literal["serving", "unreachable", "stopped"]

# ---- models --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion(Record):
    """A version of a registered model, with the run and the data behind it.

    *package* is the newest accepted package of it (``service@vN``), None where there is none.
    """

    name: str
    version: int
    ref: str
    aliases: tuple[str, ...]
    run: str
    run_name: str
    class_name: str
    data: tuple[Parent, ...]
    time: datetime | None
    package: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelPage(Page):
    """Versions of registered models, by the model's name, newest version first."""

    items: tuple[RegisteredVersion, ...]


@dataclass(frozen=True, kw_only=True)
class PackagePage(Page):
    """Accepted packages with how each answered its stored rows, newest first."""

    items: tuple[Package, ...]


@dataclass(frozen=True, kw_only=True)
class AliasWish(Record):
    """The name that a version of a model is to have from now on."""

    alias: str
    version: int


@dataclass(frozen=True, kw_only=True)
class PackageArgs(Record):
    """Which model version becomes a package, and of which service; one of the model's name by default."""

    ref: str
    service: str | None = None


@dataclass(frozen=True, kw_only=True)
class ServeArgs(Record):
    """Which package is served; with *replace* in the place of another version.

    *owner* is the process whose end ends the service: the server fills itself in.
    """

    ref: str
    replace: bool = False
    owner: int | None = None


# ---- services ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ServiceEntry(Record):
    """A service that runs, or could: *ref* is the package that runs, else the newest. Its token is not in here.

    *state*: ``serving``, ``unreachable`` (its process lives and does not answer) or ``stopped``. *requests* were
    answered since it was started; *p50* and *p95* are seconds, over the last thousand of these.
    """

    name: str
    state: ServiceState
    ref: str
    newest: str
    model: str
    url: str | None
    since: datetime | None
    requests: int
    p50: float | None
    p95: float | None
    package: Package


@dataclass(frozen=True, kw_only=True)
class ServicePage(Page):
    """Services, by name."""

    items: tuple[ServiceEntry, ...]


@dataclass(frozen=True, kw_only=True)
class ServiceToken(Record):
    """What lets a request into a running service."""

    token: str


@dataclass(frozen=True, kw_only=True)
class ServiceLog(Record):
    """What a service's process printed from byte *offset* on; ask again from *next*."""

    text: str
    offset: int
    next: int


@dataclass(frozen=True, kw_only=True)
class ServicePrinted(Record):
    """On a service's stream: it printed something; *offset* is less than before where it was started anew."""

    type: Literal["log"] = "log"
    text: str
    offset: int
    next: int


@dataclass(frozen=True, kw_only=True)
class RequestForm(Record):
    """What a service wants in each row, and some real rows: of those that were kept with the model to replay it.

    *why* says why there are no rows, where there are none.
    """

    ref: str
    model: str
    schema: RequestSchema
    rows: tuple[dict[str, Any], ...]
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PredictWish(Record):
    """The rows that a service is asked for."""

    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Answered(Record):
    """What a service answered, one prediction a row, under an id; *seconds* is the time that it took there and back."""

    id: str
    model: str
    predictions: tuple[Any, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CompareWish(Record):
    """Rows, and what a service answered to them."""

    rows: tuple[dict[str, Any], ...]
    predictions: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Compared(Record):
    """Whether the kept model itself answers the same; None where it could not be asked, for the reason *why*.

    *own* is what it answers, *difference* the largest between two numbers, None where they are no numbers.
    """

    equal: bool | None
    own: tuple[Any, ...] = ()
    difference: float | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PredictionEntry(Record):
    """An answered request as its service's log has it: the first *answers*, and rows only where they are logged."""

    id: str
    time: datetime
    ref: str
    model: str
    rows: int
    seconds: float
    answers: tuple[Any, ...]
    inputs: tuple[dict[str, Any], ...] | None


@dataclass(frozen=True, kw_only=True)
class PredictionPage(Page):
    """Answered requests of a service, newest first."""

    items: tuple[PredictionEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Traffic(Record):
    """How a service was asked in the last hour.

    *minutes* are the requests of each minute, the one that runs now last; *p50* and *p95* are seconds, None where
    there were none; *capped*: there were more than could be looked at.
    """

    minutes: tuple[int, ...]
    p50: float | None
    p95: float | None
    capped: bool
