"""Keep a captured model: its folder, MLflow's entry, the proof in a clean process. All in the background."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import E2EError
from e2e_lab.experiments import background, folder, proof, rows, trust
from e2e_lab.experiments.capture import Captured
from e2e_lab.experiments.tracking import Store
from e2e_lab.project import Project, sync_folder, writing
from e2e_lab.records import DataUse

if TYPE_CHECKING:
    from e2e_lab.experiments.run import ActiveRun

PROOF_SECONDS = 600.0


def model_tag(name: str) -> str:
    """The run tag with the id of MLflow's logged model."""
    return f"e2e.model.{name}"


def proof_tag(name: str) -> str:
    """The run tag that says whether the model is proved: ``pending``, ``equal``, or the reason why not."""
    return f"e2e.model.{name}.proof"


def without_x(name: str, model: Any) -> str:
    """What to say of a model that was given no X."""
    seen = [str(column) for column in getattr(model, "feature_names_in_", ())]
    wanted = f" It was fitted on {', '.join(seen[:8])}{', …' if len(seen) > 8 else ''}." if seen else ""
    return f"model {name!r} was given no X: it can be loaded, not packaged.{wanted}"


def keep(project: Project, store: Store, run: ActiveRun, captured: Captured) -> background.Job:
    """Write, log and prove *captured* in the background; how it went is in the run's tags."""

    def work() -> None:
        try:
            verdict, model_id = _kept(project, store, run, captured)
        except Exception as problem:
            said = problem.message if isinstance(problem, E2EError) else proof.said(problem)
            verdict, model_id = f"was not kept: {said}"[:1000], None
        tags = {proof_tag(captured.name): verdict}
        if model_id:
            tags[model_tag(captured.name)] = model_id
        run.say(tags)
        project.changed()

    return background.submit(project, run.id, f"model {captured.name!r} of run {run.name}", work)


def _kept(project: Project, store: Store, run: ActiveRun, captured: Captured) -> tuple[str, str]:
    """The verdict of the proof and the id of MLflow's logged model."""
    with writing(project.home):
        (project.home / "tmp").mkdir(parents=True, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix="model-", dir=project.home / "tmp", ignore_cleanup_errors=True)
    with made as temporary:
        building = Path(temporary) / "artifacts"
        description = folder.write(building, captured, run=run.id, run_name=run.name, data=run.data)
        matched = None
        if captured.frame is not None:
            matched = rows.match(captured.frame, rows.stored(project, run.data))
        if matched is not None:
            run.use(DataUse.from_json(matched.use.to_json() | {"role": "train"}))
        verdict = prove(building)
        tolerated = tuple(verdict.get("tolerates", ()))
        description = folder.complete(
            building, description, tolerated=tolerated, matched=matched, data=run.data, spread=captured.spread
        )
        return str(verdict["proof"]), _logged(project, store, run, building, description)


def prove(model_folder: Path) -> dict[str, Any]:
    """What a new process says of the folder: it knows neither this folder's path nor ``PYTHONPATH``."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSTARTUP")}
    command = [sys.executable, "-P", "-B", str(Path(proof.__file__).resolve()), str(model_folder)]
    with tempfile.TemporaryDirectory() as elsewhere, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=elsewhere, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        answered = _answer(process)
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines()
    try:
        found: dict[str, Any] = json.loads(answered)
    except ValueError:
        return {"proof": f"the process that tried it ended: {lines[-1] if lines else process.returncode}"[:1000]}
    return found


def _answer(process: subprocess.Popen[bytes]) -> bytes:
    left = PROOF_SECONDS
    while True:
        try:
            return process.communicate(timeout=0.5)[0]
        except subprocess.TimeoutExpired:
            background.say_if_ending()
            left -= 0.5
            if left <= 0:
                process.kill()
                return process.communicate()[0]


def _logged(project: Project, store: Store, run: ActiveRun, building: Path, description: dict[str, Any]) -> str:
    """Make it MLflow's logged model of the run; the folder appears at its place in one rename."""
    from mlflow.entities import LoggedModelOutput

    name = str(description["name"])
    tags = {"e2e.fingerprint": description["fingerprint"], "e2e.class": description["class"]}
    model = store.client.create_logged_model(store.experiment, name=name, source_run_id=run.id, tags=tags)
    try:
        folder.write_mlflow(building, description, model_id=model.model_id)
        _sync(building)
        place = local_folder(project, store, model.model_id, model.artifact_location)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(building, place)
        sync_folder(place.parent)
        trust.note(project, folder_hash=trust.hash_folder(place), model=model.model_id, run=run.id)
        if not store.embedded:
            store.client.log_model_artifacts(model.model_id, str(place))
        store.client.finalize_logged_model(model.model_id, "READY")
        store.client.log_outputs(run.id, [LoggedModelOutput(model.model_id, 0)])
    except BaseException:
        store.client.finalize_logged_model(model.model_id, "FAILED")
        raise
    return str(model.model_id)


def local_folder(project: Project, store: Store, model_id: str, location: str) -> Path:
    """Where the files of a logged model lie (embedded) or are kept beside the server's (remote)."""
    if not store.embedded:
        return project.home / "models" / model_id
    from urllib.parse import unquote, urlparse

    return Path(unquote(urlparse(location).path)) if location.startswith("file:") else Path(location)


def _sync(made: Path) -> None:
    for path in made.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
