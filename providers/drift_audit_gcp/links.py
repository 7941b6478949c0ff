"""Names of resources in all the spellings that Google and CAPG use, brought to one.

https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/n     what Google answers
projects/p/zones/z/instances/n, zones/z/machineTypes/t                   what CAPG writes
z/n                                                                      the id of our resources
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from drift_audit.model.values import Json, text

_HOST = re.compile(r"\A(?:https?://[^/]+)?/?(?:compute/[^/]+/)?")
_ZONE = re.compile(r"-[a-z]\Z")


def relative(link: Json, project: str = "", numbers: Mapping[str, str] | None = None) -> str:
    """`projects/p/zones/z/instances/n`; a project's number becomes its name where that is known."""
    path = _HOST.sub("", text(link), count=1)
    if path and not path.startswith("projects/"):
        return f"projects/{project}/{path}" if project else path
    owner = path.split("/")[1] if path.count("/") else ""
    named = (numbers or {}).get(owner)
    return path.replace(f"projects/{owner}/", f"projects/{named}/", 1) if named else path


def last(link: Json) -> str:
    """The name at the end of a link."""
    return text(link).rpartition("/")[2]


def project_of(link: Json) -> str:
    """The project in a link; empty for one that names none."""
    parts = relative(link).split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "projects" else ""


def id_of(link: Json) -> str:
    """`z/n`, `r/n`, or `n` for what is global; empty for what is no link."""
    parts = relative(link).split("/")
    if len(parts) >= 5 and parts[2] == "global":
        return "/".join(parts[4:])
    return f"{parts[3]}/{parts[5]}" if len(parts) == 6 else ""


def path_of(project: str, collection: str, resource_id: str) -> str:
    """The path of a resource with that id."""
    place, _, name = resource_id.rpartition("/")
    if not place:
        return f"projects/{project}/global/{collection}/{name}"
    scope = "zones" if _ZONE.search(place) else "regions"
    return f"projects/{project}/{scope}/{place}/{collection}/{name}"


def is_global(resource_id: str) -> bool:
    return "/" not in resource_id
