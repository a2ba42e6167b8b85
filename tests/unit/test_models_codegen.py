"""The generated ``service.py``: readable, always the same text, and refused where no row could carry a column."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from e2e_lab.errors import ModelError
from e2e_lab.models.codegen import Plan, service_source
from e2e_lab.records import RequestColumn, RequestSchema

COLUMNS = (
    RequestColumn(name="month", type="int64", nullable=False, dtype="int64"),
    RequestColumn(name="dep_delay", type="double", nullable=True, dtype="float64"),
    RequestColumn(name="air time", type="float", nullable=True, dtype="float32"),
    RequestColumn(name="origin", type="string", nullable=False, dtype="category", categories=("EWR", "JFK", "LGA")),
    RequestColumn(
        name="tail",
        type="string",
        nullable=True,
        dtype="category",
        categories=tuple(f"N{i:05}" for i in range(40)),
        ordered=True,
    ),
    RequestColumn(name="time_hour", type="timestamp[us, tz=UTC]", nullable=False, dtype="datetime64[us, UTC]"),
)
PLAN = Plan(
    service="flight-delay",
    version=3,
    model="delay@v2",
    run_name="deeper",
    schema=RequestSchema(columns=COLUMNS, outputs=("proba_early", "proba_late")),
    predict="predict_proba",
    file="model/model.pkl",
    modules=True,
)


def with_column(**words: object) -> Plan:
    column = RequestColumn.from_json({"name": "x", "type": "int64", "nullable": False, "dtype": "int64"} | words)
    return replace(PLAN, schema=RequestSchema(columns=(column,)))


def test_the_generated_service_is_this_text() -> None:
    assert service_source(PLAN) == GOLDEN


def test_a_model_of_bare_arrays_gives_python_that_compiles_in_lines_that_fit() -> None:
    source = service_source(replace(PLAN, modules=False, array=True))
    ast.parse(source)
    assert max(map(len, source.splitlines())) <= 120
    assert "import sys" not in source
    assert "FRAME.of(rows).to_numpy()" in source


@pytest.mark.parametrize("name", ["class", "copy", "model_x", "2nd", "über strömt", 'a"b\\n', "_x", "ﬁ", "str", "日付"])
def test_any_column_name_becomes_a_field_that_keeps_the_name_outside(name: str) -> None:
    source = service_source(with_column(name=name))
    tree = ast.parse(source)
    row = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Row")
    field = next(node for node in row.body if isinstance(node, ast.AnnAssign))
    assert isinstance(field.target, ast.Name)
    if field.target.id != name:
        assert isinstance(field.value, ast.Call)
        alias = next(word.value for word in field.value.keywords if word.arg == "alias")
        assert ast.literal_eval(alias) == name


def test_names_that_end_alike_stay_apart() -> None:
    columns = tuple(
        RequestColumn(name=name, type="int64", nullable=False, dtype="int64") for name in ("a b", "a_b", "a-b")
    )
    source = service_source(replace(PLAN, schema=RequestSchema(columns=columns)))
    assert [f"    {field}: " in source for field in ("a_b", "a_b_", "a_b__")] == [True] * 3


def test_a_column_that_no_row_can_carry_is_named() -> None:
    with pytest.raises(ModelError, match="Column 'x' holds list<item: double> values"):
        service_source(with_column(type="list<item: double>"))


def test_a_run_name_cannot_break_out_of_the_text() -> None:
    tree = ast.parse(service_source(replace(PLAN, run_name='x"""\nimport smuggled\n"""{predict}')))
    assert "import smuggled" in (ast.get_docstring(tree) or "")


GOLDEN = '''\
"""flight-delay@v3 answers rows as the model delay@v2 does, which the run deeper made.

Written by e2e-lab; `bentoml serve flight-delay:v3` runs it as it is. e2e_rows.py checks values and makes
the frame, e2e_gate.py asks for the token and logs what was answered.
"""

import os
import sys
from pathlib import Path
from typing import Any, Literal

os.environ["OMP_NUM_THREADS"] = "1"  # one row at a time is quicker on one thread

import bentoml
import cloudpickle
import e2e_gate
import e2e_rows
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "code"))  # the modules that the model's classes come from
MODEL_FILE = "model/model.pkl"
MODEL = "delay@v2"
OUTPUTS = ("proba_early", "proba_late")


class Row(BaseModel):
    """One row, with the columns that the model was fitted on."""

    model_config = ConfigDict(extra="forbid", strict=True)

    month: e2e_rows.Int64
    dep_delay: e2e_rows.Float | None = None
    air_time: e2e_rows.Float | None = Field(None, alias="air time")
    origin: Literal["EWR", "JFK", "LGA"]
    tail: e2e_rows.one_of("tail", str) | None = None
    time_hour: e2e_rows.ZonedMoment


class Rows(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")

    rows: list[Row] = Field(min_length=1, max_length=e2e_gate.MOST_ROWS)


class Answer(BaseModel):
    """What is answered: one prediction a row, in order, and the id that leads back to its origin."""

    id: str
    model: str
    predictions: list[dict[str, Any]]


# The columns and dtypes of the frame that the model was fitted on.
FRAME = e2e_rows.Frame(
    Row,
    {
        "month": "int64",
        "dep_delay": "float64",
        "air time": "float32",
        "origin": pd.CategoricalDtype(["EWR", "JFK", "LGA"]),
        "tail": pd.CategoricalDtype(e2e_rows.categories("tail"), ordered=True),
        "time_hour": "datetime64[us, UTC]",
    },
)


@bentoml.service(name="flight-delay", traffic={"timeout": 60})
class FlightDelay:
    """Answers rows as delay@v2 does."""

    def __init__(self) -> None:
        with open(HERE / MODEL_FILE, "rb") as file:
            self.model = cloudpickle.load(file)

    @bentoml.api(input_spec=Rows)
    def predict(self, rows: list[Row]) -> Answer:
        """Answer each row."""
        request_id, raw = e2e_gate.ask(self.model.predict_proba, FRAME.of(rows))
        return Answer.model_construct(id=request_id, model=MODEL, predictions=e2e_rows.answers(raw, OUTPUTS))


FlightDelay.add_asgi_middleware(e2e_gate.Gate)
'''
