"""The last guard before a recording is written: credentials that a collector should have masked already.

Views arrive here without secret values. What this still finds is a defect elsewhere; a recording is what people
attach to bug reports, so it is removed all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from drift_audit.collect.masking import LAST_APPLIED
from drift_audit.model.values import Json, JsonObject, mapping

REDACTED = "<redacted>"
_MASKED = "<masked: "

_IN_TEXT: tuple[tuple[re.Pattern[bytes], bytes], ...] = (
    # a password in a URL, and in web addresses a lone user, which is nearly always a token
    (re.compile(rb"://[^/\s\"@:\\]*:[^/\s\"@\\]+@"), b"://" + REDACTED.encode() + b"@"),
    (re.compile(rb"(https?)://[^/\s\"@:\\<]+@"), rb"\1://" + REDACTED.encode() + b"@"),
    (re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^\"\\]|\\.)*"), REDACTED.encode()),
)


def scrubbed_text(encoded: bytes) -> bytes:
    """JSON text without credentials inside its strings; still valid JSON."""
    for pattern, replacement in _IN_TEXT:
        encoded = pattern.sub(replacement, encoded)
    return encoded


def scrubbed_object(raw: JsonObject) -> JsonObject:
    """The object itself, unless it is a Secret with values that are not masked."""
    if raw.get("kind") != "Secret" or raw.get("apiVersion") != "v1":
        return raw
    metadata = mapping(raw.get("metadata"))
    annotations = _masked(mapping(metadata.get("annotations")), only=LAST_APPLIED)
    return {
        **raw,
        **{key: _masked(mapping(raw[key])) for key in ("data", "stringData") if isinstance(raw.get(key), Mapping)},
        **({"metadata": {**metadata, "annotations": annotations}} if annotations else {}),
    }


def _masked(values: JsonObject, only: str = "") -> dict[str, Json]:
    return {
        key: value if (only and key != only) or value in ("", None) or _is_masked(value) else REDACTED
        for key, value in values.items()
    }


def _is_masked(value: Json) -> bool:
    return isinstance(value, str) and value.startswith((_MASKED, REDACTED))
