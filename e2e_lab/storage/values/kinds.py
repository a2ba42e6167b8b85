"""What kind of values a column has: the name of a type, without what is encoding only."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

EXTENSION = (b"ARROW:extension:name", b"ARROW:extension:metadata")


def logical_type(kind: pa.DataType) -> str:
    """Arrow's name for a type, without what is encoding only (the width of offsets, views).

    >>> logical_type(pa.large_string()), logical_type(pa.dictionary(pa.int8(), pa.string_view()))
    ('string', 'dictionary<int8,string,ordered=False>')
    """
    if pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind):
        return "string"
    if pat.is_binary(kind) or pat.is_large_binary(kind) or pat.is_binary_view(kind):
        return "binary"
    if pat.is_dictionary(kind):
        return f"dictionary<{kind.index_type},{logical_type(kind.value_type)},ordered={bool(kind.ordered)}>"
    if pat.is_fixed_size_list(kind):
        return f"list[{kind.list_size}]<{_child(kind.value_field)}>"
    if is_list(kind):
        return f"list<{_child(kind.value_field)}>"
    if pat.is_map(kind):
        return f"map<{logical_type(kind.key_type)},{_child(kind.item_field)},sorted={bool(kind.keys_sorted)}>"
    if pat.is_struct(kind):
        return "struct<" + ",".join(f"{json.dumps(f.name)}:{_child(f)}" for f in kind) + ">"
    if isinstance(kind, pa.BaseExtensionType):
        return f"extension<{kind.extension_name},{logical_type(kind.storage_type)},{kind}{_parameters(kind)}>"
    return str(kind)


def _parameters(kind: pa.BaseExtensionType) -> str:
    """What an extension type says of itself beside its name, where it says anything."""
    said = kind.__arrow_ext_serialize__() if hasattr(kind, "__arrow_ext_serialize__") else b""
    return f",{json.dumps(said.decode('latin-1'))}" if said else ""


def is_list(kind: pa.DataType) -> bool:
    return bool(pat.is_list(kind) or pat.is_large_list(kind) or pat.is_list_view(kind) or pat.is_large_list_view(kind))


def _child(child: pa.Field) -> str:
    unknown = [(child.metadata or {}).get(key, b"").decode("latin-1") for key in EXTENSION]
    said = json.dumps(unknown) if any(unknown) else ""
    return logical_type(child.type) + said + ("?" if child.nullable else "")


def feed_type(digest: Any, said: pa.Field) -> None:
    """Feed what values there may be: type, the extension that this Arrow has not registered, nullability."""
    known = said.metadata or {}
    name, parameters = (known.get(key, b"") for key in EXTENSION)
    words = [logical_type(said.type).encode(), name, *([parameters] if parameters else [])]
    digest.update(b"".join(map(_with_length, [*words, b"1" if said.nullable else b"0"])))


def feed_said(digest: Any, content: bytes) -> None:
    """Feed some bytes with their number in front."""
    digest.update(_with_length(content))


def _with_length(content: bytes) -> bytes:
    return len(content).to_bytes(8, "little") + content


def has_offsets(kind: pa.DataType) -> bool:
    """Whether it is text or bytes of which offsets say where each lies."""
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or pat.is_binary(kind) or pat.is_large_binary(kind))


def is_of_one_width(kind: pa.DataType) -> bool:
    """Whether all its values take as many bits, and lie one after the other."""
    return bool(pat.is_primitive(kind) or pat.is_decimal(kind) or pat.is_fixed_size_binary(kind))
