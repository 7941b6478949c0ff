"""Compute Engine as far as an audit reads it: projects with their resources, listed in pages, guarded by permissions.

State is a dictionary of bodies by relative path, `projects/P/zones/Z/instances/N`. Every answer is checked against
Google's own schema, and every request against the parameters that Google knows: see `discovery`.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.rig.gcp import discovery
from tests.rig.gcp.fields import masked
from tests.rig.upstreams import Answer, Asked

HOST = "https://www.googleapis.com/compute/v1/"
REGION = "europe-west3"
ZONES = ("europe-west3-a", "europe-west3-b", "europe-west3-c")
OTHER_REGION = "us-central1"
SCOPES = (
    "global",
    f"regions/{REGION}",
    f"regions/{OTHER_REGION}",
    *(f"zones/{zone}" for zone in ZONES),
    "zones/us-central1-a",
)
LONG_AGO = "2026-01-01T01:00:00.000-08:00"

_KINDS: Mapping[str, tuple[str, str]] = {
    "instances": ("compute#instance", "Instance"),
    "disks": ("compute#disk", "Disk"),
    "instanceGroups": ("compute#instanceGroup", "InstanceGroup"),
    "instanceGroupManagers": ("compute#instanceGroupManager", "InstanceGroupManager"),
    "instanceTemplates": ("compute#instanceTemplate", "InstanceTemplate"),
    "forwardingRules": ("compute#forwardingRule", "ForwardingRule"),
    "backendServices": ("compute#backendService", "BackendService"),
    "healthChecks": ("compute#healthCheck", "HealthCheck"),
    "targetTcpProxies": ("compute#targetTcpProxy", "TargetTcpProxy"),
    "addresses": ("compute#address", "Address"),
    "subnetworks": ("compute#subnetwork", "Subnetwork"),
    "routers": ("compute#router", "Router"),
    "networks": ("compute#network", "Network"),
    "firewalls": ("compute#firewall", "Firewall"),
    "operations": ("compute#operation", "Operation"),
}
_GLOBAL = {"networks", "firewalls"}
_COLLECTION = {"globalOperations": "operations"}
_NEWEST_FIRST = "creationTimestamp desc"


class _Refused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass(slots=True)
class Cloud:
    """All of Google Cloud that the tests know."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    """Instances by instance group, both as relative paths."""
    denied: set[tuple[str, str]] = field(default_factory=set)
    """(project, permission) that the caller lacks."""
    unreachable: set[str] = field(default_factory=set)
    """Scopes, `zones/Z`, that answer no listing."""
    _tokens: dict[str, tuple[str, int]] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(4_000_000_000_000_000_001))

    # State

    def forget(self) -> None:
        """Everything that was made, and the ids that were given out."""
        fresh = Cloud()
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def project(self, project: str, number: str) -> None:
        self.resources[f"projects/{project}"] = {
            "kind": "compute#project",
            "id": number,
            "name": project,
            "creationTimestamp": LONG_AGO,
            "selfLink": f"{HOST}projects/{project}",
            "defaultServiceAccount": f"{number}-compute@developer.gserviceaccount.com",
            "commonInstanceMetadata": {
                "kind": "compute#metadata",
                "items": [{"key": "ssh-keys", "value": "alice:ssh-ed25519 AAAA"}],
            },
            "quotas": [{"metric": "NETWORKS", "limit": 5.0, "usage": 1.0}],
        }

    def add(self, path: str, **body: Any) -> str:
        """Makes a resource; `path` is `projects/P/zones/Z/instances/N`. Returns its self link."""
        collection, name = path.split("/")[-2:]
        scope = path.split("/")[2:-2]
        kind, schema = _KINDS[collection]
        place = {scope[0].removesuffix("s"): f"{HOST}projects/{path.split('/')[1]}/{'/'.join(scope)}"}
        made = {
            "kind": kind,
            "id": str(next(self._ids)),
            "name": name,
            "creationTimestamp": LONG_AGO,
            "selfLink": HOST + path,
            **(place if scope[0] != "global" else {}),
            **body,
        }
        discovery.check(schema, made)
        self.resources[path] = made
        return HOST + path

    def change(self, path: str, **fields: Any) -> None:
        """What somebody changes by hand: fields replaced, and taken away where `None`."""
        collection = path.split("/")[-2]
        changed = {**self.resources[path], **fields}
        changed = {key: value for key, value in changed.items() if value is not None}
        discovery.check(_KINDS[collection][1], changed)
        self.resources[path] = changed

    def remove(self, path: str) -> None:
        del self.resources[path]
        for some in self.members.values():
            if path in some:
                some.remove(path)

    def body(self, path: str) -> dict[str, Any]:
        return deepcopy(self.resources[path])

    def operation(self, path: str, kind: str, user: str, at: str, error: str = "") -> None:
        """What Google keeps of a change that `user` asked for."""
        parts = path.split("/")
        number = next(self._ids)
        target = self.resources.get(path, {})
        self.add(
            "/".join((*parts[:-2], "operations", f"operation-{number}")),
            operationType=kind,
            targetLink=HOST + path,
            user=user,
            insertTime=at,
            status="DONE",
            progress=100,
            **({"targetId": target["id"]} if target else {}),
            **({"httpErrorStatusCode": 403, "error": {"errors": [{"code": error}]}} if error else {}),
        )

    # Answers

    def __call__(self, asked: Asked) -> Answer:
        """`upstreams.Upstream`."""
        if asked.path == "/token":
            return _token(asked)
        try:
            if not _authorization(asked).startswith("Bearer token-of-"):
                raise _Refused(401, "authError", "Invalid Credentials")
            return _json(200, self._answer(asked))
        except _Refused as refused:
            return refusal(refused.status, refused.reason, refused.message)

    def _answer(self, asked: Asked) -> Any:
        found = discovery.method_of(asked.method, asked.path)
        if found is None:
            raise _Refused(404, "notFound", "Not Found")
        method, parts = found
        if unknown := asked.query.keys() - method.parameters:
            raise discovery.Dishonest(f"{method.id} takes no {', '.join(sorted(unknown))}")
        self._allow(method.id, parts["project"])
        body = self._body(method.id, parts, asked)
        discovery.check(method.response, body)
        if "fields" not in asked.query:
            return body
        try:
            return masked(body, asked.query["fields"])
        except (ValueError, IndexError):
            raise _Refused(400, "invalidParameter", "Invalid field selection") from None

    def _allow(self, method: str, project: str) -> None:
        """Like Google, which tells of no project that the caller may not see."""
        if f"projects/{project}" not in self.resources:
            raise _Refused(404, "notFound", f"The resource 'projects/{project}' was not found")
        permission = permission_of(method)
        if (project, permission) in self.denied:
            raise _Refused(403, "forbidden", f"Required '{permission}' permission for 'projects/{project}'")

    def _body(self, method: str, parts: Mapping[str, str], asked: Asked) -> Any:
        _, resource, verb = method.split(".")
        project = f"projects/{parts['project']}"
        match verb:
            case "get" if resource == "projects":
                return self.resources[project]
            case "get":
                return self._one(asked.path)
            case "aggregatedList":
                return self._aggregated(_COLLECTION.get(resource, resource), project, asked.query)
            case "list" if resource in _GLOBAL:
                return self._plain(resource, project, asked.query)
            case "listInstances":
                return self._members(asked)
        raise discovery.Dishonest(f"{method} is not known here yet")

    def _one(self, path: str) -> Any:
        relative = path.removeprefix("/compute/v1/")
        if relative not in self.resources:
            raise _Refused(404, "notFound", f"The resource '{relative}' was not found")
        return self.resources[relative]

    def _aggregated(self, collection: str, project: str, query: Mapping[str, str]) -> Any:
        """One page: scopes by their name, those with nothing in them under a warning."""
        flat = [
            (scope, self.resources[path])
            for scope in SCOPES
            if scope not in self.unreachable
            for path in self._paths(f"{project}/{scope}/{collection}/")
        ]
        if query.get("orderBy") == _NEWEST_FIRST and collection == "operations":
            flat.sort(key=lambda found: str(found[1]["insertTime"]), reverse=True)
            query = {key: value for key, value in query.items() if key != "orderBy"}
        page, token = self._page(collection, flat, query)
        items: dict[str, Any] = {}
        for scope, body in page:
            items.setdefault(scope, {}).setdefault(collection, []).append(body)
        for scope in SCOPES:
            lost = scope in self.unreachable
            if lost or scope not in items:
                items[scope] = {"warning": _warning("UNREACHABLE" if lost else "NO_RESULTS_ON_PAGE", scope)}
        kind = _KINDS[collection][0]
        named = f"{'compute#healthChecks' if collection == 'healthChecks' else kind}AggregatedList"
        return {
            "kind": named,
            "id": f"{project}/aggregated/{collection}",
            "items": items,
            "selfLink": f"{HOST}{project}/aggregated/{collection}",
            **({"nextPageToken": token} if token else {}),
            **({"unreachables": sorted(self.unreachable)} if self.unreachable else {}),
        }

    def _plain(self, collection: str, project: str, query: Mapping[str, str]) -> Any:
        found = [self.resources[path] for path in self._paths(f"{project}/global/{collection}/")]
        page, token = self._page(collection, found, query)
        return {
            "kind": f"{_KINDS[collection][0]}List",
            "id": f"{project}/global/{collection}",
            "items": page,
            "selfLink": f"{HOST}{project}/global/{collection}",
            **({"nextPageToken": token} if token else {}),
        }

    def _members(self, asked: Asked) -> Any:
        group = asked.path.removeprefix("/compute/v1/").removesuffix("/listInstances")
        self._one(group)
        discovery.check("InstanceGroupsListInstancesRequest", json.loads(asked.body or b"{}"))
        members = [
            {"instance": HOST + path, "status": self.resources[path]["status"]} for path in self.members.get(group, ())
        ]
        page, token = self._page("listInstances", members, asked.query)
        return {
            "kind": "compute#instanceGroupsListInstances",
            "id": group,
            **({"items": page} if page else {}),
            "selfLink": f"{HOST}{group}/listInstances",
            **({"nextPageToken": token} if token else {}),
        }

    def _paths(self, prefix: str) -> list[str]:
        return sorted(path for path in self.resources if path.startswith(prefix))

    def _page(self, what: str, found: list[Any], query: Mapping[str, str]) -> tuple[list[Any], str]:
        """Tokens are opaque, and bound to what was asked first."""
        if query.get("filter") or query.get("orderBy"):
            raise discovery.Dishonest("filters and orders are not understood here")
        size = int(query.get("maxResults", 500))
        if not 0 <= size <= 500:
            raise _Refused(400, "invalid", f"Invalid value for field 'maxResults': '{size}'")
        start = 0
        if token := query.get("pageToken"):
            bound, start = self._tokens.get(token, ("", 0))
            if bound != what:
                raise _Refused(400, "invalid", f"Invalid value for field 'pageToken': '{token}'")
        if start + size >= len(found):
            return found[start:], ""
        following = base64.urlsafe_b64encode(f"{what}:{start + size}".encode()).decode()
        self._tokens[following] = what, start + size
        return found[start : start + size], following


def permission_of(method: str) -> str:
    """The permission that a call takes: `compute.instances.list` for `compute.instances.aggregatedList`."""
    service, resource, verb = method.split(".")
    verb = {"aggregatedList": "list", "listInstances": "list"}.get(verb, verb)
    return f"{service}.{resource}.{verb}"


def refusal(status: int, reason: str, message: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """An error as Google words it."""
    error = {"code": status, "message": message, "errors": [{"message": message, "domain": "global", "reason": reason}]}
    return _json(status, {"error": error}, headers)


def _json(status: int, body: Any, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    named = {"Content-Type": "application/json; charset=UTF-8", **dict(headers)}
    return Answer(status=status, headers=named, body=json.dumps(body).encode())


def _token(asked: Asked) -> Answer:
    """A token for the service account whose key signed the assertion; whether it signed well is not looked at."""
    assertion = parse_qs(asked.body.decode())["assertion"][0]
    claims = assertion.split(".")[1]
    issuer = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["iss"]
    return _json(200, {"access_token": f"token-of-{issuer}", "expires_in": 3599, "token_type": "Bearer"})


def _authorization(asked: Asked) -> str:
    """google-auth writes the header's name in lower case."""
    return next((value for name, value in asked.headers.items() if name.lower() == "authorization"), "")


def _warning(code: str, scope: str) -> dict[str, Any]:
    messages = {
        "NO_RESULTS_ON_PAGE": f"There are no results for scope '{scope}' on this page.",
        "UNREACHABLE": f"The scope '{scope}' is unreachable.",
    }
    return {"code": code, "message": messages[code], "data": [{"key": "scope", "value": scope}]}
