"""The values that cross every border of e2e-lab: what a room returns, an adapter shows, and the disk keeps.

Records are immutable, compare by value, and go to JSON and back with nothing lost (:meth:`Record.to_json`,
:meth:`Record.from_json`). Each describes itself once, as a :class:`View`: a title, facts, at most one table,
notes and the line that undoes it. ``print`` shows the view as text; the workspace shows the same view as a card.
"""

from __future__ import annotations

from e2e_lab.records.data import (
    STAGES,
    Column,
    Dataset,
    Datasets,
    Exported,
    Loaded,
    Origin,
    Parent,
    Removed,
    Renamed,
    Snapshot,
    Snapshots,
    VersionRef,
)
from e2e_lab.records.naming import Ref, dataset_name, model_name
from e2e_lab.records.record import FORMAT, Listing, Record, View
from e2e_lab.records.runs import DataUse, KeptModel, RequestColumn, RequestSchema, Run, RunsOverview, Trail
from e2e_lab.records.services import ModelVersion, Package, Replay, Service, Services, Stopped
from e2e_lab.records.standing import Room, Status, Step, Trace
from e2e_lab.records.upkeep import Collected, Finding, Forgotten, Verified
from e2e_lab.records.versions import Commit, DatasetChange, History, Initialised, Pin, Restored
from e2e_lab.records.wording import Brief, age, ago, duration, plural, settings, shape, size

__all__ = [
    "FORMAT",
    "STAGES",
    "Brief",
    "Collected",
    "Column",
    "Commit",
    "DataUse",
    "Dataset",
    "DatasetChange",
    "Datasets",
    "Exported",
    "Finding",
    "Forgotten",
    "History",
    "Initialised",
    "KeptModel",
    "Listing",
    "Loaded",
    "ModelVersion",
    "Origin",
    "Package",
    "Parent",
    "Pin",
    "Record",
    "Ref",
    "Removed",
    "Renamed",
    "Replay",
    "RequestColumn",
    "RequestSchema",
    "Restored",
    "Room",
    "Run",
    "RunsOverview",
    "Service",
    "Services",
    "Snapshot",
    "Snapshots",
    "Status",
    "Step",
    "Stopped",
    "Trace",
    "Trail",
    "Verified",
    "VersionRef",
    "View",
    "age",
    "ago",
    "dataset_name",
    "duration",
    "model_name",
    "plural",
    "settings",
    "shape",
    "size",
]
