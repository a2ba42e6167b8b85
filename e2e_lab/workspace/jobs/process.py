"""One job, in a process of its own: ``python -m e2e_lab.workspace.jobs.process FOLDER``."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from e2e_lab import project as projects
from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.records.jobs import Job, Problem
from e2e_lab.workspace.jobs.detached import read, save
from e2e_lab.workspace.jobs.kinds import kind_of


def main(folder: Path) -> None:
    """Do what the folder's wish says; how it goes is in its ``job.json``, what it prints in its ``log``."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    wish = json.loads((folder / "wish.json").read_text("utf-8"))
    project = projects.Project.at(Path(wish["root"]))
    desk = Desk(project, read(project, folder.name))
    with desk.telling():
        if (folder / "cancel").exists():  # before there was a process to interrupt
            raise KeyboardInterrupt
        kind = kind_of(wish["kind"])
        answer = kind.work(project, kind.args.from_json(wish["args"]), desk.say)
        desk.change(result=answer.to_json(), answer=answer.view().title)
        print(answer)  # noqa: T201


class Desk:
    """Where the job writes down how it stands."""

    def __init__(self, project: Project, job: Job) -> None:
        self.project = project
        self.job = job

    def change(self, **how: object) -> None:
        """Note what is otherwise."""
        self.job = replace(self.job, **how)  # type: ignore[arg-type]
        save(self.project, self.job)

    def say(self, words: str, progress: float | None) -> None:
        """A line of the log, and how far the work is."""
        if words != self.job.said:
            print(words, flush=True)  # noqa: T201
        if words != self.job.said or progress is None or progress - (self.job.progress or 0) >= 0.01:
            self.change(said=words, progress=progress)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Running, then done, failed or cancelled; nothing that happens inside goes unsaid."""
        self.change(state="running", started=datetime.now(UTC))
        try:
            yield
        except KeyboardInterrupt:
            print("cancelled", flush=True)  # noqa: T201
            self.change(state="cancelled", ended=datetime.now(UTC))
        except E2EError as error:
            print(error, flush=True)  # noqa: T201
            self._failed(Problem.from_json(error.to_json()))
        except Exception as error:
            traceback.print_exc()
            self._failed(Problem(code="error", message=f"{type(error).__name__}: {error}", hint="see its log"))
        else:
            self.change(state="done", ended=datetime.now(UTC), progress=1.0)
        self.project.changed()

    def _failed(self, problem: Problem) -> None:
        self.change(state="failed", ended=datetime.now(UTC), error=problem)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
