"""The two sides of the border say the same: ``src/types.ts`` is made from the records."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path

import pytest

from e2e_lab.records import Record, Status
from e2e_lab.records.jobs import Job
from e2e_lab.records.kernels import Frame, KernelHello
from e2e_lab.records.model_panels import RegisteredVersion, RequestForm, ServiceEntry
from e2e_lab.records.panels import DatasetEntry, Rows, ServerStatus, VersionEntry
from e2e_lab.records.standing import RoomState

TYPES = (Path(__file__).parents[2] / "src" / "types.ts").read_text("utf-8")


@pytest.mark.parametrize(
    "record",
    [
        ServerStatus,
        DatasetEntry,
        VersionEntry,
        Rows,
        Job,
        Frame,
        KernelHello,
        RegisteredVersion,
        ServiceEntry,
        RequestForm,
    ],
)
def test_an_interface_has_the_fields_of_its_record(record: type[Record]) -> None:
    name = "Status" if record is ServerStatus else record.__name__
    body = re.search(rf"interface I{name} {{(.*?)}}", TYPES, re.DOTALL)
    assert body is not None
    assert re.findall(r"^  (\w+)\??:", body[1], re.MULTILINE) == [field.name for field in dataclasses.fields(record)]


def test_a_room_has_one_of_the_states_that_have_a_sign() -> None:
    assert set(typing.get_args(RoomState)) == set(Status.SIGNS)
    states = re.search(r"type RoomState = (.*?);", TYPES, re.DOTALL)
    assert states is not None
    assert set(re.findall(r"'([\w ]+)'", states[1])) == set(Status.SIGNS)
