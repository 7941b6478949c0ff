"""Secret values leave here as their length and a short keyed hash: equal secrets stay equal, and that is all.

Both sides of a comparison, Git and the management cluster, go through the same masker, so that a
rotation still shows as a difference. Masking happens in the collectors, before anything is compared,
recorded or logged.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache

from drift_audit.model.values import Json, JsonObject, mapping, text

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SECRET_KEY = re.compile(
    r"(password|passwd|passphrase|token|credentials?|userdata|kubeconfig|clientsecret"
    r"|(private|api|secret|secretaccess|encryption|signing|certificate)key|accesskeysecret)\Z"
)
"""Ends of key names, letters only. `httpTokens` and `passwordRef` end otherwise and stay visible."""

_POINTERS = frozenset(
    {"name", "namespace", "kind", "apiVersion", "apiGroup", "key", "path", "audience", "expirationSeconds", "optional"}
)
"""Keys that say *where* a secret is; they stay visible even below `credentials:`."""

_SECRET_TEXT = re.compile(
    r"\b[a-z0-9]{6}\.(?=[a-z]{0,15}\d)[a-z0-9]{16}\b"  # bootstrap token of kubeadm
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"  # JSON web token
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-)[\w-]{10,}"
    r"|://[^\s/:@]+:[^\s/@]+@"  # password inside a URL
    r"|(?i:\bauthorization['\"]?\s*:\s*\w+\s+\S)|(?i:\bbearer\s+[\w.+/=-]{20,})"
    r"|(?m:^\s*kind:\s*['\"]?Secret\b)"  # a whole Secret inside a ConfigMap
    r"|--(?i:[\w-]*(?:password|passwd|passphrase|token|secret|api-key|private-key))[= ]\s*['\"]?[^\s'\"$<-]"
    r"|(?i:(?:password|passwd|passphrase|token|secret|(?:api|access|private|secret)[_-]?key)['\"]?"
    r"\s*[=:]\s*['\"]?[^\s'\"$<>{\[][^\s'\"]{3,})"
)
"""Free text (commands, scripts, configuration files) that carries a secret; it is masked as a whole."""

_NEVER_SECRET = frozenset({bool, type(None)})

_UNWALKED = frozenset({"apiVersion", "kind", "metadata", "status"})


class Masker:
    """Replaces secret values of Kubernetes objects. Without a key, hashes compare within one run only."""

    def __init__(self, key: str) -> None:
        self._key = (key or secrets.token_hex(16)).encode()

    def mask(self, value: str | bytes) -> str:
        """`<masked: 12 bytes, 3f9a1c>`; an empty value has nothing to hide and stays empty."""
        raw = value.encode(errors="surrogatepass") if isinstance(value, str) else value
        if not raw:
            return ""
        digest = hmac.new(self._key, raw, hashlib.sha256).hexdigest()[:6]
        return f"<masked: {len(raw)} bytes, {digest}>"

    def mask_object(self, raw: JsonObject) -> JsonObject:
        """The object without secret values; the very same object when it holds none.

        A Secret's `stringData` is folded into `data` as the API server does it, and `data` is hashed as the
        bytes that it encodes, so that both spellings compare equal.
        """
        if raw.get("kind") == "Secret" and raw.get("apiVersion") == "v1":
            return self._secret(raw)
        changed = {key: masked for key, value in raw.items() if (masked := self._section(key, value)) is not value}
        metadata = self._metadata(mapping(raw.get("metadata")), body_changed=bool(changed))
        if metadata is not None:
            changed["metadata"] = metadata
        return {**raw, **changed} if changed else raw

    def _section(self, key: str, value: Json) -> Json:
        if key in _UNWALKED:
            return value
        return self._walk(key, value, inside=False)

    def _secret(self, raw: JsonObject) -> JsonObject:
        data: dict[str, Json] = {key: self.mask(_decoded(value)) for key, value in mapping(raw.get("data")).items()}
        for key, value in mapping(raw.get("stringData")).items():
            data[key] = self.mask(_plain(value))
        masked = {key: value for key, value in raw.items() if key not in ("data", "stringData")}
        if data or "data" in raw:
            masked["data"] = data
        metadata = mapping(raw.get("metadata"))
        annotations = mapping(metadata.get("annotations"))
        if LAST_APPLIED in annotations:
            hidden = {**annotations, LAST_APPLIED: self.mask(text(annotations[LAST_APPLIED]))}
            masked["metadata"] = {**metadata, "annotations": hidden}
        return masked

    def _metadata(self, metadata: JsonObject, *, body_changed: bool) -> JsonObject | None:
        """The metadata without secrets; `None` when there is nothing to change.

        Annotations can hold whole objects again: the last applied one, the one before a conversion.
        """
        annotations = mapping(metadata.get("annotations"))
        hidden = {
            key: masked for key, value in annotations.items() if (masked := self._annotation(key, value)) is not value
        }
        changed: dict[str, Json] = {"annotations": {**annotations, **hidden}} if hidden else {}
        # The field sets repeat values of the body only, and walking them for every object would cost most of all.
        if body_changed and "managedFields" in metadata:
            changed["managedFields"] = self._field_names(metadata["managedFields"])
        return {**metadata, **changed} if changed else None

    def _annotation(self, key: str, value: Json) -> Json:
        if not isinstance(value, str):
            return value
        if value.startswith("{"):
            try:
                parsed = json.loads(value)
            except (ValueError, RecursionError):
                return self.mask(value)
            masked = self.mask_object(parsed)
            return value if masked is parsed else json.dumps(masked, separators=(",", ":"))
        return self._walk(key, value, inside=False)

    def _field_names(self, node: Json) -> Json:
        """managedFields names items of associative lists by their keys, and `value` can be one of them."""
        if isinstance(node, Mapping):
            return {self._field_name(key): self._field_names(value) for key, value in node.items()}
        if isinstance(node, list):
            return [self._field_names(item) for item in node]
        return node

    def _field_name(self, key: str) -> str:
        if not (key.startswith("k:{") and '"value":' in key and '"name":' in key):
            return key
        try:
            keys = json.loads(key[2:])
        except ValueError:
            return key
        masked = self._walk("", keys, inside=False)
        return key if masked is keys else "k:" + json.dumps(masked, separators=(",", ":"))

    def _walk(self, key: str, value: Json, *, inside: bool) -> Json:
        """The value without secrets, and the very same value when there are none.

        `inside` is true below a key that promises one.
        """
        inside = inside or _promises_secret(key)
        if isinstance(value, str):
            if (inside and key not in _POINTERS) or _holds_secret(value):
                return self.mask(value)
            return value
        if isinstance(value, (int, float)):
            secret_number = inside and key not in _POINTERS and not isinstance(value, bool)
            return self.mask(json.dumps(value)) if secret_number else value
        # A plain `dict` first: the check against the abstract class costs more than the rest of the walk.
        if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
            return self._walk_mapping(value, inside=inside)
        if isinstance(value, (list, tuple)):
            if key == "files":
                return _kept_or_new(value, [self._file(item) for item in value])
            return _kept_or_new(value, [self._walk("", item, inside=inside) for item in value])
        return value

    def _walk_mapping(self, value: JsonObject, *, inside: bool) -> JsonObject:
        # `{name: DB_PASSWORD, value: ...}`: environment variables, arguments, topology variables.
        name = value.get("name")
        named = isinstance(name, str) and _promises_secret(name)
        changed: dict[str, Json] = {}
        for key, item in value.items():
            if type(item) in _NEVER_SECRET:
                continue
            masked = self._walk(key, item, inside=inside or (named and key == "value"))
            if masked is not item:
                changed[key] = masked
        return {**value, **changed} if changed else value

    def _file(self, item: Json) -> Json:
        """An entry of `files` in bootstrap configuration: its content ends on a machine and may be anything."""
        walked = self._walk("", item, inside=False)
        content = mapping(walked).get("content")
        if isinstance(content, str) and content and not content.startswith("<masked: "):
            return {**mapping(walked), "content": self.mask(content)}
        return walked


@lru_cache(maxsize=4096)
def _promises_secret(key: str) -> bool:
    return _SECRET_KEY.search("".join(filter(str.isalpha, key)).lower()) is not None


def _holds_secret(value: str) -> bool:
    # Names, versions, sizes and ARNs have neither blanks nor `@` nor `=`: most strings end here.
    if " " not in value and "\n" not in value and "@" not in value and "=" not in value and len(value) < 20:
        return False
    return _SECRET_TEXT.search(value) is not None


def _kept_or_new(old: list[Json] | tuple[Json, ...] | Json, new: list[Json]) -> Json:
    same = isinstance(old, (list, tuple)) and all(ours is theirs for ours, theirs in zip(new, old, strict=True))
    return old if same else new


def _decoded(value: Json) -> bytes:
    """The bytes that a Secret's value encodes; the text itself when it is no base64."""
    plain = _plain(value)
    try:
        return base64.b64decode("".join(plain.split()), validate=True)
    except (binascii.Error, ValueError):
        return plain.encode(errors="surrogatepass")


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
