"""Values as bytes to hash: what a column holds, however it lies in memory.

Each part is fed recursively: how many values, which of them are there, then lengths, then the values or children. What
is fed does not depend on chunks, slice offsets, what lies under nulls, offset width (``string``, ``large_string``,
``string_view``), or the order in which a dictionary encodes its values. Numbers are fed little-endian as Arrow holds
them, with one canonicalisation: every NaN is the same NaN. ``-0.0`` and ``0.0`` differ, and so do NaN and null.

Numbers and text are not joined or copied as a whole: what has to be written anew, such as lengths in place of offsets,
is written a portion at a time, into memory that is still near when it is hashed.
"""

from e2e_lab.storage.values.feeding import decoded, feed_values, feeder, lying_feeder, rows_of, saying_feeder
from e2e_lab.storage.values.kinds import feed_said, feed_type, logical_type
from e2e_lab.storage.values.numbers import has_nan, missing_as_null
from e2e_lab.storage.values.texts import Feed, in_large_chunks

__all__ = [
    "Feed",
    "decoded",
    "feed_said",
    "feed_type",
    "feed_values",
    "feeder",
    "has_nan",
    "in_large_chunks",
    "logical_type",
    "lying_feeder",
    "missing_as_null",
    "rows_of",
    "saying_feeder",
]
