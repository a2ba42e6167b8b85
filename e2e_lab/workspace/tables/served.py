"""What the server asks of models and services that needs a table, a model or MLflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from e2e_lab import experiments, lineage, models, serving
from e2e_lab.lineage import Link
from e2e_lab.project import Project
from e2e_lab.records import ModelVersion, Record, Ref, Step
from e2e_lab.records.model_panels import Compared, ModelPage, RequestForm
from e2e_lab.records.panels import Graph, GraphEdge, GraphNode, NodeKind

Words = dict[str, Any]


def form(project: Project, words: Words) -> RequestForm:
    """What a packaged service wants in a row, with real rows; MLflow is loaded meanwhile, for the first trace."""
    found = models.request_form(project, models.find_package(project, Ref.parse(words["ref"])))
    if not experiments.is_remote(project):
        experiments.prewarm(project)
    return found


def compare(project: Project, words: Words) -> Compared:
    """Whether the kept model answers as its service did."""
    package = models.find_package(project, Ref.parse(words["ref"]))
    return models.compared(project, package, words["rows"], words["predictions"])


def registered(project: Project, _: Words) -> ModelPage:
    """The registered models that a tracking server knows."""
    found = models.registered(project)
    return ModelPage(items=found, total=len(found), limit=len(found), offset=0)


def alias(project: Project, words: Words) -> ModelVersion:
    """The version that has the alias now."""
    return models.set_alias(project, words["model"], words["version"], words["alias"])


def unalias(project: Project, words: Words) -> ModelVersion:
    """The version that had the alias."""
    return models.remove_alias(project, words["model"], words["alias"])


def trace(project: Project, words: Words) -> Graph:
    """The chain behind a prediction or anything else, as a graph."""
    return graph(*serving.chain(project, words["subject"]))


def graph(root: str, links: Mapping[str, Link], missing: tuple[str, ...] = ()) -> Graph:
    """The graph of *links* back from *root*; each edge leads to a greater depth, *root* has 0.

    >>> links = {"m": Link(kind="model", name="delay@v1", origins=("r", "gone")), "r": Link(kind="run", name="first")}
    >>> made = graph("m", links)
    >>> [(node.name, node.depth) for node in made.nodes], [(edge.source, edge.target) for edge in made.edges]
    ([('first', -1), ('delay@v1', 0)], [('r', 'm')])
    """
    known = {key: [origin for origin in link.origins if origin in links] for key, link in links.items()}
    far = lineage.distances(root, known.__getitem__, len(links))
    nodes = [_node(key, links[key], -depth) for key, depth in far.items()]
    edges = [
        GraphEdge(source=origin, target=key, inferred=False)
        for key in far
        for origin in links[key].origins
        if origin in far
    ]
    order = sorted(nodes, key=lambda node: (node.depth, node.name))
    return Graph(focus=root, nodes=tuple(order), edges=tuple(dict.fromkeys(edges)), missing=missing)


def _node(key: str, link: Link, depth: int) -> GraphNode:
    assert link.kind in get_args(NodeKind)
    said = Step(kind=link.kind, name=link.name, facts=dict(link.facts)).said()
    ref = link.name if link.kind == "snapshot" else None
    return GraphNode(id=key, kind=link.kind, name=link.name, detail=str(said), ref=ref, depth=depth)  # type: ignore[arg-type]


Asked = Callable[[Project, Words], Record]


def _without_version(ask: Asked) -> Callable[[Project, Any, Words, Callable[[], bool]], Record]:
    return lambda project, _, words, __: ask(project, words)


ANSWERS = {
    "form": _without_version(form), "compare": _without_version(compare), "trace": _without_version(trace),
    "models": _without_version(registered), "alias": _without_version(alias), "unalias": _without_version(unalias),
}  # fmt: skip
