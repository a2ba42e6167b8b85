"""What is going on here: the variables, the cells that ran, the notebook and the active run.

There is one session a process. In a kernel, :mod:`e2e_lab.workspace.notebook` feeds it; in a script or a shell it has
no cells, and everything else still works.
"""

from __future__ import annotations

import json
import os
import sys
import weakref
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from e2e_lab import project as projects
from e2e_lab.errors import NoActiveRun, UsageError, VariableNotFound, closest
from e2e_lab.project import Project
from e2e_lab.records import Parent, Run, Snapshot, Trail
from e2e_lab.workspace.session.flow import Flow, names_read, read

if TYPE_CHECKING:
    from e2e_lab.experiments import ActiveRun


@dataclass(frozen=True)
class Cell:
    """One execution of a cell; *id* is the front end's name for it, *reads* the names it takes from outside."""

    source: str
    id: str | None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """A table that is a version as a whole: the very object, its extent then, and the place of what came after."""

    thing: weakref.ref[Any]
    version: Parent
    extent: tuple[int, ...]
    events: int


@dataclass(frozen=True)
class Kept:
    """A model that a run keeps: the very object, what its fit had made of it then, and the run's name."""

    thing: weakref.ref[Any]
    fit: Hashable
    run: str


class Listening(Protocol):
    """The front ends that look at the notebook. *busy*: a cell is running."""

    busy: bool

    def save(self) -> None:
        """Have the notebook saved, where anybody can."""

    def after_cell(self) -> None:
        """Tell of what was saved and of the tables there are now."""


