"""What a model takes is read from the full X: types, categories, nulls, and the rows it is tried on again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from e2e_lab.errors import ModelError
from e2e_lab.experiments import baseline, proof, replay, rows, schema
from e2e_lab.records import DataUse, RequestSchema


def one(series: pd.Series):
    return schema.request_schema(pd.DataFrame({"c": series})).columns[0]


@pytest.mark.parametrize(
    ("series", "kind", "nullable"),
    [
        (pd.Series([1, 2]), "int64", False),
        (pd.Series([1, None], dtype="Int64"), "int64", True),
        (pd.Series([1.5, np.nan]), "double", True),
        (pd.Series(["a", "b"]), "string", False),
        (pd.Series(["a", None], dtype=object), "string", True),
        (pd.Series([True, False]), "bool", False),
        (
            pd.Series(pd.to_datetime(["2026-01-01"], utc=True)).astype("datetime64[ns, UTC]"),
            "timestamp[ns, tz=UTC]",
            False,
        ),
        (pd.Series([None, None], dtype=object), "string", True),
    ],
)
def test_types_and_nulls_are_those_of_the_whole_column(series: pd.Series, kind: str, nullable: bool) -> None:
    column = one(series)
    assert (column.type, column.nullable) == (kind, nullable)


def test_a_null_far_below_the_head_makes_the_column_nullable() -> None:
    assert one(pd.Series([1.0] * 50_000 + [np.nan])).nullable


def test_a_column_the_model_tolerates_missing_is_nullable() -> None:
    made = schema.request_schema(pd.DataFrame({"c": [1.0], "d": [1.0]}))
    assert [column.nullable for column in schema.tolerant(made, {"c"}).columns] == [True, False]


def test_categories_come_with_their_order_and_value_type() -> None:
    column = one(pd.Series(pd.Categorical([3, 1], categories=[1, 2, 3], ordered=True)))
    assert (column.type, column.categories, column.ordered) == ("int64", (1, 2, 3), True)


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (pd.DataFrame([[1, 2]]), "no names"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a'"),
        (pd.DataFrame({"mixed": [1, "x"]}), "'mixed'"),
        (pd.DataFrame({"bins": pd.cut(pd.Series([1, 2]), 2)}), "'bins'"),
    ],
)
def test_a_column_no_row_could_carry_is_refused_by_name(frame: pd.DataFrame, word: str) -> None:
    with pytest.raises(ModelError, match=word) as caught:
        schema.request_schema(frame)
    assert caught.value.hint


def test_the_schema_goes_to_json_and_back() -> None:
    made = schema.request_schema(pd.DataFrame({"a": pd.Categorical(["x", None]), "b": [1, 2]}))
    assert RequestSchema.from_json(made.to_json()) == made


def test_replay_rows_hold_nulls_extremes_and_each_category() -> None:
    frame = pd.DataFrame({"x": np.arange(10_000.0), "c": pd.Categorical(["a"] * 9_000 + ["b"] * 1_000)})
    frame.loc[7_777, "x"] = np.nan
    chosen = replay.choose(frame)
    assert len(chosen) == replay.ROWS
    assert {0, 7_777, 9_999, 9_000} <= set(chosen.tolist())
    assert chosen.tolist() == replay.choose(frame).tolist()


def test_rows_come_back_as_the_model_was_fitted_on_them(tmp_path) -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "cat": pd.Categorical([3, 1], categories=[1, 3]),
            "obj": pd.Series(["x", None], dtype=object),
            "when": pd.to_datetime(["2026-01-01", "2026-02-01"], utc=True),
            "maybe": pd.array([True, None], dtype="boolean"),
        }
    )
    frame.to_parquet(tmp_path / "f.parquet")
    told = schema.request_schema(frame).to_json()
    back = proof.as_fitted(pd.read_parquet(tmp_path / "f.parquet"), told, {"obj": "none"})
    pd.testing.assert_frame_equal(back, frame, check_column_type=False)
    assert back["obj"][1] is None


def test_answers_name_the_classes() -> None:
    class Sure:
        classes_ = np.array(["late", "on time"])

        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            return np.array([[0.25, 0.75]] * len(frame))

    assert proof.answers(Sure(), pd.DataFrame({"x": [1]}), "predict_proba") == (
        ("proba_late", "proba_on time"),
        [{"proba_late": 0.25, "proba_on time": 0.75}],
    )


def test_answers_of_another_length_are_refused() -> None:
    class Short:
        def predict(self, frame: pd.DataFrame) -> list[float]:
            return [1.0]

    with pytest.raises(ValueError, match="2 rows"):
        proof.answers(Short(), pd.DataFrame({"x": [1, 2]}), "predict")


def test_the_fingerprint_changes_with_the_answers_and_the_schema() -> None:
    one_schema = RequestSchema(columns=())
    first = replay.fingerprint(one_schema, "predict", "Ridge", [1.0], [1.0, 2.0])
    assert first == replay.fingerprint(one_schema, "predict", "Ridge", [1.0], [1.0, 2.0])
    assert first != replay.fingerprint(one_schema, "predict", "Ridge", [1.0000000001], [1.0, 2.0])
    assert first != replay.fingerprint(one_schema, "predict", "Ridge", [1.0], [1.0, 2.5])
    assert first != replay.fingerprint(RequestSchema(columns=(), outputs=("p",)), "predict", "Ridge", [1.0], [1.0, 2.0])


def test_the_baseline_is_valid_json_for_every_kind_of_column() -> None:
    import json

    frame = pd.DataFrame(
        {
            "empty": [np.nan] * 3, "n": [1, 2, 3], "c": pd.Categorical(["a", "a", None]), "b": [True, False, True],
            "t": pd.to_datetime(["2026-01-01", "2026-01-02", None]), "l": [[1], [2], [3]],
        }
    )  # fmt: skip
    told = json.loads(json.dumps(baseline.baseline(frame), allow_nan=False))
    assert told["columns"]["n"]["quantiles"][10] == 2.0
    assert told["columns"]["t"]["kind"] == "time"
    assert told["columns"]["c"]["nulls"] == pytest.approx(1 / 3)


USE = DataUse(name="flights", version=1, id="ab" * 16)


def test_filtered_rows_are_found_again_by_their_index() -> None:
    snapshot = pd.DataFrame({"a": range(1000), "b": ["x", "y"] * 500, "delay": 0.0})
    train = snapshot[snapshot["b"] == "y"].sample(100, random_state=1).drop(columns="delay")
    found = rows.match(train, [(USE, snapshot)])
    assert found is not None
    assert found.rows.tolist() == train.index.tolist()


def test_rows_whose_index_was_reset_are_found_by_their_values() -> None:
    snapshot = pd.DataFrame({"a": range(1000), "b": [1.5, None] * 500})
    train = snapshot.iloc[::3].sample(frac=1, random_state=1).reset_index(drop=True)
    found = rows.match(train, [(USE, snapshot)])
    assert found is not None
    assert found.count == len(train)
    assert snapshot.iloc[found.rows]["a"].tolist() == train["a"].tolist()


def test_equal_rows_are_each_taken_once() -> None:
    snapshot = pd.DataFrame({"a": [7, 7, 8]})
    found = rows.match(pd.DataFrame({"a": [7, 7]}, index=[50, 51]), [(USE, snapshot)])
    assert found is not None
    assert sorted(found.rows.tolist()) == [0, 1]


def test_rows_of_something_else_are_not_matched() -> None:
    assert rows.match(pd.DataFrame({"a": [-1, -2]}), [(USE, pd.DataFrame({"a": [1, 2]}))]) is None
    assert rows.match(pd.DataFrame({"z": [1, 2]}), [(USE, pd.DataFrame({"a": [1, 2]}))]) is None


def test_the_snapshot_with_most_rows_wins() -> None:
    other = DataUse(name="raw", version=1, id="cd" * 16)
    frame = pd.DataFrame({"a": range(10)})
    found = rows.match(frame.set_index(frame.index + 5), [(other, frame.head(6)), (USE, frame)])
    assert found is not None
    assert found.use == USE
