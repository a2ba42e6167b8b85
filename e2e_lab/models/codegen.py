"""Writes the ``service.py`` of a Bento: short, readable Python that says what a row is and who answers it. Pure."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from e2e_lab.errors import ModelError
from e2e_lab.records import RequestColumn, RequestSchema

GENERATOR = 1
"""Rises with every change of what is generated or shipped, so that an old package counts as another one."""

LINE = 120
RESERVED = ("service", "e2e_gate", "e2e_rows")

_KINDS = {
    **{f"int{bits}": f"e2e_rows.Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"e2e_rows.UInt{bits}" for bits in (8, 16, 32, 64)},
    **dict.fromkeys(("halffloat", "float", "double"), "e2e_rows.Float"),
    "bool": "bool",
    "string": "str",
}
_FAMILIES = {
    "date": "e2e_rows.Day",
    "time": "e2e_rows.Clock",
    "duration": "e2e_rows.Duration",
    "decimal": "e2e_rows.Exact",
    "binary": "e2e_rows.Binary",
    "fixed_size_binary": "e2e_rows.Binary",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a generated service depends on."""

    service: str
    version: int
    model: str
    run_name: str
    schema: RequestSchema
    predict: str = "predict"
    file: str
    """The model file, relative to the Bento's source folder."""
    array: bool = False
    """Whether the model was fitted on a bare array and gets one."""
    modules: bool = False
    """Whether the project's own modules travel in ``code/``."""


def service_source(plan: Plan) -> str:
    """The text of ``service.py``. Raises :class:`ModelError` naming a column that no JSON row could carry."""
    fields = _field_names([column.name for column in plan.schema.columns])
    rows = [_field(column, fields[column.name]) for column in plan.schema.columns]
    dtypes = [f"        {_quoted(column.name)}: {_dtype(column)}," for column in plan.schema.columns]
    body = "\n".join([*rows, *dtypes])
    return _TEMPLATE.format(
        service=plan.service,
        version=plan.version,
        model=plan.model,
        run_name=" ".join(plan.run_name.split()).replace("\\", "").replace('"', "'"),
        class_name=_class_name(plan.service),
        imports=_imports(plan, body),
        reach='\nsys.path.insert(0, str(HERE / "code"))  # the modules that the model\'s classes come from'
        if plan.modules
        else "",
        rows="\n".join(rows) or "    pass",
        dtypes="\n".join(dtypes),
        answer="dict[str, Any]" if len(plan.schema.outputs) > 1 else "Any",
        file=_quoted(plan.file),
        predict=plan.predict,
        frame="FRAME.of(rows).to_numpy()" if plan.array else "FRAME.of(rows)",
        outputs=_tuple(plan.schema.outputs),
    )


def _imports(plan: Plan, body: str) -> str:
    typing = ["Any", *(["Literal"] if "Literal[" in body else [])]
    third = sorted(
        [
            *("import bentoml", "import cloudpickle", "import e2e_gate", "import e2e_rows"),
            *(["import pandas as pd"] if "pd." in body else []),
        ],
        key=lambda line: line.split()[1],
    )
    first = ["import os", *(["import sys"] if plan.modules else []), "from pathlib import Path"]
    return "\n".join(
        [
            *first,
            f"from typing import {', '.join(typing)}",
            "",
            'os.environ["OMP_NUM_THREADS"] = "1"  # one row at a time is quicker on one thread',
            "",
            *third,
            "from pydantic import BaseModel, ConfigDict, Field",
        ]
    )


# ---- columns -------------------------------------------------------------------------------------------------


def _field(column: RequestColumn, field: str) -> str:
    kind = _kind(column)
    if column.categories is not None:
        literal = f"Literal[{', '.join(_quoted(value) for value in column.categories)}]"
        plain = bool(column.categories) and all(isinstance(value, str | int) for value in column.categories)
        fits = len(f"    {field}: {literal} | None = Field(None, alias={_quoted(column.name)})") <= LINE
        kind = literal if plain and fits else f"e2e_rows.one_of({_quoted(column.name)}, {kind})"
    if column.nullable:
        kind += " | None"
    if field != column.name:
        default = "None, " if column.nullable else ""
        return f"    {field}: {kind} = Field({default}alias={_quoted(column.name)})"
    return f"    {field}: {kind}" + (" = None" if column.nullable else "")


