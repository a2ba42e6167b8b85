"""Model Serving and Monitoring: packages as running services, what they answered, and where each answer came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.serving.calling import Endpoint
    from e2e_lab.serving.predictions import Prediction, find_prediction
    from e2e_lab.serving.running import endpoint, serve, services, stop
    from e2e_lab.serving.tracing import chain, trace
    from e2e_lab.serving.usage import answers, log, part, recent, since_start, traffic

__all__ = [
    "Endpoint",
    "Prediction",
    "answers",
    "chain",
    "endpoint",
    "find_prediction",
    "log",
    "part",
    "recent",
    "serve",
    "services",
    "since_start",
    "stop",
    "trace",
    "traffic",
]

_WHERE = {
    "Endpoint": "calling", "Prediction": "predictions", "answers": "usage", "chain": "tracing",
    "endpoint": "running", "find_prediction": "predictions",
    "log": "usage", "part": "usage", "recent": "usage", "since_start": "usage", "serve": "running",
    "services": "running", "stop": "running", "trace": "tracing", "traffic": "usage",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
