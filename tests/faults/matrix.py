"""The cells of the fault matrix: what each fault hits, what it may cost, and which cells make no sense and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec

from drift_audit_aws import eks
from drift_audit_aws.families import READERS
from tests.faults import spoils
from tests.faults.bench import (
    FIRST_REGION,
    LIVE,
    SECOND_REGION,
    SPARE_REGION,
    SUSPECT,
    Lane,
)
from tests.rig.fault_proxy import FaultProxy, Spoil
from tests.rig.fleet import ACCOUNT
from tests.rig.upstreams import Asked

CLOUDTRAIL = ("cloudtrail:LookupEvents",) if find_spec("drift_audit_aws.history") else ()
UNASKED = {
    "ec2:DescribeCarrierGateways": "asked for nothing but what a cluster in a Wavelength Zone names; moto has none",
    "elasticloadbalancing:DescribeInstanceHealth": "asked of classic load balancers, which no cluster here has",
    "autoscaling:DescribeScalingActivities": "asked only of a pool that is short of instances",
    "autoscaling:DescribeInstanceRefreshes": "asked only of a pool whose instances are being replaced",
    **{
        action: "asked only where an object names an EKS cluster; refused one by one in test_aws_collect_eks"
        for reader in eks.FAMILY.readers
        for action in reader.actions
    },
}
"""Actions that a fleet in good order never needs: their readers are the same as those of their neighbours."""
_IN_TABLE = dict.fromkeys(action for reader in READERS for action in reader.actions)
AWS_ACTIONS = tuple(action for action in _IN_TABLE if action not in UNASKED) + CLOUDTRAIL
"""Taken from the provider's own table: a new collector is in the matrix as soon as it is in there."""
_ACCOUNT_WIDE = frozenset(action for reader in READERS if not reader.everywhere for action in reader.actions)

