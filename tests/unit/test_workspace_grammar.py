"""One grammar for the magic, the shell, completion and help."""

from __future__ import annotations

import pytest

import e2e_lab
from e2e_lab.errors import UsageError
from e2e_lab.workspace import grammar
from e2e_lab.workspace.grammar import VERBS, completion_context, help_text, parse
from e2e_lab.workspace.verbs.doing import _VERBS


def test_every_verb_is_carried_out_has_help_an_example_and_a_python_twin() -> None:
    assert set(_VERBS) == {verb.name for verb in VERBS}
    for verb in VERBS:
        assert verb.examples, verb.name
        assert verb.summary in help_text()
        shown = help_text(verb)
        assert all(arg.help in shown for arg in verb.args)
        twin = verb.python.removeprefix("with ").removeprefix("e2e.").split("(")[0]
        assert twin in e2e_lab.__all__, verb.python


def test_every_example_of_the_help_parses() -> None:
    for verb in VERBS:
        for example in verb.examples:
            assert parse(example.lstrip("%").removeprefix("e2e ")).verb is verb


def test_no_words_are_status() -> None:
    assert parse("").verb.name == "status"
    assert parse(["--json"]).json


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("keep forest --model model --X housing rmse=final_rmse", "metrics", ["rmse=final_rmse"]),
        ("keep forest rmse=final_rmse --model model", "model", "model"),
        ("run -p depth=6 -p loss=squared_error", "params", ["depth=6", "loss=squared_error"]),
        ("run -pdepth=6", "params", ["depth=6"]),
        ("snapshot a b --stage=raw", "names", ["a", "b"]),
        ("snapshot clean --key day flight --as x", "key", ["day", "flight"]),
        ('commit -m "first clean data"', "message", "first clean data"),
        ("restore HEAD~1 flights weather", "names", ["flights", "weather"]),
        ("runs --sort -rmse", "sort", "-rmse"),
        ("load flights --sample 1_000", "sample", 1000),
    ],
)
def test_words_are_read(line: str, name: str, value: object) -> None:
    assert parse(line).values[name] == value


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("snapshto housing", "no verb 'snapshto'", "e2e snapshot"),
        ("snapshot", "snapshot needs VAR", "e2e snapshot"),
        ("snapshot x --sage raw", "no option --sage", "--stage"),
        ("snapshot x --stage rwa", "'rwa' is not one of raw, processed", "--stage raw"),
        ("load x --sample many", "whole number", "e2e load"),
        ("data now", "does not take 'now'", "e2e data"),
        ("commit -m 'unclosed", "no closing quotation", "close the quote"),
        ("serve delay --replace=yes", "takes no value", "e2e serve"),
        ("load x --into", "--into needs VAR", "e2e load"),
    ],
)
def test_wrong_words_say_what_is_wrong_and_what_to_type(line: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_parameters_are_python_literals_or_text() -> None:
    assert grammar.literals(["a=1", "b=[1, 2]", "c=hello", "d=None", "e=1e-3"]) == {
        "a": 1, "b": [1, 2], "c": "hello", "d": None, "e": 0.001,
    }  # fmt: skip
    with pytest.raises(UsageError, match="not NAME=VALUE"):
        grammar.literals(["no-equals"])


@pytest.mark.parametrize(
    ("typed", "kind", "words"),
    [
        ("", "verb", None),
        ("sn", "verb", ["snapshot"]),
        ("snapshot ", "variable", []),
        ("snapshot clean --as ", "dataset", []),
        ("load ", "dataset", []),
        ("snapshot clean --stage p", "", ["processed"]),
        ("register ", "run", []),
        ("stop ", "service", []),
        ("nonsense ", "", []),
    ],
)
def test_completion_knows_what_comes_next(typed: str, kind: str, words: list[str] | None) -> None:
    found = completion_context(typed)
    assert found[0] == kind
    if words is not None:
        assert found[1] == words
    else:
        assert found[1] == [verb.name for verb in VERBS]