def _kind(column: RequestColumn) -> str:
    kind = column.type
    if kind in _KINDS:
        return _KINDS[kind]
    if kind.startswith("timestamp"):
        return "e2e_rows.ZonedMoment" if "tz=" in kind else "e2e_rows.Moment"
    family = re.match(r"[a-z_]+", kind)
    found = _FAMILIES.get(family.group() if family else "")
    if not found:
        raise ModelError(
            f"Column {column.name!r} holds {kind} values, which no JSON row can carry.",
            hint="fit the model on plain columns: numbers, text, times, categories",
        )
    return found


def _dtype(column: RequestColumn) -> str:
    if column.categories is None:
        return _quoted(column.dtype or "object")
    listed = f"[{', '.join(_quoted(value) for value in column.categories)}]"
    ordered = ", ordered=True" if column.ordered else ""
    line = f"        {_quoted(column.name)}: pd.CategoricalDtype({listed}{ordered}),"
    known = listed if len(line) <= LINE else f"e2e_rows.categories({_quoted(column.name)})"
    return f"pd.CategoricalDtype({known}{ordered})"


def _field_names(columns: Iterable[str]) -> dict[str, str]:
    """A Python name for each column: the column's own where it can be one.

    >>> _field_names(["month", "air time", "class", "model_year", "copy"])
    {'month': 'month', 'air time': 'air_time', 'class': 'class_', 'model_year': 'model_year_', 'copy': 'copy_'}
    """
    from pydantic import BaseModel

    taken: set[str] = set()
    names = {}
    for column in columns:
        name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", column)).strip("_")
        name = name if name.isidentifier() else f"c_{name}" if f"c_{name}".isidentifier() else "column"
        if keyword.iskeyword(name) or hasattr(BaseModel, name) or name.startswith("model_") or name in _OWN_NAMES:
            name += "_"
        while name in taken:
            name += "_"
        taken.add(name)
        names[column] = name
    return names


_OWN_NAMES = {"e2e_rows", "e2e_gate", "Literal", "Field", "Any", "pd", "str", "bool", "None"}


def _class_name(service: str) -> str:
    """
    >>> _class_name("flight-delay_v2"), _class_name("2013")
    ('FlightDelayV2', 'Service2013')
    """
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]", service))
    return f"Service{name}" if name[:1].isdigit() or name in ("Row", "Rows", "Answer", "Path", "Any", "Field") else name


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _tuple(values: Iterable[str]) -> str:
    quoted = [_quoted(value) for value in values]
    line = f"OUTPUTS = ({', '.join(quoted)}{',' if len(quoted) == 1 else ''})"
    if len(line) <= LINE:
        return line.removeprefix("OUTPUTS = ")
    return "(\n" + "".join(f"    {value},\n" for value in quoted) + ")"


_TEMPLATE = '''\
"""{service}@v{version} answers rows as the model {model} does, which the run {run_name} made.

Written by e2e-lab; `bentoml serve {service}:v{version}` runs it as it is. e2e_rows.py checks values and makes
the frame, e2e_gate.py asks for the token and logs what was answered.
"""

{imports}

HERE = Path(__file__).parent{reach}
MODEL_FILE = {file}
MODEL = "{model}"
OUTPUTS = {outputs}


class Row(BaseModel):
    """One row, with the columns that the model was fitted on."""

    model_config = ConfigDict(extra="forbid", strict=True)

{rows}


class Rows(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")

    rows: list[Row] = Field(min_length=1, max_length=e2e_gate.MOST_ROWS)


class Answer(BaseModel):
    """What is answered: one prediction a row, in order, and the id that leads back to its origin."""

    id: str
    model: str
    predictions: list[{answer}]


# The columns and dtypes of the frame that the model was fitted on.
FRAME = e2e_rows.Frame(
    Row,
    {{
{dtypes}
    }},
)


@bentoml.service(name="{service}", traffic={{"timeout": 60}})
class {class_name}:
    """Answers rows as {model} does."""

    def __init__(self) -> None:
        with open(HERE / MODEL_FILE, "rb") as file:
            self.model = cloudpickle.load(file)

    @bentoml.api(input_spec=Rows)
    def predict(self, rows: list[Row]) -> Answer:
        """Answer each row."""
        request_id, raw = e2e_gate.ask(self.model.{predict}, {frame})
        return Answer.model_construct(id=request_id, model=MODEL, predictions=e2e_rows.answers(raw, OUTPUTS))


{class_name}.add_asgi_middleware(e2e_gate.Gate)
'''