@dataclass
class Session:
    """The state of this process. *namespace* is the user's; None outside a kernel."""

    namespace: dict[str, Any] | None = None
    flow: Flow = field(default_factory=Flow)
    cells: list[Cell] = field(default_factory=list)
    drafts: dict[str, Snapshot] = field(default_factory=dict)
    """In the kernel of ``run NOTEBOOK``, which saves nothing: what its snapshots would have saved."""
    runs: list[ActiveRun] = field(default_factory=list)
    """The runs going on, innermost last."""
    cell_run: ActiveRun | None = None
    """The run that the running cell began, and that ends with it."""
    told: Path | None = None
    """The notebook's file as the front end says, which knows of renames."""
    front: Listening | None = None
    """Whoever looks at the notebook of this kernel."""
    made: list[Snapshot] = field(default_factory=list)
    """What the running cell has saved."""
    versions: dict[int, Held] = field(default_factory=dict)
    """The tables that are known to be a version, by their identity."""
    ran: list[Run] = field(default_factory=list)
    """The runs that ended in the running cell."""
    shown: dict[str, Callable[[], None]] = field(default_factory=dict)
    """What takes away the metrics that are drawn of a run that goes on, by its id."""
    kept: dict[int, Kept] = field(default_factory=dict)
    """The models that were kept with a run, by their identity."""

    @property
    def in_kernel(self) -> bool:
        """Whether this is a notebook's kernel (or IPython), not a script or shell."""
        return self.namespace is not None

    def began(self, source: str, cell_id: str | None, code: str) -> None:
        """A cell starts; *code* is its *source* with the magics transformed.

        Where the front end does not say which cell it is, its file does: the one with this source.
        """
        notebook = self.notebook if cell_id is None else None
        if notebook is not None:
            cell_id = cell_sources(notebook).get(source.strip())
        statements = read(code)
        self.cells.append(Cell(source, cell_id, names_read(statements)))
        self.flow.ran(statements)

    # ---- the notebook ----------------------------------------------------------------------------------------

    @property
    def notebook(self) -> Path | None:
        """The notebook's file as the front end says, else the environment, found again after a rename; or None."""
        if not self.in_kernel:
            return None
        if self.told is not None and self.told.exists():
            return self.told
        named = os.environ.get("JPY_SESSION_NAME") or (self.namespace or {}).get("__vsc_ipynb_file__")
        if not named or not str(named).endswith(".ipynb"):
            return None
        path = Path(str(named)).absolute()
        return path if path.exists() else self._renamed(path.parent)

    def _renamed(self, folder: Path) -> Path | None:
        """The one notebook in *folder* that holds the cells which ran here."""
        ran = {cell.source.strip() for cell in self.cells[-5:]}
        found = [path for path in sorted(folder.glob("*.ipynb")) if ran & cell_sources(path).keys()]
        return found[0] if len(found) == 1 else None

    def folder(self) -> Path:
        """Where this happens: the notebook's folder, else the working folder."""
        notebook = self.notebook
        return notebook.parent if notebook else Path.cwd()

    def project(self) -> Project:
        """The project around :meth:`folder`."""
        return projects.find(self.folder())

    def trail(self, project: Project, *, latest: bool = False) -> Trail:
        """What the rooms may know of this session; *latest* leaves out executions that were run again since."""
        notebook = self.notebook
        script = None if self.in_kernel else _script()
        path = notebook or script
        sources = [cell.source for cell in self.cells]
        if latest:
            last = {cell.id or place: cell.source for place, cell in enumerate(self.cells)}
            sources = list(last.values())
        return Trail(
            notebook=project.relative(path) if path else None,
            cell=self.cells[-1].id if self.cells else None,
            cells=tuple(sources),
        )

    # ---- variables -------------------------------------------------------------------------------------------

    def value(self, name: str) -> Any:
        """The variable of that name, or :class:`VariableNotFound` with the nearest one."""
        variables = self.variables()
        if name in variables:
            return variables[name]
        near = closest(name, variables)
        said = f" Did you mean {near}?" if near else ""
        raise VariableNotFound(f"There is no variable {name!r}.{said}", hint=near or "run the cell that makes it")

    def variables(self) -> Mapping[str, Any]:
        """The user's own variables: not IPython's, not modules."""
        hidden = {"In", "Out", "exit", "quit", "get_ipython", "open"}
        return {
            name: value
            for name, value in dict(self.namespace or {}).items()  # a copy: threads of the user may add names
            if not name.startswith("_") and name not in hidden
        }

    def evaluate(self, expression: str) -> Any:
        """The value of a Python expression over the user's variables."""
        try:
            return eval(expression, self.namespace)  # noqa: S307  it is the user's own kernel
        except NameError as problem:
            missing = str(getattr(problem, "name", "") or expression)
            self.value(missing)
            raise
        except SyntaxError as problem:
            raise UsageError(
                f"{expression!r} is no Python expression: {problem.msg}.", hint="rmse=final_rmse"
            ) from None

    def names_of(self, thing: Any) -> tuple[str, ...]:
        """The variables that hold this very object."""
        return tuple(name for name, value in self.variables().items() if value is thing)

    def holds(self, thing: Any, snapshot: Parent) -> None:
        """Note that *thing*, under all its names, is this snapshot."""
        for name in self.names_of(thing):
            self.flow.tied(name, snapshot)

    def saved(self, thing: Any, snapshot: Snapshot) -> None:
        """Note that a cell saved *thing* as this version."""
        self.made.append(snapshot)
        self.same(thing, snapshot.as_parent)

    def same(self, thing: Any, version: Parent) -> None:
        """Note that the object *thing* is this version, whole."""
        extent = getattr(thing, "shape", None)
        if not self.in_kernel or not isinstance(extent, tuple):
            return
        key = id(thing)
        try:
            watched = weakref.ref(thing, lambda _: self.versions.pop(key, None))
        except TypeError:  # an object that cannot be watched is never known again
            return
        self.versions[key] = Held(watched, version, extent, self.flow.after(self._line()))

    def _line(self) -> int:
        """The line of the running cell that is at work; beyond them all where no cell is."""
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            if frame.f_globals is self.namespace and frame.f_code.co_name == "<module>":
                return frame.f_lineno
            frame = frame.f_back
        return sys.maxsize

    def version_of(self, thing: Any) -> tuple[Parent | None, bool]:
        """The version that *thing* was, and whether it still is, as far as its extent and the cells tell."""
        held = self.versions.get(id(thing))
        if held is None or held.thing() is not thing:
            return None, False
        touched = self.flow.assigned_since(held.events, self.names_of(thing))
        return held.version, not touched and held.extent == getattr(thing, "shape", None)

    # ---- models ----------------------------------------------------------------------------------------------

    def keeps(self, model: Any, run: str) -> None:
        """Note that a run keeps *model* as it is now."""
        key = id(model)
        try:
            watched = weakref.ref(model, lambda _: self.kept.pop(key, None))
        except TypeError:  # an object that cannot be watched is never known again
            return
        self.kept[key] = Kept(watched, fit_of(model), run)

    def kept_by(self, model: Any) -> str | None:
        """The run that keeps *model*, unless it was fitted again since."""
        held = self.kept.get(id(model))
        return held.run if held is not None and held.thing() is model and held.fit == fit_of(model) else None

    # ---- the run ---------------------------------------------------------------------------------------------

    def active_run(self, wanted_for: str) -> ActiveRun:
        """The innermost run that is going on, or :class:`NoActiveRun`."""
        if not self.runs:
            raise NoActiveRun(f"{wanted_for} belongs inside a run, and none is going on.", hint="%%e2e run NAME")
        return self.runs[-1]


def fit_of(model: Any) -> tuple[tuple[str, int], ...]:
    """What a fit leaves in a model: which objects are where; another fit puts others there. Empty where it has none.

    >>> class Model: pass
    >>> model = Model()
    >>> fit_of(model), model.__dict__.update(coef_=[1.0])
    ((), None)
    >>> [name for name, _ in fit_of(model)]
    ['coef_']
    """
    parts = getattr(model, "__dict__", {})
    found = [(name, id(value)) for name, value in parts.items() if _is_learnt(name, value)]
    for _, step in parts.get("steps") or ():  # a pipeline has learnt nothing itself
        found += fit_of(step)
    return tuple(found)


def _is_learnt(name: str, value: Any) -> bool:
    if name.startswith("_"):
        return name == "_Booster" and value is not None  # as XGBoost calls what it has learnt
    return name.endswith("_")


session = Session()
"""This process's session."""


def cell_sources(path: Path) -> dict[str, str | None]:
    """The sources of a saved notebook's code cells, each with its cell's id; none where the file is no notebook."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        return {"".join(cell["source"]).strip(): cell.get("id") for cell in code}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _script() -> Path | None:
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(main) if main and main.endswith(".py") else None
