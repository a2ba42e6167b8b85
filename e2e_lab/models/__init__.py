"""Registry, Packaging and Containers: runs become named model versions, and those become tested Bentos.

The only room that imports bentoml, in processes of their own, and only when something is built or run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.models.accepted import check_package, data_ids, find_package, packages
    from e2e_lab.models.asking import compared, request_form
    from e2e_lab.models.packaging import package
    from e2e_lab.models.process import Child, alive, end, start_bento
    from e2e_lab.models.registry import find_model, kept_of, model_versions, register, remove_alias, set_alias
    from e2e_lab.models.requests import post_rows, rows_of
    from e2e_lab.models.versions import registered

__all__ = [
    "Child",
    "alive",
    "check_package",
    "compared",
    "data_ids",
    "end",
    "find_model",
    "find_package",
    "kept_of",
    "model_versions",
    "package",
    "packages",
    "post_rows",
    "register",
    "registered",
    "remove_alias",
    "request_form",
    "rows_of",
    "set_alias",
    "start_bento",
]

_WHERE = {
    "Child": "process", "alive": "process", "check_package": "accepted", "data_ids": "accepted", "end": "process",
    "find_model": "registry",
    "find_package": "accepted", "kept_of": "registry", "model_versions": "registry", "package": "packaging",
    "packages": "accepted", "post_rows": "requests", "register": "registry", "rows_of": "requests",
    "start_bento": "process",
    "compared": "asking", "registered": "versions", "remove_alias": "registry", "request_form": "asking",
    "set_alias": "registry",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
