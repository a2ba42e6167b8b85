"""How records show themselves: as a card in a page, as text in a terminal of any width."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pandas as pd
import pytest

from e2e_lab.records import (
    Commit,
    DatasetChange,
    History,
    Run,
    Service,
    Snapshot,
    Step,
    Trace,
    View,
    settings,
)
from e2e_lab.workspace.showing import cards, runs
from e2e_lab.workspace.showing.runs import RunTable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PIPELINE = {f"columntransformer__pipeline-{i}__simpleimputer__strategy_{i}": "mean" for i in range(30)}


class Page(HTMLParser):
    """The elements of a page, its tooltips, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.tooltips: list[str] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.tooltips += [value for name, value in attrs if name == "title" and value]

    def handle_data(self, data: str) -> None:
        self.words += data


def run(**other: object) -> Run:
    facts: dict[str, object] = {
        "id": "0" * 32, "name": "deeper", "status": "finished", "start": NOW, "end": NOW + timedelta(seconds=5.4),
    }  # fmt: skip
    return Run(**(facts | other))  # type: ignore[arg-type]


def table(*names: str, status: str = "finished", metrics: int = 1, params: dict[str, str] | None = None) -> RunTable:
    made = [f"metric_{i}" for i in range(metrics)]
    given = params or {}
    rows = [
        {"run": name, "status": status, "started": NOW, "seconds": 1.25, **dict.fromkeys(made, 0.5), **given,
         "data": "flights@v1", "id": f"{i:032x}"}
        for i, name in enumerate(names)
    ]  # fmt: skip
    return RunTable.of(rows, ["run", "status", "started", "seconds", *made, *given, "data", "id"], metrics=made)


