"""Every route, declared once: the handlers and the OpenAPI document come from here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from e2e_lab.records import Initialised, ModelVersion, Record, Removed, Renamed, Restored, Stopped
from e2e_lab.records.changes import CommitPage, RestorePlan, RevisionWish, WorkingChanges
from e2e_lab.records.data import STAGES
from e2e_lab.records.experiments import Comparison, MlflowPages, MlflowWish, RunColumns, RunDetail, RunPage
from e2e_lab.records.jobs import Job, JobLog, JobPage, JobWish
from e2e_lab.records.model_panels import (
    AliasWish,
    Answered,
    Compared,
    CompareWish,
    ModelPage,
    PackagePage,
    PredictionPage,
    PredictWish,
    RequestForm,
    ServiceEntry,
    ServiceLog,
    ServicePage,
    ServiceToken,
    Traffic,
)
from e2e_lab.records.panels import (
    Columns,
    DatasetEntry,
    DatasetPage,
    Graph,
    InitWish,
    KernelCheck,
    Origins,
    ProjectPage,
    RenameWish,
    RestoreWish,
    Revision,
    Rows,
    ServerStatus,
    VersionDiff,
    VersionEntry,
    VersionPage,
)
from e2e_lab.workspace.server import changes, data, models, runs, services, standing, work
from e2e_lab.workspace.server.asked import Asked, Param

Ask = Callable[[Asked], Any]
"""Gives a record, or a coroutine that does."""

LIMIT = Param("limit", "how many at most", "number", 100, most=1000)
OFFSET = Param("offset", "how many to pass over", "number", 0)
COLUMN = Param("column", "a column; all where none is named", many=True)
_VERSION = "datasets/{name}/snapshots/{selector}"


@dataclass(frozen=True)
class Route:
    """A method of an address: what it takes, which function answers, and with which record."""

    method: str
    path: str
    ask: Ask
    answer: type[Record]
    summary: str
    params: tuple[Param, ...] = ()
    body: type[Record] | None = None
    status: int = 200
    in_project: bool = True
    polled: bool = False

    @property
    def pattern(self) -> str:
        """The address as a regular expression.

        >>> Route("GET", "jobs/{id}", work.job, Job, "").pattern
        'jobs/(?P<id>[^/]+)'
        """
        return re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)

    @property
    def waits(self) -> bool:
        """Whether the answer is waited for in the event loop, and not worked out in a thread."""
        return inspect.iscoroutinefunction(self.ask)

    def status_of(self, answer: object) -> int:
        """201 where something was made, else what the route says."""
        return 201 if isinstance(answer, Initialised) and answer.created else self.status


ROUTES = (
    Route("GET", "status", standing.status, ServerStatus, "where the project stands in the flow"),
    Route("GET", "revision", standing.revision, Revision, "a number that grows with every change", polled=True),
    Route("GET", "projects", standing.projects, ProjectPage, "the projects under the server's root",
          (LIMIT, OFFSET), in_project=False),
    Route("POST", "projects", standing.init, Initialised, "make a folder a project, or complete one",
          body=InitWish, in_project=False),
    Route("GET", "datasets", data.datasets, DatasetPage, "the datasets, raw before processed", (
        LIMIT, OFFSET, Param("stage", "only this stage", choices=STAGES), Param("match", "a part of the name"),
    )),
    Route("GET", "datasets/{name}", data.dataset, DatasetEntry, "one dataset"),
    Route("DELETE", "datasets/{name}", data.remove, Removed, "take a dataset out of the project, its versions kept"),
    Route("POST", "datasets/{name}/rename", data.rename, Renamed, "give a dataset another name", body=RenameWish),
    Route("POST", "datasets/{name}/restore", data.restore, Restored, "make a version the current one again",
          body=RestoreWish),
    Route("GET", "datasets/{name}/snapshots", data.snapshots, VersionPage, "a dataset's versions, newest first",
          (LIMIT, OFFSET)),
    Route("GET", _VERSION, data.snapshot, VersionEntry, "one version"),
    Route("GET", f"{_VERSION}/rows", work.rows, Rows, "a window of a version's rows",
          (OFFSET, Param("limit", "how many rows at most", "number", 200, most=1000), COLUMN)),
    Route("GET", f"{_VERSION}/columns", work.columns, Columns, "what is in a version's columns", (COLUMN,)),
    Route("GET", f"{_VERSION}/lineage", data.lineage, Graph, "what a version came from, and what came of it"),
    Route("GET", "diff", data.diff, VersionDiff, "what differs between two versions, by their records", (
        Param("dataset", "the dataset's name", needed=True), Param("a", "a selector", needed=True),
        Param("b", "a selector", needed=True),
    )),
    Route("GET", "origins", data.origins, Origins, "which cells of a notebook made which versions",
          (Param("notebook", "the notebook, under the server's root", needed=True),)),
    Route("GET", "runs", runs.runs, RunPage, "the runs, newest first", (
        LIMIT, OFFSET,
        Param("sort", "time, name, status, seconds, a metric or a parameter; with - before it the other way"),
        Param("match", "words, and conditions such as rmse<0.5"),
        Param("notebook", "only runs of this notebook, under the server's root"),
        Param("first", "this notebook's runs before all others"),
        Param("pin", "a run that comes before all others", many=True),
        Param("column", "a metric or parameter; all where none is named", many=True),
    )),
    Route("GET", "runs/columns", runs.columns, RunColumns, "the metrics and parameters that runs have"),
    Route("GET", "runs/{id}", runs.run, RunDetail, "one run whole"),
    Route("GET", "runs/{id}/comparison", runs.comparison, Comparison, "what two or more runs have alike and what not",
          (Param("with", "the id of another run, or its beginning", many=True),)),
    Route("POST", "mlflow", runs.mlflow, MlflowPages, "have MLflow's own pages of the project's runs ready",
          body=MlflowWish),
    Route("GET", "changes", changes.changes, WorkingChanges, "what a commit made now would put in, and what not",
          (Param("limit", "how many files at most", "number", 1000, most=10_000),)),
    Route("GET", "commits", changes.commits, CommitPage, "commits, newest first, with what each did to the data",
          (LIMIT, OFFSET)),
    Route("GET", "restore", changes.preview, RestorePlan, "what going back to a revision would do, nothing done", (
        Param("revision", "a git revision", needed=True), Param("name", "a dataset or path; all by default", many=True),
    )),
    Route("POST", "restore", changes.restore, Restored, "code and data as they were; what differs is saved first",
          body=RevisionWish),
    Route("GET", "kernels/{name}", work.kernel, KernelCheck, "whether the Python of a kernel has this e2e-lab",
          in_project=False),
    Route("GET", "jobs", work.list_jobs, JobPage, "the jobs, newest first", (LIMIT, OFFSET)),
    Route("POST", "jobs", work.start_job, Job, "begin a job", body=JobWish, status=202),
    Route("GET", "jobs/{id}", work.job, Job, "how a job stands"),
    Route("POST", "jobs/{id}/cancel", work.cancel_job, Job, "stop a job"),
    Route("GET", "jobs/{id}/log", work.job_log, JobLog, "what a job printed", (OFFSET,)),
    Route("GET", "models", models.versions, ModelPage, "the registered models, newest version first",
          (LIMIT, OFFSET, Param("name", "only this model"))),
    Route("POST", "models/{model}/aliases", models.set_alias, ModelVersion, "give a version an alias",
          body=AliasWish),
    Route("DELETE", "models/{model}/aliases/{alias}", models.remove_alias, ModelVersion, "take an alias away"),
    Route("GET", "packages", models.packages, PackagePage, "the accepted packages with their replay, newest first",
          (LIMIT, OFFSET, Param("service", "only of this service"))),
    Route("GET", "services", services.listed, ServicePage, "the services that run, or could", (LIMIT, OFFSET)),
    Route("GET", "services/{service}", services.service, ServiceEntry, "one service", polled=True),
    Route("POST", "services/{service}/stop", services.stop, Stopped, "end a service"),
    Route("POST", "services/{service}/token", services.token, ServiceToken, "what lets a request into a service"),
    Route("GET", "services/{service}/log", services.log, ServiceLog, "what a service printed", (OFFSET,)),
    Route("GET", "services/{service}/schema", services.form, RequestForm, "what a row holds, and some real rows"),
    Route("POST", "services/{service}/predict", services.predict, Answered, "ask a service", body=PredictWish),
    Route("POST", "services/{service}/compare", services.compare, Compared, "whether the model itself answers so",
          body=CompareWish),
    Route("GET", "services/{service}/predictions", services.predictions, PredictionPage,
          "the requests that a service answered, newest first", (LIMIT, OFFSET), polled=True),
    Route("GET", "services/{service}/traffic", services.traffic, Traffic, "how a service was asked in the last hour",
          polled=True),
    Route("GET", "trace", services.trace, Graph, "what is behind a prediction or anything else, as a graph",
          (Param("subject", "a prediction's id, or a reference", needed=True),)),
)  # fmt: skip
