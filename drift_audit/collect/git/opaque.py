"""Values that Git does not know: templates that something fills in later, and encrypted text.

They are recognised and named, never guessed. Grammar of `${}`: drone/envsubst, used by clusterctl and by
Flux's `postBuild`; `$VAR` without braces is substituted by neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from drift_audit.model.keys import FieldPath
from drift_audit.model.values import Json, JsonObject, mapping

_VARIABLE = re.compile(r"\$\{\s*#?([A-Za-z_][A-Za-z0-9_]*)\s*(?:[:=^,#%/][^\n]*?)?\}")
_HELM = re.compile(
    r"\{\{-?\s*((if|else|range|with|end|define|block)\b"
    r"|[^{}]*?(\.(Values|Release|Chart|Capabilities|Files|Template)\b|\b(include|template|tpl|lookup)\s))",
    re.DOTALL,
)
"""Helm's own objects and functions, and control structures.

Other `{{ }}` reach the cluster as they are: cloud-init's `{{ ds.meta_data… }}` in every template of CAPA,
`{{ .cluster.name }}` in a ClusterClass.
"""
_SOPS_VALUE = "ENC[AES256_GCM,"

ENCRYPTED = "encrypted with SOPS"


def opaque_leaves(raw: JsonObject) -> dict[FieldPath, str]:
    """The fields whose value is not known from Git, each with the reason. Positional paths.

    A templated key makes the whole mapping opaque: nobody knows what it will hold.
    """
    return dict(_below(raw, ()))


def is_encrypted(raw: JsonObject) -> bool:
    """True for a document that SOPS wrote: a `sops` mapping with its bookkeeping at the top."""
    return bool({"mac", "lastmodified"} & mapping(raw.get("sops")).keys())


def looks_like_helm(value: str) -> bool:
    """True for text with actions that Helm runs, and not for other `{{ }}`."""
    return "{{" in value and _HELM.search(value) is not None


def why_opaque(value: str) -> str:
    """The reason why a text is no value yet; empty when it is one."""
    if "$" in value and (found := _VARIABLE.search(value)):
        return f"templated: ${{{found[1]}}} is filled in when it is applied"
    if looks_like_helm(value):
        return "templated: Helm fills in {{ }} when it renders the chart"
    if value.startswith(_SOPS_VALUE):
        return ENCRYPTED
    return ""


def _below(value: Json, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    match value:
        case str():
            if reason := why_opaque(value):
                yield path, reason
        case Mapping():
            if reason := next((why for key in value if (why := why_opaque(key))), ""):
                yield path, f"its key is {reason}"
                return
            for key, item in value.items():
                yield from _below(item, (*path, key))
        case list() | tuple():
            for index, item in enumerate(value):
                yield from _below(item, (*path, index))
