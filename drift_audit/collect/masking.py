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
import secrets
from collections.abc import Mapping
from dataclasses import replace
from operator import is_

from drift_audit.collect.signs import (
    ARGUMENTS,
    COMMANDS,
    closer_look,
    gives_credentials,
    hold_secrets,
    holds_secret,
    is_mark,
    is_secret_argument,
    loud_keys,
    names_kms_key,
    promises_nothing,
    promises_secret,
    subject_of,
)
from drift_audit.model.changes import ChangeLog
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, JsonObject, mapping, text
from drift_audit.model.views import CloudScopeView

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_POINTERS = frozenset(
    {"name", "namespace", "kind", "apiVersion", "apiGroup", "key", "path", "audience", "expirationSeconds", "optional"}
)
"""Keys that say *where* a secret is; they stay visible even below `credentials:`."""

_NEVER_SECRET = frozenset({bool, type(None)})
_SHALLOW = frozenset({str, int, float, bool, type(None)})

_MOST_HARMLESS = 50_000
"""Mappings that are remembered as harmless; those that come again come early."""

_FEW = 5
"""Entries of a mapping up to which it takes longer to look at its texts together."""

_UNWALKED = frozenset({"apiVersion", "kind", "metadata", "status"})


class Masker:
    """Replaces secret values of Kubernetes objects. Without a key, hashes compare within one run only."""

    def __init__(self, key: str) -> None:
        self._key = (key or secrets.token_hex(16)).encode()
        self._harmless: dict[int, Json] = {}
        """Mappings that were walked and hold no secret, by identity: objects of a page share them."""

    def mask(self, value: str | bytes) -> str:
        """`<masked: 12 bytes, 3f9a1c>`; an empty value has nothing to hide and stays empty."""
        raw = value.encode(errors="surrogatepass") if isinstance(value, str) else value
        if not raw:
            return ""
        digest = hmac.new(self._key, raw, hashlib.sha256).hexdigest()[:6]
        return f"<masked: {len(raw)} bytes, {digest}>"

    def mask_text(self, told: str) -> str:
        """What somebody wrote for people; masked as a whole when it holds a secret."""
        return self.mask(told) if holds_secret(told) else told

    def mask_told(self, raw: JsonObject) -> JsonObject:
        """The object without secret values, nor any in what its status tells: other people's programs fill that."""
        masked = self.mask_object(raw)
        status = self._walk("status", masked.get("status"), inside=False)
        return masked if status is masked.get("status") else {**masked, "status": status}

    def mask_object(self, raw: JsonObject) -> JsonObject:
        """The object without secret values; the very same object when it holds none.

        A Secret's `stringData` is folded into `data` as the API server does it, and `data` is hashed as the
        bytes that it encodes, so that both spellings compare equal.
        """
        if raw.get("kind") == "Secret" and raw.get("apiVersion") == "v1":
            return self._secret(raw)
        changed = {key: masked for key, value in raw.items() if (masked := self._section(key, value)) is not value}
        if raw.get("kind") == "ConfigMap" and (binary := mapping(raw.get("binaryData"))):
            changed["binaryData"] = {key: self.mask(_decoded(value)) for key, value in binary.items()}
        metadata = self._metadata(mapping(raw.get("metadata")), body_changed=bool(changed))
        if metadata is not None:
            changed["metadata"] = metadata
        return {**raw, **changed} if changed else raw

    def _section(self, key: str, value: Json) -> Json:
        return value if key in _UNWALKED else self._walk(key, value, inside=False)

    def _secret(self, raw: JsonObject) -> JsonObject:
        data: dict[str, Json] = {key: self.mask(_decoded(value)) for key, value in mapping(raw.get("data")).items()}
        for key, value in mapping(raw.get("stringData")).items():
            data[key] = self.mask(_plain(value))
        masked = {key: value for key, value in raw.items() if key not in ("data", "stringData")}
        if data or "data" in raw:
            masked["data"] = data
        metadata = self._metadata(mapping(raw.get("metadata")), body_changed=False) or mapping(raw.get("metadata"))
        annotations = mapping(mapping(raw.get("metadata")).get("annotations"))
        if LAST_APPLIED in annotations:
            hidden = {**mapping(metadata.get("annotations")), LAST_APPLIED: self.mask(text(annotations[LAST_APPLIED]))}
            metadata = {**metadata, "annotations": hidden}
        return {**masked, "metadata": metadata} if "metadata" in raw else masked

    def mask_resource(self, resource: CloudResource) -> CloudResource:
        """The cloud resource without secrets in its tags and fields; the very same one when it holds none."""
        tags = self._tags(resource.tags)
        attributes = self._walk_mapping(resource.attributes, inside=False)
        if tags is resource.tags and attributes is resource.attributes:
            return resource
        return replace(resource, tags=tags, attributes=attributes)

    def _tags(self, tags: Mapping[str, str]) -> Mapping[str, str]:
        if not loud_keys(tuple(tags)) and not hold_secrets(tags.values()):
            return tags
        changed = {
            key: masked for key, value in tags.items() if (masked := self._walk(key, value, inside=False)) != value
        }
        return {**tags, **{key: text(masked) for key, masked in changed.items()}} if changed else tags

    def mask_scope(self, view: CloudScopeView, before: CloudScopeView | None = None) -> CloudScopeView:
        """The cloud scope with masked resources; what it took over from the view `before` is masked already."""
        known = before.resources if before is not None else {}
        kept = before.history if before is not None else ()
        answered = before.answers if before is not None else ()
        return replace(
            view,
            resources={
                key: found if known.get(key) is found else self.mask_resource(found)
                for key, found in view.resources.items()
            },
            history=tuple(log if log in kept else self._mask_log(log) for log in view.history),
            answers=tuple(
                answer
                if answer in answered
                else replace(answer, fact=self.mask_text(answer.fact), evidence=self.mask_text(answer.evidence))
                for answer in view.answers
            ),
        )

    def _mask_log(self, log: ChangeLog) -> ChangeLog:
        """The log without secrets among what its calls wrote."""
        events = tuple(
            event
            if (writes := self._walk_mapping(event.writes, inside=False)) is event.writes
            else replace(event, writes=writes)
            for event in log.events
        )
        return replace(log, events=events)

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
        # Only `extraArgs` are told apart by name and value together.
        masked = self._argument(keys)
        return key if masked is keys else "k:" + json.dumps(masked, separators=(",", ":"))

    def _walk(self, key: str, value: Json, *, inside: bool) -> Json:
        """The value without secrets, and the very same value when there are none.

        `inside` is true below a key that promises one.
        """
        inside = inside or promises_secret(key)
        if not inside and (holds := closer_look(key)):
            return self._commands(value) if holds == COMMANDS else self._arguments(value)
        if not inside:
            if key == "files" and isinstance(value, (list, tuple)):
                return _kept_or_new(value, [self._file(item) for item in value])
            return self._look_at(value)
        if isinstance(value, str):
            if (key not in _POINTERS and not names_kms_key(key, value)) or holds_secret(value):
                return value if is_mark(value) else self.mask(value)
            return value
        if isinstance(value, (int, float)):
            return value if key in _POINTERS or isinstance(value, bool) else self.mask(json.dumps(value))
        if isinstance(value, Mapping):
            return self._walk_mapping(value, inside=True)
        if isinstance(value, (list, tuple)):
            if key == "files":
                return _kept_or_new(value, [self._file(item) for item in value])
            return _kept_or_new(value, [self._walk("", item, inside=True) for item in value])
        return value

    def _look_at(self, value: Json) -> Json:
        """The same for a value under a key that promises nothing."""
        if isinstance(value, str):
            return self.mask(value) if holds_secret(value) and not is_mark(value) else value
        if isinstance(value, (list, tuple)):
            return _kept_or_new(value, [self._look_at(item) for item in value])
        # A plain `dict` first: the check against the abstract class costs more than the rest of the walk.
        if isinstance(value, dict) or isinstance(value, Mapping):  # noqa: SIM101
            if self._harmless.get(id(value)) is value:
                return value
            masked = self._walk_mapping(value, inside=False)
            if masked is value and len(self._harmless) < _MOST_HARMLESS:
                self._harmless[id(value)] = value
            return masked
        return value

    def _walk_mapping(self, value: JsonObject, *, inside: bool) -> JsonObject:
        # `{name: DB_PASSWORD, value: ...}`: environment variables, arguments, topology variables.
        # `{path: /spec/…/preKubeadmCommands/-, value: ...}`: a patch of a ClusterClass.
        subject = subject_of(value)
        by_looks = not inside and promises_nothing(subject)
        if by_looks and len(value) > _FEW:
            texts = [item for item in value.values() if type(item) is str]
            if not hold_secrets(texts):
                return self._with_parts(value)
        named = promises_secret(subject)
        topic = "" if inside or named else closer_look(subject)
        changed: dict[str, Json] = {}
        for key, item in value.items():
            if type(item) in _NEVER_SECRET:
                continue
            if by_looks and type(item) is str and promises_nothing(key) and not holds_secret(item):
                continue  # nearly all of what is walked
            if topic == COMMANDS and key in ("value", "valueFrom"):
                masked = self._commands(item)
            elif topic == ARGUMENTS and key == "value":
                masked = self._arguments(item)
            else:
                masked = self._walk(key, item, inside=inside or (named and key in ("value", "Value")))
            if masked is not item:
                changed[key] = masked
        return {**value, **changed} if changed else value

    def _with_parts(self, value: JsonObject) -> JsonObject:
        """The mapping, of which no text looks like a secret."""
        loud = loud_keys(tuple(value))
        changed = {
            key: masked
            for key, item in value.items()
            if type(item) not in _SHALLOW and key not in loud and (masked := self._look_at(item)) is not item
        }
        for key in loud:
            masked = self._walk(key, value[key], inside=False)
            if masked is not value[key]:
                changed[key] = masked
        return {**value, **changed} if changed else value

    def _commands(self, value: Json) -> Json:
        """Shell commands: one with any sign of a credential goes as a whole, since every program has its own way
        to be given one."""
        if isinstance(value, str):
            return self.mask(value) if gives_credentials(value) else value
        if isinstance(value, (list, tuple)):
            return _kept_or_new(value, [self._commands(item) for item in value])
        if isinstance(value, Mapping):
            changed = {key: masked for key, item in value.items() if (masked := self._commands(item)) is not item}
            return {**value, **changed} if changed else value
        return value

    def _arguments(self, value: Json) -> Json:
        """Arguments of a component: a map by name, or a list of names and values."""
        if isinstance(value, Mapping):
            if isinstance(value.get("name"), str) and "value" in value:
                return self._argument(value)
            changed = {
                name: masked for name, item in value.items() if (masked := self._of_argument(name, item)) is not item
            }
            return {**value, **changed} if changed else value
        if isinstance(value, (list, tuple)):
            return _kept_or_new(value, [self._arguments(item) for item in value])
        return self._walk("", value, inside=False)

    def _argument(self, entry: JsonObject) -> JsonObject:
        value = entry.get("value")
        masked = self._of_argument(text(entry.get("name")), value)
        return entry if masked is value else {**entry, "value": masked}

    def _of_argument(self, name: str, value: Json) -> Json:
        if isinstance(value, str):
            return self.mask(value) if is_secret_argument(name, value) or holds_secret(value) else value
        return self._walk(name, value, inside=False)

    def _file(self, item: Json) -> Json:
        """An entry of `files` in bootstrap configuration: its content ends on a machine and may be anything."""
        walked = self._walk("", item, inside=False)
        content = mapping(walked).get("content")
        if isinstance(content, str) and content and not content.startswith("<masked: "):
            return {**mapping(walked), "content": self.mask(content)}
        return walked


def _kept_or_new(old: list[Json] | tuple[Json, ...] | Json, new: list[Json]) -> Json:
    return old if isinstance(old, (list, tuple)) and all(map(is_, new, old)) else new


def _decoded(value: Json) -> bytes:
    """The bytes that a Secret's value encodes; the text itself when it is no base64."""
    plain = _plain(value)
    try:
        return base64.b64decode("".join(plain.split()), validate=True)
    except (binascii.Error, ValueError):
        return plain.encode(errors="surrogatepass")


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
