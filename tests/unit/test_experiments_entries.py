"""What may be logged is checked where it is given."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pytest

from e2e_lab.errors import UsageError
from e2e_lab.experiments import entries, owners
from e2e_lab.records import DataUse, Pin, Trail


@pytest.mark.parametrize("name", ["", "a//b", "/a", "../a", "a/../b", ".", "é*", "a\nb", "x" * 251, 3, None])
def test_a_bad_metric_name_is_refused_with_a_good_one(name: object) -> None:
    with pytest.raises(UsageError) as caught:
        entries.entry_name(name, "metric")
    assert "e2e.log_metric" in caught.value.hint


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float32("-inf"), "many", None, [1, 2], np.array([1, 2])]
)
def test_what_is_no_finite_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(UsageError, match="rmse"):
        entries.metric_value("rmse", value)


@pytest.mark.parametrize("value", [1, True, 1.5, np.float64(1), np.array(2), Decimal("1.5")])
def test_anything_that_is_a_number_is_one(value: object) -> None:
    assert isinstance(entries.metric_value("rmse", value), float)


def test_steps_are_whole_numbers() -> None:
    assert entries.metric_step(np.int64(3)) == 3
    with pytest.raises(UsageError):
        entries.metric_step(1.5)
    with pytest.raises(UsageError):
        entries.metric_step("last")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 300, None])
def test_a_run_needs_a_name_of_one_line(name: object) -> None:
    with pytest.raises(UsageError):
        entries.run_name(name)


def test_many_uses_fit_into_tags_and_come_back() -> None:
    uses = tuple(DataUse(name=f"täble{i}", version=i, id=f"{i:032x}", role="output") for i in range(500))
    tags = entries.data_tags(uses)
    assert all(len(value) <= entries.TAG_LENGTH for value in tags.values())
    assert entries.read_data(tags) == uses


def test_a_foreign_data_tag_counts_as_none() -> None:
    assert entries.read_data({"e2e.data": "not json", "e2e.data.2": "[1]"}) == ()


def test_pin_and_origin_come_back_from_tags() -> None:
    pin = Pin(commit="a" * 40, ref="refs/e2e/runs/x", environment="b" * 64)
    tags = entries.run_tags("me", pin, Trail(notebook="a.ipynb", cell="c1"))
    assert entries.read_pin(tags) == pin
    assert entries.read_origin(tags).cell == "c1"
    assert entries.read_pin({}) is None


def test_a_long_traceback_keeps_its_end() -> None:
    assert entries.error_tag("x" * 20_000 + "ValueError: the reason").endswith("ValueError: the reason")


def test_a_process_that_ended_is_known_to_be_dead() -> None:
    code = "from e2e_lab.experiments import owners; print(owners.me())"
    owner = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert owners.dead(owner)
    assert not owners.dead(owners.me())


def test_the_room_imports_nothing_heavy() -> None:
    code = (
        "import sys; from e2e_lab import experiments; experiments.overview; experiments.start; experiments.runs;"
        "experiments.kept_model; experiments.keep;"
        "print({'mlflow','pandas','numpy','sklearn','pyarrow','sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
