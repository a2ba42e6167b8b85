"""What a service wants in a row, real rows to try it with, and whether an answer is the kept model's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from e2e_lab import experiments
from e2e_lab.errors import Damaged, E2EError
from e2e_lab.models.accepted import bento_folder
from e2e_lab.models.replay import compare, stored_rows
from e2e_lab.models.versions import kept_folder
from e2e_lab.project import Project
from e2e_lab.records import Package, RequestSchema
from e2e_lab.records.model_panels import Compared, RequestForm

ROWS = 20
_EXACT = 2**53
"""JavaScript has no whole numbers beyond; they travel as text."""


def request_schema(project: Project, package: Package) -> RequestSchema:
    """What a row of the packaged service holds, as the Bento itself says."""
    path = bento_folder(project, package.service, package.version) / "src" / "e2e_model.json"
    try:
        return RequestSchema.from_json(json.loads(path.read_text("utf-8"))["schema"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Damaged(
            f"The Bento of {package.ref} does not say what a row holds.",
            hint=f"e2e package {package.model_ref} --as {package.service}",
        ) from None


def request_form(project: Project, package: Package) -> RequestForm:
    """The columns of a row, and some of the rows that were kept with the model to replay it."""
    rows: list[dict[str, Any]] = []
    why = ""
    try:
        rows = stored_rows(kept_folder(project, package.model, package.model_version))[0]
    except (E2EError, OSError) as problem:
        why = f"No stored row can be shown: {problem}"
    shown = tuple({name: _shown(value) for name, value in row.items()} for row in _spread(rows))
    return RequestForm(
        ref=package.ref, model=package.model_ref, schema=request_schema(project, package), rows=shown, why=why
    )


def _spread(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with a value in every column first, since they say more; in their order otherwise."""
    whole = sorted(range(len(rows)), key=lambda at: (sum(value is None for value in rows[at].values()), at))
    return [rows[at] for at in whole[: ROWS - ROWS // 4] + whole[-(ROWS // 4) :]] if len(rows) > ROWS else rows


def _shown(value: Any) -> Any:
    large = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _EXACT
    return str(value) if large else value


def compared(
    project: Project, package: Package, rows: Sequence[Mapping[str, Any]], predictions: Sequence[Any]
) -> Compared:
    """Whether the kept model behind *package* answers *rows* as the service did, to within 1e-9 of each number."""
    try:
        folder = kept_folder(project, package.model, package.model_version)
        own = experiments.own_answers(project, folder, rows)
    except FileNotFoundError:
        return Compared(equal=None, why="The files of the kept model are not on this machine.")
    except E2EError as problem:
        return Compared(equal=None, why=str(problem))
    different, gap = compare(own, list(predictions))
    return Compared(equal=different == 0, own=tuple(own), difference=gap if gap != float("inf") else None)
