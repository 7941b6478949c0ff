"""Git sources of the management cluster `prod`, read or not."""

from __future__ import annotations

from typing import Any

from drift_audit.model.objects import Declaration
from drift_audit.model.views import Gap, GitSourceView, Rendering, View

GAP = Gap(view=View.GIT, scope="fleet@main:.", subject="", reason="the server does not answer", remedy="")


def git_source(*declared: Declaration, lacking: tuple[Gap, ...] = (), **changes: Any) -> GitSourceView:
    fields: dict[str, Any] = {
        "management_cluster": "prod",
        "source": "fleet",
        "repo": "https://git.example.com/platform/fleet.git",
        "ref": "main",
        "path": ".",
        "flavor": "kubectl",
        "applier": "",
        "head": Rendering(revision="8c1f2ab0" * 5, renderer="plain", declarations=declared, gaps=lacking),
    }
    return GitSourceView(**{**fields, **changes})
