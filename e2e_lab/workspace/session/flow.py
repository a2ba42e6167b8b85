"""What came from what in a notebook, read off the cells that ran (pure).

Executed cells are taken apart statement by statement into the names each reads and assigns. Snapshots that were
loaded or saved are tied to names as they happen. From a variable, :meth:`Flow.parents` walks backwards to the
nearest such ties: the snapshots it was made from.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from e2e_lab.records import Parent

_BUILTINS = frozenset(dir(builtins))
_CHANGES_IN_PLACE = frozenset({"insert", "update", "pop", "append", "extend", "setdefault"})


@dataclass(frozen=True)
class Statement:
    """The names a top-level statement reads and assigns, and the datasets it loads (``*``: which ones, it computes)."""

    reads: frozenset[str]
    assigns: frozenset[str]
    loads: frozenset[str] = frozenset()
    opaque: bool = False
    """Whether it may assign names that cannot be seen: ``exec``, ``import *``, ``%run``."""
    line: int = 0
    """Where it begins in its cell, counted from 1."""


@dataclass(frozen=True)
class Tie:
    """From here on *name* holds this snapshot: it was just loaded into it, or saved from it."""

    name: str
    parent: Parent


@dataclass(frozen=True)
class Loaded:
    """A snapshot was loaded by the statement before; which name it went to is for that statement to say."""

    parent: Parent


@dataclass
class Flow:
    """The events of a session, in order."""

    events: list[Statement | Tie | Loaded] = field(default_factory=list)
    _cell: int = 0
    """The place of the first statement of the cell that ran last."""

    def ran(self, statements: Iterable[Statement]) -> None:
        """A cell is about to run these statements."""
        self._cell = len(self.events)
        self.events += statements

    def after(self, line: int) -> int:
        """The place of what comes after the statement at *line* of the running cell.

        >>> flow = Flow()
        >>> flow.ran(read("df = e2e.load('flights')\\ndf['air_time'] = 0"))
        >>> flow.assigned_since(flow.after(1), ["df"]), flow.assigned_since(flow.after(2), ["df"])
        (True, False)
        """
        later = (
            place
            for place, event in enumerate(self.events[self._cell :], self._cell)
            if isinstance(event, Statement) and event.line > line
        )
        return next(later, len(self.events))

    def tied(self, name: str, parent: Parent) -> None:
        """*name* now holds this snapshot."""
        self.events.append(Tie(name, parent))

    def loaded(self, parent: Parent) -> None:
        """This snapshot was just loaded."""
        self.events.append(Loaded(parent))

    @property
    def snapshots(self) -> tuple[Parent, ...]:
        """Every snapshot that the session loaded or saved, oldest first."""
        seen = {e.parent: None for e in self.events if not isinstance(e, Statement)}
        return tuple(seen)

    def parents(self, *names: str) -> tuple[tuple[Parent, ...], bool]:
        """The snapshots that *names* were made from, and whether that is certain.

        None found is not certain where the walk meets a name that no statement assigned, or that code which
        cannot be read may have assigned.

        >>> flow = Flow()
        >>> flow.ran(read("flights = e2e.load('flights')"))
        >>> flow.loaded(Parent(name="flights", version=1, id="ab"))
        >>> flow.ran(read("clean = flights.dropna()"))
        >>> [str(p) for p in flow.parents("clean")[0]], flow.parents("clean")[1]
        (['flights@v1'], True)
        """
        found: dict[Parent, None] = {}
        certain = True
        seen: set[tuple[str, int]] = set()
        todo = [(name, len(self.events)) for name in names]
        while todo:
            name, before = todo.pop()
            place = self._last(name, before)
            if place is None:
                certain = certain and name in _BUILTINS
                continue
            if (name, place) in seen:
                continue
            seen.add((name, place))
            event = self.events[place]
            if isinstance(event, Tie):
                found[event.parent] = None
            elif isinstance(event, Statement):
                certain = certain and not event.opaque
                found.update(dict.fromkeys(self._loaded_by(place, event.loads)))
                todo += [(read, place) for read in event.reads]
        ordered = [parent for parent in self.snapshots if parent in found]
        return tuple(ordered), certain or bool(ordered)

    def assigned_since(self, place: int, names: Iterable[str]) -> bool:
        """Whether a statement from *place* on assigned one of *names*, or changed what it holds."""
        wanted = set(names)
        return any(isinstance(event, Statement) and wanted & event.assigns for event in self.events[place:])

    def last_assigned(self, name: str) -> int:
        """The place of the event that gave *name* its value; -1 where none is known."""
        found = self._last(name, len(self.events))
        return -1 if found is None else found

    def _last(self, name: str, before: int) -> int | None:
        for place in range(before - 1, -1, -1):
            event = self.events[place]
            if isinstance(event, Tie):
                if event.name == name:
                    return place
            elif isinstance(event, Statement) and name in event.assigns:
                return place
        return None

    def _loaded_by(self, place: int, wanted: frozenset[str]) -> tuple[Parent, ...]:
        """Of the loads recorded after the cell of this statement was read, and before the next cell's, the *wanted*."""
        if not wanted:
            return ()
        found = []
        after = place
        while after < len(self.events) and isinstance(self.events[after], Statement):
            after += 1
        while after < len(self.events) and not isinstance(event := self.events[after], Statement):
            if isinstance(event, Loaded) and (event.parent.name in wanted or "*" in wanted):
                found.append(event.parent)
            after += 1
        return tuple(found)


