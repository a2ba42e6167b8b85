"""What it costs to be there: importing the library, and the CLI from a cold start."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, Timing, alone, seconds


def measure(folder: Path) -> list[Row]:
    """Import against a bare interpreter; ``status``, ``log`` and ``data`` as whole processes."""
    import e2e_lab

    project = folder / "project"
    e2e_lab.init(project)
    (project / "flights.csv").write_text("a,b\n" + "".join(f"{i},{i}\n" for i in range(1000)), "utf-8")
    cli(project, "ingest", "flights.csv", "--as", "flights")
    cli(project, "commit", "-m", "first")
    verbs = ("status", "log", "data")
    return [_import(), *(alone(f"`e2e {v}`, cold", partial(cli, project, v), at_most=0.5) for v in verbs)]


def _import() -> Row:
    def python(code: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))

    bare, ours = Timing(), Timing()
    for _ in range(15):
        bare.values.append(python("pass"))
        ours.values.append(python("import e2e_lab"))
    more = ours.median - bare.median
    return Row(
        "`import e2e_lab`", ours, "bare interpreter", bare, "+ 50 ms", more <= 0.05, note=f"+ {more * 1000:.0f} ms"
    )  # fmt: skip


def cli(folder: Path, *words: str) -> None:
    """Run ``e2e WORD …`` as a process of its own, in *folder*."""
    subprocess.run(
        [sys.executable, "-m", "e2e_lab.workspace.cli", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL,
        env=os.environ | IDENTITY,
    )  # fmt: skip


IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
