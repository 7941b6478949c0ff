"""Whoever writes what in whatever order: people are blamed for all that they did and for nothing else.

Random sequences of requests by a GitOps tool, people, scripts and controllers go through the real API
server, which keeps the managedFields. Beside it runs a plain account of who changed which leaf last. Then:

- no leaf is called edited unless a person changed or claimed it after the GitOps tool last set it;
- every leaf that differs from Git because of a person is found, and the person's tool is named;
- nothing else is reported, since no webhook runs and Git is applied as it is.

`DRIFT_AUDIT_SEED` repeats a run.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

from drift_audit.compare.git import Schemas, comparable, compare_with_git
from drift_audit.compare.managers import ManagerTable
from drift_audit.compare.object_pair import rulings
from drift_audit.correlate.pairing import pair_objects
from drift_audit.model.comparison import SILENT, LeafComparison, LeafOutcome
from drift_audit.model.keys import FieldPath, ItemKey, SetItem, format_path
from drift_audit.model.objects import CapiObject, Declaration, Location
from drift_audit.model.views import ClusterView, GitSourceView, KindListing, Rendering
from tests.integration.widgets import API_VERSION, CRD, GROUP, KIND, VERSION, widgets_installed
from tests.rig.apiserver import ApiServer
from tests.rig.client import ApiRefused, Json, RigClient
from tests.rig.management_cluster import ManagementCluster, fresh_management_cluster

pytestmark = pytest.mark.rig

SEED = int(os.environ.get("DRIFT_AUDIT_SEED", random.SystemRandom().randrange(2**32)))
EXAMPLES = int(os.environ.get("DRIFT_AUDIT_EXAMPLES", "300"))
_counter = itertools.count(1)

Leaves = dict[FieldPath, Any]


# What can be written

WORDS = st.sampled_from(["a", "b", "c"])
SCALARS: st.SearchStrategy[Any] = st.one_of(WORDS, st.integers(0, 2), st.booleans())
FREE = st.recursive(
    SCALARS, lambda inner: st.lists(SCALARS, min_size=1, max_size=2) | st.dictionaries(WORDS, inner, max_size=2)
)
PARTS = st.lists(
    st.fixed_dictionaries(
        {"name": WORDS},
        optional={"side": st.sampled_from(["left", "right"]), "weight": st.integers(0, 2), "value": FREE},
    ),
    max_size=3,
    unique_by=lambda part: (part["name"], part.get("side", "left")),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "size": st.integers(0, 3),
    "mode": st.sampled_from(["Plain", "Fancy"]),
    "title": st.sampled_from(["", "a", "b"]),
    "paused": st.booleans(),
    "port": st.sampled_from([1, "1", 2]),
    "tags": st.lists(WORDS, max_size=2),
    "zones": st.lists(WORDS, max_size=2, unique=True),
    "options": st.dictionaries(WORDS, WORDS, max_size=2),
    "frozen": st.fixed_dictionaries({}, optional={"first": WORDS, "second": WORDS}),
    "nested": st.fixed_dictionaries(
        {},
        optional={"depth": st.integers(0, 2), "inner": st.fixed_dictionaries({}, optional={"note": WORDS})},
    ),
    "free": st.dictionaries(WORDS, FREE, max_size=2),
    "maybe": st.sampled_from(["a", None]),
    "parts": PARTS,
}
NAMES = st.sampled_from(["team", "example.com/a.b", "cluster.x-k8s.io/paused"])
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(NAMES, st.sampled_from(["x", "y"]), max_size=2),
        "annotations": st.dictionaries(NAMES, st.sampled_from(["x", ""]), max_size=2),
    },
)
DOCUMENTS = st.builds(
    lambda spec, metadata: {"spec": spec, "metadata": metadata},
    st.fixed_dictionaries({}, optional=FIELDS),
    METADATA,
)


MARK = "kustomize.toolkit.fluxcd.io/name"
TRACES = (MARK, "kubectl.kubernetes.io/last-applied-configuration")
"""What the GitOps tool leaves on everything it applies."""


# Who can write

PEOPLE = ("kubectl-edit", "kubectl-patch", "node-fetch", "python-requests", "some-tool-of-ours")
CONTROLLERS = ("manager", "capi-machinedeployment", "some-controller-manager")


@dataclass(frozen=True)
class Step:
    """One request; the target is chosen when the sequence runs."""

    who: str
    how: str
    document: Json
    pick: int


def steps() -> st.SearchStrategy[list[Step]]:
    by_tool = st.builds(Step, st.just("applier"), st.just("apply"), DOCUMENTS, st.just(0))
    writes = st.sampled_from(["merge", "put", "remove", "remove"])
    people = st.builds(Step, st.sampled_from(PEOPLE), writes, DOCUMENTS, st.integers(0, 99))
    owners = st.builds(Step, st.just("kubectl"), st.sampled_from(["apply", "scale"]), DOCUMENTS, st.integers(0, 3))
    controllers = st.builds(Step, st.sampled_from(CONTROLLERS), writes, DOCUMENTS, st.integers(0, 99))
    autoscaler = st.builds(Step, st.just("cluster-autoscaler"), st.just("scale"), st.just({}), st.integers(0, 3))
    return st.lists(st.one_of(by_tool, people, people, owners, controllers, autoscaler), min_size=1, max_size=7)


# A plain account of the leaves, by the structure that the CRD gives


def held_by(raw: Json) -> Leaves:
    """Every leaf that holds something; `null`, and empty lists and maps count as nothing."""
    return {path: value for path, value in leaves_in(raw).items() if value not in (None, [], {})}


def leaves_in(raw: Json) -> Leaves:
    """Every leaf, those that are an empty list or a `null` that the schema allows among them."""
    found: Leaves = {}
    for kind in ("labels", "annotations"):
        for name, value in (raw["metadata"].get(kind) or {}).items():
            if name not in TRACES:
                found["metadata", kind, name] = value
    for name, value in (raw.get("spec") or {}).items():
        found.update(_field_leaves(name, value))
    return found


def _field_leaves(name: str, value: Any) -> Iterator[tuple[FieldPath, Any]]:
    at: FieldPath = ("spec", name)
    match name:
        case "zones":
            yield from (((*at, SetItem.of(item)), item) for item in value or ())
        case "parts":
            for part in value or ():
                keys = {"name": part["name"], "side": part.get("side", "left")}
                rest = {key: below for key, below in part.items() if key not in keys}
                item: FieldPath = (*at, ItemKey.of(keys))
                # That the item is there is a fact of its own, whatever becomes of its fields.
                yield item, keys
                for key, deeper in rest.items():
                    yield from _granular((*item, key), deeper)
        case "frozen" | "maybe":
            yield at, value
        case _:
            yield from _granular(at, value)


def _granular(at: FieldPath, value: Any) -> Iterator[tuple[FieldPath, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _granular((*at, key), below)
    elif value is not None:
        yield at, value


@dataclass
class Account:
    """Who changed or claimed each leaf since somebody else last changed it."""

    people: dict[FieldPath, set[str]] = field(default_factory=dict)
    last: dict[FieldPath, str] = field(default_factory=dict)

    def book(self, who: str, before: Leaves, after: Leaves, claimed: Leaves) -> None:
        changed = [path for path in {**before, **after} if not _same(before.get(path, ...), after.get(path, ...))]
        for path in changed:
            self.last[path] = who
            self.people.pop(path, None)
        # To claim a value that stands already takes it from nobody: both own it then.
        for path in {*changed, *claimed} if is_person(who) else ():
            self.people.setdefault(path, set()).add(who)

    def touched(self, path: FieldPath) -> set[str]:
        """The people who changed or claimed this leaf, or a part of it."""
        return set().union(*(people for at, people in self.people.items() if _related(at, path)))


def is_person(who: str) -> bool:
    return who in PEOPLE or who in ("kubectl", "flux-client-side-apply")


def _same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True, default=repr) == json.dumps(right, sort_keys=True, default=repr)


# Playing a sequence


@dataclass
class Stage:
    cluster: ManagementCluster
    client_side: bool
    """Whether the GitOps tool applies as Argo CD does by default, instead of as Flux does."""
    name: str
    git: Json = field(default_factory=dict)
    account: Account = field(default_factory=Account)

    @property
    def applier(self) -> str:
        return "argocd-controller" if self.client_side else "kustomize-controller"

    def body(self, document: Json) -> Json:
        metadata = {"name": self.name, "namespace": self.cluster.namespace, **document["metadata"]}
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": document["spec"]}

    def live(self) -> Json:
        return self.cluster.client.get(self.body({"metadata": {}, "spec": {}}))

    def play(self, step: Step) -> None:
        if self.client_side and step.who == "kubectl" and step.how == "apply":
            # An Apply by `kubectl` itself rewrites the annotation that client-side apply goes by.
            step = replace(step, who="flux-client-side-apply")
        before = {} if not self.git else leaves_in(self.live())
        try:
            claimed = _REQUESTS[step.how](self, step)
        except ApiRefused as refused:
            note(f"refused: {refused.message[:100]}")
            return
        self.account.book(step.who, before, leaves_in(self.live()), claimed)

    def client(self, who: str) -> RigClient:
        return self.cluster.client.as_manager(self.applier if who == "applier" else who)

    def apply(self, step: Step) -> Leaves:
        body = self.body(step.document)
        if step.who != "applier":
            self.client(step.who).apply(body)
            return leaves_in(body)
        body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), MARK: "fleet"}
        if self.client_side:
            self._apply_client_side(body)
        else:
            self.client("applier").apply(body)
        self.git = body
        return leaves_in(body)

    def _apply_client_side(self, body: Json) -> None:
        """What `kubectl apply` and Argo CD send: the new values, and a null for what only the last apply had."""
        noted = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(body)}
        sent = copy.deepcopy(body)
        sent["metadata"].setdefault("annotations", {}).update(noted)
        client = self.client("applier")
        if not self.git:
            client.create(sent)
        else:
            client.merge_patch(sent, _three_way(self.git, sent))

    def merge(self, step: Step) -> Leaves:
        self.client(step.who).merge_patch(self.body(step.document), step.document)
        return {}

    def put(self, step: Step) -> Leaves:
        live = self.live()
        live["spec"] = step.document["spec"]
        self.client(step.who).update(live)
        return {}

    def remove(self, step: Step) -> Leaves:
        live = self.live()
        pointers = sorted(_pointers(live.get("spec", {}), "/spec"))
        pointers += sorted(
            f"/metadata/{kind}/{_escaped(name)}"
            for kind in ("labels", "annotations")
            for name in live["metadata"].get(kind, {})
            if name not in TRACES
        )
        if pointers:
            chosen = pointers[step.pick % len(pointers)]
            self.client(step.who).json_patch(live, [{"op": "remove", "path": chosen}])
        return {}

    def scale(self, step: Step) -> Leaves:
        live = self.live()
        # Where nobody owns the number, the server keeps no record of who scales (apimachinery
        # `managedfields/internal/skipnonapplied.go`: what has no owners yet is not tracked).
        if "f:size" in json.dumps(live["metadata"]["managedFields"]):
            self.cluster.client.with_user_agent(f"{step.who}/v1.36.0").scale(live, step.pick)
        return {}


_REQUESTS: dict[str, Callable[[Stage, Step], Leaves]] = {
    "apply": Stage.apply,
    "merge": Stage.merge,
    "put": Stage.put,
    "remove": Stage.remove,
    "scale": Stage.scale,
}


def _three_way(old: Any, new: Any) -> Any:
    """A merge patch to `new` that also removes what `old` had; maps that stay are merged."""
    patch = dict(new)
    for key, value in old.items():
        if key not in new:
            patch[key] = None
        elif isinstance(value, dict) and isinstance(new[key], dict):
            patch[key] = _three_way(value, new[key])
    return patch


def _pointers(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield f"{at}/{_escaped(key)}"
            yield from _pointers(below, f"{at}/{_escaped(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield f"{at}/{index}"
            yield from _pointers(item, f"{at}/{index}")


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


# Comparing


def compared(stage: Stage) -> tuple[list[LeafComparison], tuple[LeafComparison, ...]]:
    """(every leaf with its raw outcome, what would be reported)."""
    live, namespace = stage.live(), stage.cluster.namespace
    found = CapiObject(api_version=API_VERSION, kind=KIND, namespace=namespace, name=stage.name, raw=live)
    schema = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    listing = KindListing(
        group=GROUP, kind=KIND, plural="widgets", version=VERSION, served=(VERSION,), namespaced=True, complete=True
    )
    view = ClusterView(
        management_cluster="prod",
        server_version="",
        objects={found.key: found},
        kinds={(GROUP, KIND): listing},
        schemas={(GROUP, KIND, VERSION): schema},
    )
    declared = Declaration(
        api_version=API_VERSION,
        kind=KIND,
        namespace=namespace,
        name=stage.name,
        raw=stage.git,
        source="fleet",
        location=Location(repo="", revision="", file="fleet.yaml"),
    )
    source = GitSourceView(
        management_cluster="prod",
        source="fleet",
        repo="",
        ref="main",
        path=".",
        flavor="kustomize",
        applier="",
        head=Rendering(revision="1" * 40, renderer="plain", declarations=(declared,)),
    )
    table = ManagerTable()
    (comparison,) = compare_with_git(view, pair_objects(view, [source]), table)
    pair = comparable(Schemas(view), comparison.pair, table)
    assert pair is not None
    return rulings(pair), comparison.leaves


SIZE: FieldPath = ("spec", "size")
"""What the `scale` subresource writes, and what the server may lose the owner of.

