"""Frames in and out: any frame → :class:`Content`, and content → a frame of the kind that is asked for.

    kinds                                                      which kind a frame is, and who knows it
    pandas_frames  pandas_columns  pandas_objects              pandas: index and labels, columns, object columns
                   object_kinds    python_values               what object columns hold, and how it is spelled
    polars_frames  arrow_frames    plain_frames                the others; rows as dicts and structured arrays

What they become is in ``docs/types.md``, which the tests make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.storage.frames.kinds import as_stream, checked_kind, from_frame, relation, to_frame

__all__ = ["as_stream", "checked_kind", "from_frame", "relation", "to_frame"]

__getattr__ = lazily(__name__, dict.fromkeys(__all__, "kinds"))
