"""Raw requests to the API server, whose field manager, operation and User-Agent the caller chooses.

Tests use it to write as kubectl, a browser, a controller or a GitOps tool would, so that the server itself
produces the managedFields. An object (a plain dict with apiVersion, kind and metadata) says where it lives.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

Json = dict[str, Any]
_APPLY, _MERGE, _JSON_PATCH = (
    f"application/{kind}" for kind in ("apply-patch+yaml", "merge-patch+json", "json-patch+json")
)
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class ApiRefused(Exception):
    """The server answered with an error; `status` is its HTTP code, `reason` its own word for it."""

    def __init__(self, method: str, path: str, status: int, body: bytes) -> None:
        self.status = status
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {"message": body.decode(errors="replace")[:500]}
        self.reason: str = answer.get("reason", "")
        self.message: str = answer.get("message", "")
        super().__init__(f"{method} {path}: {status} {self.reason}: {self.message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedKind:
    """One kind in one version, as discovery lists it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]


@dataclass(slots=True)
class Discovery:
    """What the server serves, by apiVersion; read on demand and shared by every client of one server."""

    _known: dict[str, dict[str, ServedKind]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kinds(self, client: RigClient, api_version: str, *, fresh: bool = False) -> dict[str, ServedKind]:
        with self._lock:
            if fresh or api_version not in self._known:
                listing = client.raw("GET", _group_path(api_version))
                self._known[api_version] = {
                    entry["kind"]: ServedKind(
                        api_version=api_version,
                        kind=entry["kind"],
                        plural=entry["name"],
                        namespaced=entry["namespaced"],
                        verbs=frozenset(entry["verbs"]),
                    )
                    for entry in listing["resources"]
                    if "/" not in entry["name"]
                }
            return self._known[api_version]


def reference(api_version: str, kind: str, name: str, namespace: str = "") -> Json:
    """The least object that names another one, for `get`, `scale`, `delete` and the patches."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}


@dataclass(frozen=True, slots=True, kw_only=True)
class RigClient:
    """Requests as one identity.

    `manager` goes into every write as `fieldManager`. Without one the server takes the text of the
    User-Agent before its first slash, as it does for `kubectl scale` and for browsers.
    """

    pool: urllib3.PoolManager
    url: str
    manager: str = ""
    user_agent: str = "rig/1.0"
    discovery: Discovery = field(default_factory=Discovery)

    def as_manager(self, manager: str) -> RigClient:
        return replace(self, manager=manager)

    def with_user_agent(self, user_agent: str) -> RigClient:
        """A client that sends no fieldManager, so that the server derives one from this User-Agent."""
        return replace(self, manager="", user_agent=user_agent)

    def apply(self, target: Json, manager: str = "", *, force: bool = True) -> Json:
        """Server-side apply; managedFields and resourceVersion of the input are left out."""
        body = _without_server_fields(target)
        query = {"force": "true"} if force else {}
        return self._write("PATCH", self.path(target), body, manager, _APPLY, query)

    def create(self, target: Json, manager: str = "") -> Json:
        return self._write("POST", self._collection_of(target), target, manager)

    def update(self, target: Json, manager: str = "") -> Json:
        """PUT of the whole object, as `kubectl replace`, `edit` in a browser, and old controllers do."""
        return self._write("PUT", self.path(target), target, manager)

    def merge_patch(self, target: Json, patch: Json, manager: str = "") -> Json:
        """A JSON merge patch (`null` removes a field, lists are replaced whole), as `kubectl edit` sends for CRDs."""
        return self._write("PATCH", self.path(target), patch, manager, _MERGE)

    def json_patch(self, target: Json, operations: Sequence[Json], manager: str = "") -> Json:
        return self._write("PATCH", self.path(target), list(operations), manager, _JSON_PATCH)

    def scale(self, target: Json, replicas: int, manager: str = "") -> Json:
        """A change of replicas through the `scale` subresource, as `kubectl scale` and the autoscaler do it."""
        return self._write("PATCH", self.path(target, "scale"), {"spec": {"replicas": replicas}}, manager, _MERGE)

    def status(self, target: Json, status: Json | None = None, manager: str = "") -> Json:
        """Merges `status` (or the object's own) into the status subresource."""
        patch = {"status": target["status"] if status is None else status}
        return self._write("PATCH", self.path(target, "status"), patch, manager, _MERGE)

    def delete(self, target: Json, **options: Any) -> Json:
        """Asks for deletion; an object with finalizers stays, with a deletionTimestamp."""
        return self.raw("DELETE", self.path(target), options or None)

    def get(self, target: Json, *, version: str = "") -> Json:
        """The object; `version` asks for it in another version of its group."""
        group, _, own = str(target["apiVersion"]).rpartition("/")
        api_version = f"{group}/{version or own}" if group else own
        return self.raw("GET", self.path({**target, "apiVersion": api_version}))

    def find(self, target: Json) -> Json | None:
        """The object, or `None` where the server has none of that name."""
        try:
            return self.get(target)
        except ApiRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    def list(self, api_version: str, kind: str, namespace: str = "", *, metadata_only: bool = False) -> list[Json]:
        """All objects of a kind, in one namespace or in all; items carry apiVersion and kind."""
        path = self._collection(api_version, kind, namespace)
        listing = self.raw("GET", path, accept=_METADATA_ONLY if metadata_only else "application/json")
        return [{**item, "apiVersion": api_version, "kind": kind} for item in listing["items"] or ()]

    def served_kinds(self, api_version: str) -> Mapping[str, ServedKind]:
        """The kinds of one group and version, read anew."""
        return self.discovery.kinds(self, api_version, fresh=True)

    def preferred_versions(self) -> Iterator[str]:
        """The preferred apiVersion of every named group."""
        for group in self.raw("GET", "/apis")["groups"]:
            yield group["preferredVersion"]["groupVersion"]

    def versions(self) -> Iterator[str]:
        """Every apiVersion of every named group, the preferred one of a group first."""
        for group in self.raw("GET", "/apis")["groups"]:
            preferred = group["preferredVersion"]["groupVersion"]
            yield preferred
            yield from (each["groupVersion"] for each in group["versions"] if each["groupVersion"] != preferred)

    def path(self, target: Json, subresource: str = "") -> str:
        """The path of an object, or of one of its subresources."""
        name = quote(target["metadata"]["name"])
        return f"{self._collection_of(target)}/{name}" + (f"/{subresource}" if subresource else "")

    def raw(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Json:
        """The decoded answer to one request, an empty object for none; raises `ApiRefused` for anything but success."""
        headers = {"Accept": accept, "User-Agent": self.user_agent, "Content-Type": content_type}
        data = None if body is None else json.dumps(body).encode()
        response = self.pool.request(method, self.url + path, body=data, headers=headers, retries=False)
        if response.status >= 300:
            raise ApiRefused(method, path, response.status, response.data)
        answer: Json = json.loads(response.data or b"{}")
        return answer

    def raw_text(self, path: str) -> tuple[int, str]:
        """Status and text of a GET, whatever the status."""
        response = self.pool.request("GET", self.url + path, retries=False)
        return response.status, response.data.decode(errors="replace")

    def _write(
        self,
        method: str,
        path: str,
        body: object,
        manager: str,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Json:
        chosen = manager or self.manager
        parameters = {**(query or {}), **({"fieldManager": chosen} if chosen else {})}
        suffix = f"?{urlencode(parameters)}" if parameters else ""
        return self.raw(method, path + suffix, body, content_type=content_type)

    def _collection_of(self, target: Json) -> str:
        return self._collection(target["apiVersion"], target["kind"], target["metadata"].get("namespace") or "")

    def _collection(self, api_version: str, kind: str, namespace: str) -> str:
        kinds = self.discovery.kinds(self, api_version)
        served = kinds.get(kind) or self.discovery.kinds(self, api_version, fresh=True)[kind]
        place = f"/namespaces/{quote(namespace)}" if namespace and served.namespaced else ""
        return f"{_group_path(api_version)}{place}/{served.plural}"


def _group_path(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _without_server_fields(target: Json) -> Json:
    dropped = {"managedFields", "resourceVersion"}
    metadata = {key: value for key, value in target["metadata"].items() if key not in dropped}
    return {**target, "metadata": metadata}
