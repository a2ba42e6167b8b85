"""The models that runs kept: found, waited for, and loaded where their bytes are the ones that were recorded."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from e2e_lab.errors import Ambiguous, Damaged, ModelError, NewerFormat, NotTrusted
from e2e_lab.experiments import background, entries, keeping, owners, proof, tracking
from e2e_lab.experiments import trust as ledger
from e2e_lab.project import Project
from e2e_lab.records import FORMAT, DataUse, KeptModel, RequestSchema, Run

WAIT_SECONDS = 120.0
"""How long to wait for another process that is still keeping the model."""


def kept_model(project: Project, run: Run, name: str | None = None) -> KeptModel:
    """The model of *run* (the one called *name*, where it kept several), proved to load in a clean process.

    Waits for the background work. Raises :class:`ModelError` where the run kept none, or the proof failed.
    """
    background.wait(project, run=run.id)
    store = tracking.open_store(project)
    with tracking.told(store.uri):
        tags = store.client.get_run(run.id).data.tags
        name = _chosen(run, tags, name)
        _proved(store, run, name, tags)
        model = store.client.get_logged_model(store.client.get_run(run.id).data.tags[keeping.model_tag(name)])
        folder = keeping.local_folder(project, store, model.model_id, model.artifact_location)
        if not store.embedded and not folder.is_dir():
            _download(store, model.artifact_location, folder)
    return read_folder(folder, model_id=model.model_id)


def read_folder(folder: Path, *, model_id: str) -> KeptModel:
    """What the model folder says of itself, with the hash of its files."""
    try:
        told = json.loads((folder / "e2e" / "model.json").read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{folder} holds no model that e2e-lab kept.", hint="e2e.log_model(model, X=X) in a run"
        ) from None
    except ValueError as problem:
        raise Damaged(f"{folder / 'e2e' / 'model.json'} cannot be read: {problem}.", hint="run again") from None
    if told["format"] > FORMAT:
        raise NewerFormat(f"The model in {folder} has format {told['format']}.", hint="pip install --upgrade e2e-lab")
    return KeptModel(
        id=model_id,
        name=told["name"],
        run=told["run"],
        run_name=told["run_name"],
        path=str(folder),
        hash=ledger.hash_folder(folder),
        class_name=told["class"],
        predict=told["predict"],
        schema=RequestSchema.from_json(told["schema"]),
        fingerprint=told["fingerprint"],
        modules=tuple(told["modules"]),
        data=tuple(DataUse.from_json(use) for use in told["data"]),
    )


def load_model(project: Project, kept: KeptModel, *, trust: bool = False) -> Any:
    """The fitted model itself. Unpickling runs code: files not made here with this hash need ``trust=True``.

    Raises :class:`NotTrusted`, before anything is read from the pickle.
    """
    check_trust(project, kept, trust=trust)
    folder = Path(kept.path)
    return proof.load(folder, json.loads((folder / "e2e" / "model.json").read_text("utf-8")))


def check_trust(project: Project, kept: KeptModel, *, trust: bool = False) -> None:
    """Raise :class:`NotTrusted` unless the files of *kept* are those that were made in this project."""
    if trust:
        return
    found = ledger.hash_folder(Path(kept.path))
    if found != kept.hash:
        raise NotTrusted(f"The files of model {kept.name!r} have changed since they were looked up.", hint="--trust")
    if not ledger.made_here(project, found):
        raise NotTrusted(
            f"Model {kept.name!r} of run {kept.run_name} was not made in this project, or its files were changed.",
            hint="--trust, if you know where it comes from: loading a model runs code",
        )


def _chosen(run: Run, tags: dict[str, str], name: str | None) -> str:
    names = [
        tag[len("e2e.model.") : -len(".proof")]
        for tag in tags
        if tag.startswith("e2e.model.") and tag.endswith(".proof")
    ]
    if not names:
        raise ModelError(
            f"Run {run.name} kept no model.",
            hint="e2e.log_model(model, X=X) in the run, or: e2e keep NAME --model VAR --X VAR",
        )
    if name is None and len(names) > 1:
        raise Ambiguous(f"Run {run.name} kept {', '.join(sorted(names))}.", hint=f"--model {sorted(names)[0]}")
    if name is not None and name not in names:
        raise ModelError(f"Run {run.name} kept no model {name!r}.", hint=f"--model {sorted(names)[0]}")
    return name or names[0]


def _proved(store: tracking.Store, run: Run, name: str, tags: dict[str, str]) -> None:
    until = time.monotonic() + WAIT_SECONDS
    verdict = tags[keeping.proof_tag(name)]
    while verdict == entries.PENDING:
        owner = tags.get("e2e.owner", "")
        if owner == owners.me() or owners.dead(owner):
            raise ModelError(
                f"Model {name!r} of run {run.name} was kept incompletely: the process ended before it was written.",
                hint="run again",
            )
        if time.monotonic() > until:
            raise ModelError(f"Model {name!r} of run {run.name} is still being kept by {owner}.", hint="try again soon")
        time.sleep(0.5)
        tags = store.client.get_run(run.id).data.tags
        verdict = tags[keeping.proof_tag(name)]
    if verdict != "equal":
        raise ModelError(f"Model {name!r} of run {run.name} {verdict}.", hint="change the model, and run again")


def _download(store: tracking.Store, location: str, folder: Path) -> None:
    import mlflow.artifacts

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        found = mlflow.artifacts.download_artifacts(artifact_uri=location, dst_path=temporary, tracking_uri=store.uri)
        os.replace(found, folder)