Scaling to 0 removes the number in its eyes (`replicas,omitempty` in Scale); and a request that changes
nothing splits the entry of an Update in two of one identity, of which the next write keeps one
(apimachinery `managedfields/scalehandler.go`).
"""
EDITED = {LeafOutcome.CHANGED_OOB, LeafOutcome.EXTRA_OOB}
FOUND = EDITED | {LeafOutcome.REMOVED}
POSSIBLE_HERE = SILENT | FOUND | {LeafOutcome.CHANGED_BY_CONTROLLER, LeafOutcome.CHANGED_UNATTRIBUTED}


def check(stage: Stage) -> None:
    every, reported = compared(stage)
    raw = stage.live()
    git, live = held_by(stage.git), held_by(raw)
    ownerless = SIZE if "f:size" not in json.dumps(raw["metadata"]["managedFields"]) else None
    for leaf in every:
        shown = f"{format_path(leaf.path)}: {leaf.outcome} {leaf.actor}"
        assert leaf.outcome in POSSIBLE_HERE, shown
        if leaf.outcome in EDITED:
            touched = {
                who for path, people in stage.account.people.items() if _related(path, leaf.path) for who in people
            }
            assert touched, f"nobody touched {shown}"
            assert leaf.actor is not None and leaf.actor.who in touched, f"{touched} touched {shown}"
        if leaf.outcome is LeafOutcome.REMOVED:
            assert stage.account.last[leaf.path] != "applier", shown
    for path in {**git, **live}:
        stands = not _same(git.get(path), live.get(path)) and not _is_default(path, git, live)
        if path == ownerless and path not in git:
            continue
        if stands and is_person(stage.account.last.get(path, "")):
            shown = f"{format_path(path)}: {git.get(path)!r} in Git, {live.get(path)!r} in the cluster"
            found = FOUND | {LeafOutcome.CHANGED_UNATTRIBUTED} if path in (ownerless, _defaulted(live)) else FOUND
            assert any(leaf.outcome in found and _related(leaf.path, path) for leaf in every), f"not found: {shown}"
            assert any(leaf.outcome in found and _related(leaf.path, path) for leaf in reported), f"not told: {shown}"


def _related(one: FieldPath, other: FieldPath) -> bool:
    """True for a field and itself, or one around it: a map in place of a plain value has leaves below it."""
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _defaulted(live: Leaves) -> FieldPath | None:
    """What somebody removed, and the server filled in again without giving it an owner."""
    return ("spec", "mode") if live.get(("spec", "mode")) == "Plain" else None


def _is_default(path: FieldPath, git: Leaves, live: Leaves) -> bool:
    return path == ("spec", "mode") and path not in git and live.get(path) == "Plain"


@pytest.fixture(scope="module")
def stages(api_server: ApiServer) -> Iterator[Callable[[bool], Stage]]:
    """Makes one fresh Widget on the real API server."""
    print(f"DRIFT_AUDIT_SEED={SEED}")
    with widgets_installed(api_server.admin), fresh_management_cluster(api_server) as cluster:
        yield lambda client_side: Stage(cluster=cluster, client_side=client_side, name=f"w-{next(_counter)}")


@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(first=DOCUMENTS, sequence=steps(), client_side=st.booleans())
def test_people_are_found_and_nobody_else_is_blamed(
    stages: Callable[[bool], Stage], first: Json, sequence: list[Step], client_side: bool
) -> None:
    stage = stages(client_side)
    stage.play(Step("applier", "apply", first, 0))
    if not stage.git:
        return
    for step in sequence:
        stage.play(step)

    note(f"managedFields: {json.dumps(stage.live()['metadata'].get('managedFields'))}")
    check(stage)
