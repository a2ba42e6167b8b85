"""The two sides of the border say the same: ``src/types.ts`` mirrors the records."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from e2e_lab.records import Initialised, Record, Room, Status

TYPES = (Path(__file__).parents[2] / "src" / "types.ts").read_text("utf-8")


@pytest.mark.parametrize("record", [Status, Room, Initialised])
def test_an_interface_has_the_fields_of_its_record(record: type[Record]) -> None:
    body = re.search(rf"interface I{record.__name__} {{(.*?)}}", TYPES, re.DOTALL)
    assert body is not None
    assert re.findall(r"(\w+): ", body[1]) == [field.name for field in dataclasses.fields(record)]


def test_a_room_has_one_of_the_states_that_have_a_sign() -> None:
    states = re.search(r"type RoomState = (.*?);", TYPES, re.DOTALL)
    assert states is not None
    assert set(re.findall(r"'([\w ]+)'", states[1])) == set(Status.SIGNS)