def test_a_card_is_plain_elements_and_nothing_in_it_is_markup() -> None:
    view = View(
        f"{EVIL} · {EVIL}", facts=((EVIL, EVIL), ("params", settings({"a": EVIL}))), header=(EVIL,), rows=((EVIL,),),
        notes=(EVIL,), undo=EVIL,
    )  # fmt: skip
    page = Page(cards.html(view))
    assert page.tags <= {"div", "span", "strong", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.attributes <= {"class", "style", "title"}
    assert page.words.count(EVIL) == 8


def test_the_parameters_of_a_pipeline_are_short_and_whole_on_hover() -> None:
    page = Page(cards.card(run(params=PIPELINE)))
    assert "strategy_0=mean" in page.words
    assert "30 in all" in page.words
    assert "columntransformer" not in page.words
    assert "columntransformer__pipeline-29__simpleimputer__strategy_29=mean" in page.tooltips[0]


def test_a_time_in_a_saved_page_does_not_age_and_in_a_terminal_says_how_long_ago() -> None:
    made = datetime.now(UTC) - timedelta(hours=2)
    log = History(items=(Commit(id="4c2d9e1" + "0" * 33, message="weather joined", author="Ada", time=made),))
    assert "2 h ago" in str(log)
    page = Page(cards.card(log))
    assert "ago" not in page.words
    assert f"{made.astimezone():%Y-%m-%d %H:%M}" in page.words
    assert "4c2d9e1" + "0" * 33 in page.tooltips


def test_a_snapshot_of_what_was_saved_already_is_one_line() -> None:
    same = Snapshot(name="flights", stage="raw", id="a" * 32, version=1, rows=3, schema=(), time=NOW, changed=False)
    assert str(same).splitlines() == ["flights@v1 · raw · 3 × 0 · unchanged"]


def test_forty_metrics_do_not_fill_the_page() -> None:
    shown = str(run(metrics={f"metric_{i}": float(i) for i in range(40)}))
    assert "… 28 more" in shown
    assert len(shown) < 400


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_longer_than_the_terminal_is_wide(width: int) -> None:
    name = "a_dataset_with_a_name_as_long_as_names_may_be_and_not_a_bit_less"[:63]
    change = DatasetChange(name=name, before=1, after=2)
    steps = tuple(
        Step(kind="snapshot", name=f"{name}@v{i}", facts={"shape": "1 × 2", "id": "0" * 12, "made in": "a.ipynb c"},
             depth=i)
        for i in range(5)
    )  # fmt: skip
    message = "a message that goes on, as messages do where nobody stops them, · and on"
    views = [
        History(items=(Commit(id="0" * 40, message=message, author="Ada", time=NOW, datasets=(change,)),)).view(),
        Trace(subject="delay", steps=steps, missing=(f"snapshot {name}@v9: it exists only where it was made",)).view(),
        run(params=PIPELINE, metrics={f"m{i}": i / 7 for i in range(20)}).view(),
        table("deeper", status="failed", params=PIPELINE, metrics=2).view(),
    ]
    for view in views:
        assert view is not None
        assert max(map(len, view.text(width).splitlines())) <= width


def test_text_for_a_pipe_is_whole() -> None:
    long = "x" * 500
    assert long in View("t", header=("a", "b"), rows=((long, long),)).text()


def test_a_trace_reads_as_a_tree() -> None:
    steps = (
        Step(kind="service", name="delay@v1", facts={"replay": "2 stored rows answered equal to the model"}),
        Step(kind="run", name="deeper", depth=1, facts={"ref": "refs/e2e/runs/1", "status": "finished"}),
        Step(kind="snapshot", name="flights@v1", depth=2, facts={"at": "2026-11-22T12:00:00+00:00"}),
    )  # fmt: skip
    lines = str(Trace(subject="delay", steps=steps)).splitlines()
    assert [line[:24].rstrip() for line in lines[1:]] == [
        "  service delay@v1", "  └ run deeper", "    └ snapshot flights@v"
    ]  # fmt: skip
    assert "refs/e2e" not in "".join(lines)
    assert "ref: refs/e2e/runs/1" in "".join(Page(cards.card(Trace(subject="delay", steps=steps))).tooltips)


def test_runs_are_an_ordinary_table_that_shows_itself_briefly() -> None:
    runs = table("baseline", "deeper", params={"ridge__alpha": "1.0"})
    assert isinstance(runs, pd.DataFrame)
    assert runs.loc[0, "ridge__alpha"] == "1.0"
    shown = repr(runs.sort_values("metric_0").query("metric_0 < 1"))
    assert shown.startswith("2 runs · all finished")
    assert "alpha=1.0" in shown
    assert "0" * 8 not in shown  # the names tell them apart
    assert "00000000" in repr(table("same", "same"))
    assert "failed" in repr(table("a", status="failed"))
    assert repr(runs[["run", "metric_0"]]) == repr(pd.DataFrame({"run": ["baseline", "deeper"], "metric_0": 0.5}))
    assert "No runs yet." in repr(table())


def test_a_metric_or_parameter_called_as_another_column_has_one_of_its_own() -> None:
    made = runs.run_table([run(metrics={"seconds": 2.5, "rmse": 0.5}, params={"rmse": "x", "id": "y", "depth": "6"})])
    columns = ["metric.seconds", "rmse", "param.rmse", "param.id", "depth"]
    assert list(made) == ["run", "status", "started", "seconds", *columns, "data", "id"]
    assert made.loc[0, columns].tolist() == [2.5, 0.5, "x", "y", "6"]
    assert made.loc[0, ["seconds", "id"]].tolist() == [5.4, "0" * 32]
    assert "metric.seconds" in repr(made)


def test_hundreds_of_runs_and_metrics_stay_a_small_card() -> None:
    html = table(*(f"run_{i}" for i in range(500)), metrics=40)._repr_html_() or ""
    words = Page(html).words
    assert "and 450 more" in words
    assert "and 34 more metrics" in words


def test_what_is_to_be_typed_has_the_magics_percent_sign() -> None:
    service = Service(
        name="delay", version=1, model="delay", model_version=1, url="http://127.0.0.1:9", pid=1, started=0.0,
        state="running", since=NOW, log="l",
    )  # fmt: skip
    assert "%" not in Page(cards.card(service)).words
    made = Snapshot(name="flights", stage="raw", id="a", version=1, rows=1, schema=(), time=NOW)
    assert "%e2e remove flights" in Page(cards.card(made)).words
    assert "undo: e2e remove flights" in str(made)