_PAGING = ("empty page with a token", "repeated token", "page missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a fault hits, and which part of the fleet may suffer from it."""

    name: str
    proxy: Callable[[Lane], FaultProxy]
    hits: Callable[[Asked], bool]
    spoil: Callable[[str], Spoil]
    suffering: frozenset[str]
    """Workload clusters that become incomplete."""
    perhaps: frozenset[str] = frozenset()
    """Further ones that may; all others stay exactly as they are."""
    gap: str
    """How the scope of a gap begins."""
    senseless: dict[str, str]
    """Faults that cannot happen here, each with the reason."""
    over_https: bool = False
    only_proves: bool = False
    """True for evidence: without it a run is still complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One fault at one target."""

    target: Target
    fault: str

    @property
    def name(self) -> str:
        return f"{self.target.name}-{self.fault}".replace(" ", "_")


_NO_ACCOUNT = "an API server belongs to no account"
_NO_REGION = "an API server is not split into regions"
_SERVER_CLOCK = "an API server asks for no signed time; its clock shows in what objects say of their age (see below)"
_OF_API = {"wrong account": _NO_ACCOUNT, "one region refused": _NO_REGION, "clock skew": _SERVER_CLOCK}
_NOT_PAGED = dict.fromkeys(_PAGING, "it is one answer without pages")


def _api(name: str, path_ends: str, senseless: dict[str, str]) -> Target:
    return Target(
        name=name,
        proxy=lambda lane: lane.api,
        hits=lambda asked: asked.path.endswith(path_ends),
        spoil=spoils.of_api_server,
        suffering=frozenset({"one", "two"}),
        gap=LIVE,
        senseless=senseless,
    )


KIND_CLASSES = {
    "core": "/clusters",
    "machines": "/machines",
    "infrastructure": "/awsmachines",
    "identities": "/awsclusterroleidentities",
    "GitOps": "/kustomizations",
    "built in": "/namespaces",
}
API_TARGETS = (
    _api("discovery", "/apis", {**_OF_API, **_NOT_PAGED}),
    *(_api(f"list {name}", path, _OF_API) for name, path in KIND_CLASSES.items()),
    _api("CRD read", "/awsmachines.infrastructure.cluster.x-k8s.io", {**_OF_API, **_NOT_PAGED}),
)


def _evidence(name: str, path_ends: str) -> Target:
    return replace(_api(name, path_ends, _OF_API), suffering=frozenset(), only_proves=True)


CLOSER_TARGETS = (
    _evidence("events of a suspect", "/events"),
    _evidence("controllers", "/deployments"),
    _evidence("webhooks", "/validatingwebhookconfigurations"),
    replace(
        _api("kubeconfig", f"/{SUSPECT}-kubeconfig", {**_OF_API, **_NOT_PAGED}),
        suffering=frozenset(),
        perhaps=frozenset({SUSPECT}),
        only_proves=True,
    ),
)
"""What is asked about the suspect alone."""


def _of_first_account(action: str, asked: Asked, regions: tuple[str, ...]) -> bool:
    return asked.aws_action == action and asked.aws_region in regions


def _sts(operation: str, senseless: dict[str, str]) -> Target:
    return Target(
        name=f"sts:{operation}",
        proxy=lambda lane: lane.cloud,
        hits=lambda asked: _of_first_account(f"sts:{operation}", asked, (FIRST_REGION, SPARE_REGION)),
        spoil=spoils.of_aws,
        suffering=frozenset({"one"}),
        gap=f"aws/{ACCOUNT}/",
        senseless={**_NOT_PAGED, **senseless},
    )


STS_TARGETS = (
    _sts("AssumeRole", {"wrong account": "a role of another account shows in what GetCallerIdentity says"}),
    _sts("GetCallerIdentity", {}),
)


_SAME_CLIENT = "the client of the service does not tell operations apart: {} stands for them all"
_OF_EACH = ("403", "another document", *_PAGING)
"""Faults whose meaning depends on the operation: its right, the shape of its answer, its pages."""


def _stand_in(action: str) -> str:
    """The first operation of the service, which goes through every fault."""
    return next(each for each in AWS_ACTIONS if each.partition(":")[0] == action.partition(":")[0])


def _aws(action: str) -> Target:
    service, _, _ = action.partition(":")
    everywhere = action not in _ACCOUNT_WIDE
    paged = {} if spoils.paging_of(action) else dict.fromkeys(_PAGING, "the operation has no pages")
    return Target(
        name=action,
        proxy=lambda lane: lane.cloud,
        hits=lambda asked: asked.aws_action == action and (not everywhere or asked.aws_region == FIRST_REGION),
        spoil=spoils.of_aws,
        suffering=frozenset({"one"}),
        perhaps=frozenset() if everywhere else frozenset({"two"}),
        gap=f"aws/{ACCOUNT}/{FIRST_REGION}" if everywhere else "aws/",
        senseless={
            **_left_to(_stand_in(action), action),
            **paged,
            "wrong account": "the account is verified by STS before anything is listed",
            **({} if everywhere else {"one region refused": f"{service} has no regions"}),
        },
    )


def _left_to(stand_in: str, action: str) -> dict[str, str]:
    if stand_in == action:
        return {}
    return {fault: _SAME_CLIENT.format(stand_in) for fault in spoils.FAULTS if fault not in _OF_EACH}


AWS_TARGETS = tuple(_aws(action) for action in AWS_ACTIONS)
SPARE = Target(
    name="a region without clusters",
    proxy=lambda lane: lane.cloud,
    hits=lambda asked: asked.aws_service == "ec2" and asked.aws_region == SPARE_REGION,
    spoil=spoils.of_aws,
    suffering=frozenset(),
    gap=f"aws/{ACCOUNT}/{SPARE_REGION}",
    senseless={fault: "the region is the target" for fault in spoils.FAULTS if fault != "one region refused"},
)
GIT_TARGET = Target(
    name="Git fetch",
    proxy=lambda lane: lane.git,
    hits=lambda asked: True,
    spoil=spoils.of_git,
    suffering=frozenset({"one", "two"}),
    gap="fleet@main",
    senseless={
        **dict.fromkeys(_PAGING, "what Git sends has no pages"),
        "wrong account": "a repository that is hidden from an account answers as one that does not exist (404)",
        "one region refused": "a Git server is one address",
        "clock skew": "a clock matters to TLS alone, and a certificate that does not hold is one error",
    },
    over_https=True,
)
TARGETS = (*API_TARGETS, *CLOSER_TARGETS, *STS_TARGETS, *AWS_TARGETS, SPARE, GIT_TARGET)


def cells() -> Iterator[Cell]:
    """Every combination that can happen."""
    for target in TARGETS:
        for fault in spoils.FAULTS:
            if fault not in target.senseless:
                yield Cell(target=target, fault=fault)


assert all(set(target.senseless) <= set(spoils.FAULTS) for target in TARGETS), "a reason for a fault that is not listed"
assert SECOND_REGION not in (FIRST_REGION, SPARE_REGION)
