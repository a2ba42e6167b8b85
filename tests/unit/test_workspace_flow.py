"""From a variable back to the snapshots it was made from."""

from __future__ import annotations

import pytest

from e2e_lab.records import Parent
from e2e_lab.workspace.session.flow import Flow, names_read, read

FLIGHTS = Parent(name="flights", version=1, id="f1")
WEATHER = Parent(name="weather", version=2, id="w2")


@pytest.fixture
def flow() -> Flow:
    """Both snapshots loaded, each by a cell of its own."""
    flow = Flow()
    flow.ran(read("import pandas as pd"))
    flow.ran(read("flights = e2e.load('flights')"))
    flow.loaded(FLIGHTS)
    flow.ran(read("weather = pd.read_csv('weather.csv')"))
    flow.tied("weather", WEATHER)
    return flow


def parents(flow: Flow, *names: str) -> list[str]:
    return [str(parent) for parent in flow.parents(*names)[0]]


def test_a_join_has_both_tables_as_parents(flow: Flow) -> None:
    flow.ran(read("joined = flights.merge(weather, on='hour')"))
    assert parents(flow, "joined") == ["flights@v1", "weather@v2"]


def test_a_table_that_was_only_looked_at_is_no_parent(flow: Flow) -> None:
    flow.ran(read("print(weather.head())\nclean = flights.dropna()"))
    assert parents(flow, "clean") == ["flights@v1"]


def test_parents_come_through_functions_and_their_globals(flow: Flow) -> None:
    flow.ran(read("def make(n):\n    rows = flights.head(n)\n    return rows"))
    flow.ran(read("sample = make(10)"))
    assert parents(flow, "sample") == ["flights@v1"]


@pytest.mark.parametrize(
    "change",
    [
        "table['temp'] = weather['temp']",
        "table.temp = weather.temp",
        "table += weather.temp",
        "table.insert(0, 'temp', weather.temp)",
        "table.update(weather)",
        "table.loc[0, 'temp'] = weather.temp[0]",
    ],
)
def test_a_change_in_place_adds_a_parent(flow: Flow, change: str) -> None:
    flow.ran(read("table = flights.copy()"))
    flow.ran(read(change))
    assert parents(flow, "table") == ["flights@v1", "weather@v2"]


def test_an_assignment_forgets_what_the_name_held_before(flow: Flow) -> None:
    flow.ran(read("x = flights"))
    flow.ran(read("x = weather"))
    assert parents(flow, "x") == ["weather@v2"]


def test_a_saved_variable_is_the_parent_of_what_follows(flow: Flow) -> None:
    flow.ran(read("clean = flights.dropna()"))
    flow.tied("clean", Parent(name="flights_clean", version=1, id="c1"))
    flow.ran(read("features = clean[['hour']]"))
    assert parents(flow, "features") == ["flights_clean@v1"]


def test_names_bound_inside_comprehensions_and_lambdas_are_not_the_notebooks(flow: Flow) -> None:
    flow.ran(read("out = [weather for weather in range(3)]; pick = lambda flights: flights + 1"))
    assert parents(flow, "out", "pick") == []


def test_what_exec_may_have_assigned_is_not_certain(flow: Flow) -> None:
    flow.ran(read("exec('mystery = 1')"))
    assert flow.parents("mystery") == ((), False)
    flow.ran(read("answer = 42"))
    assert flow.parents("answer") == ((), True)


def test_source_that_does_not_parse_is_no_statement() -> None:
    assert read("%this is not python") == []


def test_the_body_of_a_timed_cell_counts() -> None:
    (statement,) = read("get_ipython().run_cell_magic('time', '', 'a = b\\n')")
    assert statement.assigns == {"a"}


def test_names_read_leaves_out_what_the_cell_makes_itself() -> None:
    assert names_read(read("x = clean\nmodel.fit(x)\nprint(len(x))")) == ("clean", "model")


def test_two_loads_in_one_cell_are_told_apart() -> None:
    flow = Flow()
    flow.ran(read("a = e2e.load('flights@v1')\nb = e2e.load('weather')\nc = e2e.load(f'{name}')"))
    flow.loaded(FLIGHTS)
    flow.loaded(WEATHER)
    assert parents(flow, "a") == ["flights@v1"]
    assert parents(flow, "b") == ["weather@v2"]
    assert parents(flow, "c") == ["flights@v1", "weather@v2"]
