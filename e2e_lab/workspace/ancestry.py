"""The graph around one version of a dataset: what it came from, and what came of it (pure)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from e2e_lab.records import Parent, Snapshot, shape
from e2e_lab.records.panels import Graph, GraphEdge, GraphNode

MOST = 300
"""Nodes; a graph of more cannot be read."""

Event = tuple[str, int, str]


def graph(focus: Snapshot, every: Iterable[Snapshot]) -> Graph:
    """What *focus* came from, back to the sources, and what came of it, among *every* known version.

    A parent that is not known here is a node all the same. Edges go in the direction of the data; each leads to a
    greater depth.
    """
    versions = {_event(version): version for version in [*every, focus]}
    parents = {event: [_meant(p, versions) for p in version.parents] for event, version in versions.items()}
    children: dict[Event, list[Event]] = defaultdict(list)
    for event, found in parents.items():
        for parent in found:
            children[parent].append(event)
    here = _event(focus)
    up, down = _reached(here, parents), _reached(here, children)
    depths = {event: -far for event, far in up.items()} | down
    shown = set(sorted(depths, key=lambda event: abs(depths[event]))[:MOST])
    edges = tuple(
        GraphEdge(source=_key(_meant(parent, versions)), target=_key(event), inferred=parent.inferred is not None)
        for event in depths
        if event in shown and event in versions
        for parent in versions[event].parents
        if _meant(parent, versions) in shown
    )
    nodes = [_node(event, versions.get(event), depths[event]) for event in depths if event in shown]
    sources, read = _sources([versions[event] for event in depths if event in shown and event in versions], depths)
    unknown = sorted(f"{name}@v{number} is not known here" for name, number, _ in shown - versions.keys())
    left = len(depths) - len(shown)
    return Graph(
        focus=_key(here),
        nodes=tuple(sorted([*nodes, *sources], key=lambda node: (node.depth, node.name))),
        edges=tuple(dict.fromkeys((*edges, *read))),
        missing=(*unknown, *([f"{left:,} more are left out"] if left else [])),
    )


def _event(version: Snapshot) -> Event:
    return version.name, version.version, version.id


def _meant(parent: Parent, versions: Mapping[Event, Snapshot]) -> Event:
    """The known version that a parent means, found by its content where the dataset has another name now."""
    event = parent.name, parent.version, parent.id
    if event in versions:
        return event
    renamed = [known for known in versions if known[1:] == event[1:]]
    return renamed[0] if len(renamed) == 1 else event


def _reached(start: Event, steps: Mapping[Event, Sequence[Event]]) -> dict[Event, int]:
    """What can be reached from *start*, with the length of the longest way there."""
    far = {start: 0}
    waiting = deque([start])
    while waiting:
        event = waiting.popleft()
        for following in steps.get(event, ()):
            further = far[event] + 1
            if following != start and further > far.get(following, 0) and further <= len(steps) + 1:
                far[following] = further  # the limit ends a cycle, which only damaged records could hold
                waiting.append(following)
    return far


def _node(event: Event, version: Snapshot | None, depth: int) -> GraphNode:
    name, number, _ = event
    ref = f"{name}@v{number}"
    detail = f"{version.stage} · {shape(version.rows, len(version.columns))}" if version else "not known here"
    return GraphNode(
        id=_key(event), kind="snapshot", name=ref, detail=detail, ref=ref if version else None, depth=depth
    )


def _sources(
    versions: Iterable[Snapshot], depths: Mapping[Event, int]
) -> tuple[list[GraphNode], tuple[GraphEdge, ...]]:
    """The files and addresses that versions were read from, each once, before the first of its versions."""
    read: dict[str, list[Event]] = defaultdict(list)
    for version in versions:
        if version.source:
            read[version.source].append(_event(version))
    nodes = [
        GraphNode(
            id=f"source:{source}", kind="source", name=source.rstrip("/").rpartition("/")[2] or source, detail=source,
            ref=None, depth=min(depths[event] for event in events) - 1,
        )
        for source, events in read.items()
    ]  # fmt: skip
    edges = tuple(
        GraphEdge(source=f"source:{source}", target=_key(event), inferred=False)
        for source, events in read.items()
        for event in events
    )
    return nodes, edges


def _key(event: Event) -> str:
    name, number, content = event
    return f"snapshot:{name}@v{number}#{content[:12]}"
