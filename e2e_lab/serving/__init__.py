"""Model Serving and Monitoring: packages as running services, what they answered, and where each answer came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

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

__getattr__ = lazily(__name__, _WHERE)
