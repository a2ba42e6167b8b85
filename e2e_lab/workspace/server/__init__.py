"""The server extension: JSON routes under ``e2e-lab/api``, each one call into a room.

The Jupyter server's process stays light: nothing that a route reaches may import pandas, pyarrow, mlflow or bentoml
(a test looks). Rooms work in a thread, so that kernels and other requests never wait for git or a slow disk; tables
are read by a worker of their own, long work is done by jobs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from e2e_lab.workspace.server.backend import Backend


def setup(app: ServerApp) -> Backend:
    """Add the routes to a Jupyter server."""
    from e2e_lab.workspace.server.backend import Backend
    from e2e_lab.workspace.server.description import DescriptionHandler
    from e2e_lab.workspace.server.handlers import RouteHandler
    from e2e_lab.workspace.server.routes import ROUTES
    from e2e_lab.workspace.server.stream import JobStream, ServiceStream

    backend = Backend(app)
    base = re.escape(url_path_join(app.web_app.settings["base_url"], "e2e-lab", "api"))
    by_address: dict[str, dict[str, object]] = {}
    for route in ROUTES:
        by_address.setdefault(route.pattern, {})[route.method] = route
    rules = [
        (f"{base}/{pattern}", RouteHandler, {"backend": backend, "routes": routes})
        for pattern, routes in by_address.items()
    ]
    rules.append((f"{base}/jobs/(?P<id>[^/]+)/stream", JobStream, {"backend": backend}))  # type: ignore[arg-type]
    rules.append((f"{base}/services/(?P<service>[^/]+)/stream", ServiceStream, {"backend": backend}))  # type: ignore[arg-type]
    rules.append((f"{base}/openapi.json", DescriptionHandler, {}))  # type: ignore[arg-type]
    app.web_app.add_handlers(".*$", rules)  # type: ignore[no-untyped-call]
    app.web_app.settings["e2e_lab"] = backend
    return backend
