"""Whether a value in the cluster can be what a templated value in Git was rendered to."""

from __future__ import annotations

import re

from drift_audit.compare.equality import same_json
from drift_audit.model.keys import canonical_json
from drift_audit.model.values import Json

_MASKED = "<masked: "
"""How the collectors begin what stands for a secret: of such a text nothing is known but whether it is equal."""
_VARIABLE = re.compile(r"\$\{.*\}", re.DOTALL)


def can_render_to(template: Json, live: Json) -> bool:
    """False when no values of its `${VARIABLES}` make the template this live value.

    Only `${}` is weighed: Helm's `{{ }}` and encrypted text can become anything. Nested defaults, `$$` and a
    text that is nothing but one variable can become anything as well.
    """
    match template:
        case str():
            return _text_can(template, live)
        case list() | tuple():
            if not isinstance(live, (list, tuple)) or len(live) != len(template):
                return False
            return all(map(can_render_to, template, live))
        case dict():
            return isinstance(live, dict) and _map_can(template, live)
    return same_json(template, live)


def _text_can(template: str, live: Json) -> bool:
    if template.startswith(_MASKED) or (isinstance(live, str) and live.startswith(_MASKED)):
        return True
    if "${" not in template:
        return "{{" in template or template.startswith("ENC[") or same_json(template, live)
    if "$$" in template or _VARIABLE.fullmatch(template):
        return True
    if isinstance(live, (dict, list, tuple)) or live is None:
        return False
    fixed = (re.escape(part) for part in _VARIABLE.split(template))
    return (
        re.fullmatch(".*".join(fixed), live if isinstance(live, str) else canonical_json(live), re.DOTALL) is not None
    )


def _map_can(template: dict[str, Json], live: dict[str, Json]) -> bool:
    if any("${" in key or "{{" in key for key in template):
        return True
    return template.keys() == live.keys() and all(can_render_to(template[key], live[key]) for key in template)
