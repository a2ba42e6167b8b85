"""The states of the random number generators, as JSON: what a run starts from."""

from __future__ import annotations

import base64
import random
import sys
from typing import Any


def generator_states() -> dict[str, Any]:
    """The state of Python's generator, and of NumPy's global one and torch's where these are loaded.

    ``python``: what :func:`random.getstate` gives, as lists. ``numpy``: ``numpy.random.get_state(legacy=False)``.
    ``torch``: ``torch.get_rng_state()`` as base64. A generator that a library or the user made for itself
    (``default_rng``, ``random_state=0``) is in the code, and not here.

    >>> random.seed(1)
    >>> before, number = generator_states(), random.random()
    >>> version, numbers, gauss = before["python"]
    >>> random.setstate((version, tuple(numbers), gauss))
    >>> random.random() == number
    True
    """
    version, numbers, gauss = random.getstate()
    found: dict[str, Any] = {"python": [version, list(numbers), gauss]}
    numpy: Any = sys.modules.get("numpy.random")
    if hasattr(numpy, "get_state"):
        state = numpy.get_state(legacy=False)
        key = state["state"] | {"key": state["state"]["key"].tolist()} if "key" in state["state"] else state["state"]
        found["numpy"] = state | {"state": key}
    torch: Any = sys.modules.get("torch")
    if hasattr(torch, "get_rng_state"):
        found["torch"] = base64.b64encode(bytes(torch.get_rng_state().tolist())).decode()
    return found
