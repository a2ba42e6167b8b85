"""Model Serving and Monitoring: packages as running services, what they answered, and where each answer came from."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e_lab.serving.calling import Endpoint
    from e2e_lab.serving.predictions import Prediction, find_prediction
    from e2e_lab.serving.running import endpoint, serve, services, stop
    from e2e_lab.serving.tracing import trace

__all__ = ["Endpoint", "Prediction", "endpoint", "find_prediction", "serve", "services", "stop", "trace"]

_WHERE = {
    "Endpoint": "calling", "Prediction": "predictions", "endpoint": "running", "find_prediction": "predictions",
    "serve": "running", "services": "running", "stop": "running", "trace": "tracing",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