def read(source: str) -> list[Statement]:
    """The top-level statements of Python *source* (magics already transformed); none where it does not parse.

    >>> [(sorted(s.reads), sorted(s.assigns)) for s in read("a = b + c")]
    [(['b', 'c'], ['a'])]
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    statements: list[Statement] = []
    for node in tree.body:
        body = _cell_magic_body(node)
        statements += read(body) if body is not None else [_statement(node)]
    return statements


def names_read(statements: Iterable[Statement]) -> tuple[str, ...]:
    """The names that *statements* take from outside: read before they assign them.

    >>> names_read(read("x = clean[features]; model.fit(x)"))
    ('clean', 'features', 'model')
    """
    assigned: set[str] = set()
    taken: dict[str, None] = {}
    for statement in statements:
        taken.update(dict.fromkeys(sorted(statement.reads - assigned - _BUILTINS)))
        assigned |= statement.assigns
    return tuple(taken)


def _cell_magic_body(node: ast.stmt) -> str | None:
    """The body of ``%%time`` and its like, which IPython turns into one call with the body as its last word."""
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(attr="run_cell_magic"),
                args=[ast.Constant(value=magic), _, ast.Constant(value=str(body))],
            )
        ) if magic in ("time", "timeit", "capture", "prun"):
            return body
    return None


def _statement(node: ast.stmt) -> Statement:
    names = _Names()
    names.visit(node)
    reads, assigns, loads = map(frozenset, (names.reads, names.assigns, names.loads))
    return Statement(reads, assigns, loads, opaque=names.opaque, line=node.lineno)


class _Names(ast.NodeVisitor):
    """Collects names; what a function or comprehension binds for itself is left out."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.assigns: set[str] = set()
        self.local: list[set[str]] = []
        self.loads: set[str] = set()
        self.opaque = False

    def visit_Name(self, node: ast.Name) -> None:
        if any(node.id in scope for scope in self.local):
            return
        if isinstance(node.ctx, ast.Load):
            self.reads.add(node.id)
        elif not self.local:
            self.assigns.add(node.id)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.reads.add(node.target.id)
        self.generic_visit(node)

    def _changed_in_place(self, target: ast.expr) -> None:
        while isinstance(target, ast.Attribute | ast.Subscript | ast.Call):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name) and not self.local:
            self.reads.add(target.id)
            self.assigns.add(target.id)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self._changed_in_place(node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self._changed_in_place(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "load":
            first = node.args[0] if node.args else None
            text = first.value if isinstance(first, ast.Constant) else None
            self.loads.add(text.partition("@")[0] if isinstance(text, str) else "*")
        self.opaque = self.opaque or called in ("exec", "run_cell")
        if called == "run_line_magic" and len(node.args) == 2:
            self._line_magic(*node.args)
        in_place = any(
            k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value is True for k in node.keywords
        )
        if isinstance(node.func, ast.Attribute) and (in_place or called in _CHANGES_IN_PLACE):
            self._changed_in_place(node.func.value)
        self.generic_visit(node)

    def _line_magic(self, magic: ast.expr, line: ast.expr) -> None:
        if not (isinstance(magic, ast.Constant) and isinstance(line, ast.Constant)):
            return
        if magic.value == "run":
            self.opaque = True
        elif magic.value == "e2e" and str(line.value).split()[:1] == ["load"]:
            self.loads.add(next((w.partition("@")[0] for w in str(line.value).split()[1:] if w[0] != "-"), "*"))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.opaque = True
            self.assigns.add(alias.asname or alias.name)

    def visit_Import(self, node: ast.Import) -> None:
        self.assigns.update((alias.asname or alias.name).split(".")[0] for alias in node.names)

    def _scope(self, node: ast.AST, bound: set[str]) -> None:
        self.local.append(bound)
        self.generic_visit(node)
        self.local.pop()

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        inner = {one.arg for one in every}
        inner |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        declared = {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}
        self._scope(node, inner - declared)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if not self.local:
            self.assigns.add(node.name)
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        if not self.local:
            self.assigns.add(node.name)
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if not self.local:
            self.assigns.add(node.name)
        bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        self._scope(node, bound)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        bound = {n.id for part in node.generators for n in ast.walk(part.target) if isinstance(n, ast.Name)}
        self._scope(node, bound)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815
