"""What the provider reads of Azure, and what it says when Azure refuses: over HTTPS, from the double.

- every cluster of a subscription and location at once, in pages
- subscription and tenant are verified before anything may be called missing
- only a 404 to the id itself says that something is gone
- a refusal is a gap that names the action to allow; nothing but reads leaves
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import RequestIdPolicy
from azure.mgmt.compute import ComputeManagementClient

from drift_audit.model.keys import ResourceKey
from drift_audit.model.views import CloudScopeView, ScopeStatus
from drift_audit_azure.guard import ReadOnlyGuard, RefusedCall, check_allowed
from drift_audit_azure.resource_types import BY_WORD, INDEXED
from drift_audit_azure.rights import actions
from drift_audit_azure.session import SubscriptionSession
from drift_audit_azure.settings import AzureSettings, AzureSubscription
from tests.integration.azure_flips import NODE, NODE_NIC, NODE_RULES
from tests.integration.azure_world import World, world
from tests.rig.azure.cluster import AzureClusterSpec, AzureMachineSpec
from tests.rig.azure.fleets import C1, PRIVATE
from tests.rig.azure.server import GRAPH, TOKEN, Answer, AzureEndpoint, Fault, Request, error, refusing
from tests.rig.azure.world import SUBSCRIPTION, type_of
from tests.unit.azure.builders import SCOPE, auditing, changed, quiet, replaced, view

OTHER_TENANT = "00000000-0000-4000-8000-0000000000bb"
ALL_READ = set(BY_WORD)


def scope_of(built: World) -> CloudScopeView:
    (scope,) = built.read()[1]
    return scope


def test_a_whole_fleet_is_read_with_a_handful_of_calls(azure_endpoint: AzureEndpoint) -> None:
    fleet = [
        AzureClusterSpec(name=f"c{number}", machines=(AzureMachineSpec(name=f"c{number}-md-0"),)) for number in range(6)
    ]
    built = world(azure_endpoint, *fleet)

    scope = scope_of(built)

    assert azure_endpoint.paths() == [
        f"GET /subscriptions/{SUBSCRIPTION}",
        f"POST {GRAPH}",
        f"GET /subscriptions/{SUBSCRIPTION}/resourcegroups",
    ]
    assert scope.gaps == () and all(scope.listed(kind) for kind in ALL_READ)
    assert all(read.status is ScopeStatus.COMPLETE for read in scope.reads)
    assert sum(read.calls for read in scope.reads) == 2, "the subscription itself is not a scope that is read"


@pytest.mark.parametrize("graph", [True, False], ids=["graph", "lists"])
def test_a_listing_goes_on_page_after_page(azure_endpoint: AzureEndpoint, graph: bool) -> None:
    azure_endpoint.page_size = 2
    built = world(azure_endpoint, C1, PRIVATE, page_size=3, resource_graph=graph)

    scope = scope_of(built)

    assert scope.gaps == ()
    listed = {body["id"].casefold() for body in built.azure.resources.values()}
    assert {identifier for kind, identifier in scope.resources if kind != "subnet"} == listed
    pages = azure_endpoint.paths().count(f"POST {GRAPH}")
    assert pages == (-(-(len(listed) - 2) // 3) if graph else 0)


def test_another_location_is_another_scope(azure_endpoint: AzureEndpoint) -> None:
    far = AzureClusterSpec(name="far", location="northeurope", machines=(AzureMachineSpec(name="far-0"),))
    built = world(azure_endpoint, C1, far)

    _, clouds = built.read()

    assert [cloud.scope.region for cloud in clouds] == ["northeurope", "westeurope"]
    machines = [{identifier for kind, identifier in cloud.resources if kind == "virtual-machine"} for cloud in clouds]
    assert [len(some) for some in machines] == [1, 3]
    assert built.facts() == ()


def test_without_resource_graph_every_type_is_listed_by_itself_and_nothing_is_lacking(
    azure_endpoint: AzureEndpoint,
) -> None:
    built = world(azure_endpoint, C1)
    azure_endpoint.faults.append(refusing(GRAPH, error(403, "Forbidden")))

    scope = scope_of(built)

    assert scope.gaps == () and all(scope.listed(kind) for kind in ALL_READ)
    assert built.facts() == ()
    asked = [path for path in azure_endpoint.paths() if path.startswith("GET") and "/providers/" in path]
    assert {path.rpartition("/providers/")[2] for path in asked} == {kind.name.casefold() for kind in INDEXED}


def _rows_lost(request: Request) -> Answer | None:
    """Resource Graph that promises more than it gives."""
    body = b'{"totalRecords": 40, "count": 0, "data": [], "resultTruncated": "true"}'
    return Answer(200, body) if request.path == GRAPH else None


def _cut(path: str) -> Fault:
    return lambda request: Answer(200, b'{"value": [{"id": "x"}]}', sent=9) if request.path.endswith(path) else None


def _a_page_of_a_proxy(path: str) -> Fault:
    return lambda request: Answer(200, b"<html>Sign in</html>") if request.path.endswith(path) else None


def _slow(path: str) -> Fault:
    def fault(request: Request) -> None:
        if request.path.endswith(path):
            time.sleep(1.5)

    return fault


@pytest.mark.parametrize(
    "fault",
    [
        _rows_lost,
        _cut(GRAPH),
        _a_page_of_a_proxy(GRAPH),
        refusing(GRAPH, error(429, "RateLimiting", Retry_After="3600")),
        refusing(GRAPH, error(500, "InternalServerError")),
        _slow(GRAPH),
    ],
    ids=["lost-rows", "cut", "proxy", "throttled", "failing", "slow"],
)
def test_whatever_resource_graph_does_nothing_is_lost(azure_endpoint: AzureEndpoint, fault: Fault) -> None:
    """Neither is anything called missing, nor is what no object names overlooked."""
    built = world(azure_endpoint, C1, read_timeout_seconds=1.0)
    nobodys = C1.naming.network("publicIPAddresses", "nobodys")
    built.azure.add(nobodys, location="westeurope", tags={C1.naming.owned_tag: "owned"}, properties={})
    azure_endpoint.faults.append(fault)

    views, clouds = built.read()
    correlation = built.correlated(views, clouds)

    assert [gap for cloud in clouds for gap in cloud.gaps] == []
    assert not (correlation.absences or correlation.undecided)
    assert len({link.resource for link in correlation.links}) > 20
    assert [leftover.resource.id for leftover in correlation.leftovers] == [nobodys.casefold()]


MACHINES = f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.compute/virtualmachines"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            refusing(MACHINES, error(403, "AuthorizationFailed")),
            "Microsoft.Compute/virtualMachines/read is not allowed",
        ),
        (refusing(MACHINES, error(429, "TooManyRequests", Retry_After="900")), "was throttled"),
        (refusing(MACHINES, error(503, "ServiceUnavailable")), "failed inside Azure"),
        (refusing(MACHINES, error(401, "ExpiredAuthenticationToken")), "does not accept the audit's token"),
        (_cut(MACHINES), "is not what Azure sends"),
        (_a_page_of_a_proxy(MACHINES), "is not what Azure sends"),
        (_slow(MACHINES), "could not be reached"),
    ],
    ids=["denied", "throttled", "failing", "expired", "cut", "proxy", "slow"],
)
def test_a_listing_that_fails_is_a_gap_and_the_rest_is_read(
    azure_endpoint: AzureEndpoint, fault: Fault, words: str
) -> None:
    built = world(azure_endpoint, C1, resource_graph=False, read_timeout_seconds=1.0)
    azure_endpoint.faults.append(fault)

    views, clouds = built.read()
    correlation = built.correlated(views, clouds)

    (gap,) = clouds[0].gaps
    assert words in gap.reason and gap.subject == "virtual-machine"
    assert gap.right == ("Microsoft.Compute/virtualMachines/read" if "not allowed" in words else "")
    assert not clouds[0].listed("virtual-machine")
    assert all(clouds[0].listed(kind) for kind in ALL_READ - {"virtual-machine"})
    assert correlation.absences == ()
    linked = {link.resource.type for link in correlation.links}
    assert {"virtual-network", "load-balancer"} <= linked


def test_half_of_the_pages_is_no_listing(azure_endpoint: AzureEndpoint) -> None:
    """The second page fails: what the first one lacks is asked for by its id, and nothing is called missing."""
    azure_endpoint.page_size = 2
    built = world(azure_endpoint, C1, resource_graph=False)

    def second(request: Request) -> Answer | None:
        return error(500, "InternalServerError") if "$skiptoken" in request.query else None

    azure_endpoint.faults.append(second)
    views, clouds = built.read()

    assert not clouds[0].listed("virtual-machine")
    assert built.correlated(views, clouds).absences == ()


def test_what_may_not_be_read_is_a_gap_although_every_listing_succeeds(azure_endpoint: AzureEndpoint) -> None:
    """Resource Graph leaves a resource group out without a word."""
    built = world(azure_endpoint, C1, PRIVATE)
    built.azure.hidden.add("c1")

    views, clouds = built.read()
    correlation = built.correlated(views, clouds)

    assert correlation.absences == ()
    rights = {gap.right for gap in clouds[0].gaps}
    assert {"Microsoft.Compute/virtualMachines/read", "Microsoft.Network/virtualNetworks/read"} <= rights
    undecided = {each.object.name for each in correlation.undecided}
    assert {"c1", "c1-cp-0", "c1-md-0", "c1-spot-0"} == undecided
    assert {link.cluster.name for link in correlation.links} == {"p1"}


def test_interfaces_that_may_not_be_read_are_a_gap(azure_endpoint: AzureEndpoint) -> None:
    """A role that lacks one type: its rows would otherwise compare nothing, and look green."""
    built = world(azure_endpoint, C1)
    built.azure.unindexed.update(key for key in built.azure.resources if "/networkinterfaces/" in key)
    denied = error(403, "AuthorizationFailed")
    azure_endpoint.faults.append(
        lambda request: denied if request.method == "GET" and "/networkinterfaces/" in request.path else None
    )

    views, clouds = built.read()
    correlation = built.correlated(views, clouds)

    (gap,) = clouds[0].gaps
    assert (gap.subject, gap.right) == ("network-interface", "Microsoft.Network/networkInterfaces/read")
    assert not clouds[0].listed("network-interface")
    assert correlation.absences == () and correlation.undecided == ()
    assert sum("/networkinterfaces/" in path for path in azure_endpoint.paths()) == 1, "one refusal stands for all"


def test_what_resource_graph_does_not_know_yet_is_looked_up(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    built.azure.unindexed.update({NODE.casefold(), NODE_NIC.casefold(), NODE_RULES.casefold()})

    assert built.facts() == ()
    assert built.correlation().absences == ()


def test_a_machine_that_is_gone_is_missing_and_breaks_the_object(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    built.azure.remove(NODE)

    correlation = built.correlation()

    (absence,) = correlation.absences
    assert absence.link.resource.id == NODE.casefold()
    assert absence.reaction.startswith("breaks reconciliation") and not absence.transitional
    assert any("MachineHealthCheck" in text for text in (absence.reaction,))


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        (NODE_RULES, "network-security-group"),
        (C1.naming.network("routeTables", "c1-node-routetable"), "route-table"),
        (C1.naming.network("natGateways", "c1-node-natgw-1"), "nat-gateway"),
        (C1.naming.network("publicIPAddresses", "pip-c1-apiserver"), "public-ip"),
        (C1.naming.network("loadBalancers", "c1-public-lb"), "load-balancer"),
    ],
)
def test_a_part_of_the_network_that_is_gone_is_missing(
    azure_endpoint: AzureEndpoint, identifier: str, kind: str
) -> None:
    built = world(azure_endpoint, C1)
    built.azure.remove(identifier)

    (absence,) = built.correlation().absences

    assert (absence.link.resource.type, absence.link.resource.id) == (kind, identifier.casefold())


def test_a_whole_resource_group_that_is_gone_is_missing(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    built.azure.resources.clear()

    absences = built.correlation().absences

    assert {"resource-group", "virtual-network", "subnet", "virtual-machine"} <= {
        absence.link.resource.type for absence in absences
    }


def _no_role(built: World) -> None:
    built.azure.tenants.clear()


def _another_tenant(built: World) -> None:
    built.azure.tenants[SUBSCRIPTION] = OTHER_TENANT


def _disabled(built: World) -> None:
    built.azure.states[SUBSCRIPTION] = "Disabled"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (_no_role, "does not exist, or the audit's identity has no role in it"),
        (_another_tenant, f"is in tenant {OTHER_TENANT}, expected"),
        (_disabled, "is Disabled"),
    ],
)
def test_in_a_subscription_that_is_not_verified_nothing_is_listed_and_nothing_is_missing(
    azure_endpoint: AzureEndpoint, trouble: Callable[[World], None], words: str
) -> None:
    built = world(azure_endpoint, C1)
    trouble(built)

    views, clouds = built.read()
    correlation = built.correlated(views, clouds)

    (gap,) = clouds[0].gaps
    assert words in gap.reason
    assert azure_endpoint.paths() == [f"GET /subscriptions/{SUBSCRIPTION}"]
    assert not any(clouds[0].listed(kind) for kind in ALL_READ)
    assert correlation.absences == ()
    assert len(correlation.undecided) == len(C1.machines) + 1


def test_a_token_that_cannot_be_had_is_a_gap(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1, token_file="/nowhere/token")

    (gap,) = scope_of(built).gaps

    assert "has no token" in gap.reason
    assert azure_endpoint.asked == []


@pytest.mark.parametrize("credential", ["environment", "workload-identity"])
def test_surroundings_without_credentials_are_a_gap(
    azure_endpoint: AzureEndpoint, credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    built = world(azure_endpoint, C1, token_file="", credential=credential)

    (gap,) = scope_of(built).gaps

    assert "has no token" in gap.reason and "az login" in gap.remedy
    assert azure_endpoint.asked == []


@pytest.mark.parametrize("credential", ["default", "cli", "managed-identity"])
def test_every_kind_of_credential_can_be_made(credential: str) -> None:
    """Made only: asking them would look for an identity on this machine."""
    settings = AzureSettings(credential=credential)  # type: ignore[arg-type]

    assert SubscriptionSession(settings, AzureSubscription(subscription=SUBSCRIPTION)).meter.calls == 0


def test_a_second_look_confirms_by_the_id_and_takes_out_what_is_gone(azure_endpoint: AzureEndpoint) -> None:
    built = world(azure_endpoint, C1)
    views, (scope,) = built.read()
    (request,) = built.provider.plan(views).requests
    node = ResourceKey(*_of(SCOPE), "virtual-machine", NODE.casefold())
    nic = ResourceKey(*_of(SCOPE), "network-interface", NODE_NIC.casefold())
    built.azure.remove(NODE_NIC)
    azure_endpoint.asked.clear()

    again = built.provider.reread(request, scope, [node, nic])

    assert {(node.type, node.id), (nic.type, nic.id)} <= again.reread
    assert (nic.type, nic.id) not in again.resources and (node.type, node.id) in again.resources
    assert len(azure_endpoint.paths()) == 3, "the subscription once more, and each suspect"
    azure_endpoint.faults.append(refusing("c1-md-0", error(500, "InternalServerError")))
    failed = built.provider.reread(request, scope, [node])
    assert (node.type, node.id) not in failed.reread and failed.gaps


def _of(scope: Any) -> tuple[str, str, str]:
    return scope.provider, scope.account, scope.region


def _action(request: Request) -> str:
    """The right that ARM asks for, as far as the path tells it."""
    match request.path.strip("/").split("/"):
        case ["subscriptions", _]:
            return "Microsoft.Resources/subscriptions/read"
        case ["subscriptions", _, "resourcegroups", *rest] if "providers" not in rest:
            return "Microsoft.Resources/subscriptions/resourceGroups/read"
        case ["subscriptions", _, "providers", namespace, kind]:
            return f"{namespace}/{kind}/read"
        case _:
            return f"{type_of(request.path)}/read"


class TestLeftovers:
    """What CAPZ made and no object names."""

    def test_a_machine_without_an_object_is_left_over(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        objects = [found for found in built.objects if found.name != "c1-md-0"]

        leftovers = built.correlation(objects).leftovers

        assert [(each.resource.type, each.potential) for each in leftovers] == [("virtual-machine", False)]
        assert leftovers[0].cluster is not None and leftovers[0].cluster.name == "c1"

    def test_the_rest_of_a_machine_that_went_is_left_over(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        objects = [found for found in built.objects if found.name != "c1-md-0"]
        built.azure.remove(NODE)
        del built.azure.at(NODE_NIC)["properties"]["virtualMachine"]
        disk = built.azure.at(C1.naming.compute("disks", "c1-md-0_OSDisk"))
        disk["properties"]["diskState"] = "Unattached"
        del disk["managedBy"]

        leftovers = built.correlation(objects).leftovers

        assert {(each.resource.type, each.potential) for each in leftovers} == {
            ("disk", True),
            ("network-interface", True),
        }

    def test_a_cluster_that_nobody_has_may_be_anothers(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1, PRIVATE)
        objects = [found for found in built.objects if not found.name.startswith("p1")]

        leftovers = built.correlation(objects).leftovers

        assert leftovers and all(each.potential and each.cluster is None for each in leftovers)
        assert {each.claimed for each in leftovers} == {"p1"}

    @pytest.mark.parametrize(
        "tags",
        [{"k8s-azure-service": "default/web"}, {"kubernetes.io-created-for-pv-name": "pvc-1"}],
        ids=["service", "volume"],
    )
    def test_what_a_cluster_made_for_itself_is_not(self, azure_endpoint: AzureEndpoint, tags: dict[str, str]) -> None:
        built = world(azure_endpoint, C1)
        owned = {**tags, C1.naming.owned_tag: "owned"}
        built.azure.add(
            C1.naming.network("publicIPAddresses", "kubernetes-a1"), location="westeurope", tags=owned, properties={}
        )

        assert built.correlation().leftovers == ()

    def test_nothing_is_left_over_while_the_objects_are_not_all_known(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        objects = [found for found in built.objects if found.name != "c1-md-0"]
        views = [view(objects, incomplete=("AzureMachine",))]
        clouds = [built.provider.collect(request, quiet) for request in built.provider.plan(views).requests]

        correlation = built.correlated(views, clouds)

        assert correlation.leftovers == ()
        assert any(gap.subject == "leftovers" for gap in correlation.gaps)

    def test_what_is_young_is_not(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        objects = [found for found in built.objects if found.name != "c1-md-0"]
        views = [view(objects)]
        clouds = [built.provider.collect(request, quiet) for request in built.provider.plan(views).requests]
        long_before = timedelta(days=-3650)

        assert built.correlated(views, clouds, later=long_before).leftovers == ()


class TestScopes:
    """Where clusters live, and what of the fleet has no place."""

    def test_a_subscription_that_nobody_configured_is_a_gap(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        other = auditing(azure_endpoint, AzureSubscription(subscription=OTHER_TENANT))

        plan = other.plan([view(built.objects)])

        assert plan.requests == ()
        assert any("which is not configured" in gap.reason for gap in plan.gaps)

    def test_a_cluster_without_a_subscription_lives_where_its_machines_do(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        infra = built.named("AzureCluster", "c1")
        nameless = changed(infra, spec={**infra.spec, "subscriptionID": ""})

        (request,) = built.provider.plan([view(replaced(built.objects, nameless))]).requests

        assert request.scope == SCOPE and request.assumed == ()

    def test_the_default_subscription_is_only_assumed(self, azure_endpoint: AzureEndpoint) -> None:
        """Nothing of the cluster is there: that may be the wrong subscription, so nothing is missing."""
        built = world(azure_endpoint, C1)
        infra = built.named("AzureCluster", "c1")
        nameless = changed(infra, spec={**infra.spec, "subscriptionID": ""})
        objects = [found for found in replaced(built.objects, nameless) if found.kind != "AzureMachine"]
        provider = auditing(azure_endpoint, AzureSubscription(subscription=SUBSCRIPTION, default_for=("mgmt",)))
        built.azure.resources.clear()

        plan = provider.plan([view(objects)])
        clouds = [provider.collect(request, quiet) for request in plan.requests]
        correlation = built.correlated([view(objects)], clouds)

        assert plan.requests[0].assumed
        assert correlation.absences == ()
        assert correlation.undecided and correlation.gaps

    def test_what_is_not_audited_yet_is_a_gap(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, PRIVATE)

        gaps = built.provider.plan([view(built.objects)]).gaps

        assert [gap.reason for gap in gaps] == ["the private DNS zone of the API server is not audited yet"]


class TestReadsOnly:
    """Nothing but reads leaves."""

    def test_an_audit_sends_get_and_one_query(self, azure_endpoint: AzureEndpoint) -> None:
        built = world(azure_endpoint, C1)
        built.azure.unindexed.add(NODE.casefold())
        scope_of(built)

        assert {request.method for request in azure_endpoint.asked} == {"GET", "POST"}
        assert {request.path for request in azure_endpoint.asked if request.method == "POST"} == {GRAPH}

    def test_the_role_in_deploy_allows_every_call_and_no_other(self, azure_endpoint: AzureEndpoint) -> None:
        """By Resource Graph, type by type, and by the id of each type."""
        built = world(azure_endpoint, C1)
        built.azure.unindexed.update(built.azure.resources)
        scope_of(built)
        listing = auditing(azure_endpoint, resource_graph=False)
        (request,) = listing.plan([view(built.objects)]).requests
        scope = listing.collect(request, quiet)
        subnet = ResourceKey(*_of(SCOPE), "subnet", C1.naming.subnet("c1-node-subnet").casefold())
        group = ResourceKey(*_of(SCOPE), "resource-group", C1.naming.group_id.casefold())
        listing.reread(request, scope, [subnet, group])

        called = {_action(asked).casefold() for asked in azure_endpoint.asked}

        assert called == {action.casefold() for action in actions()}

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "/subscriptions/s/resourceGroups/g"),
            ("DELETE", "/subscriptions/s/resourceGroups/g"),
            ("PATCH", "/subscriptions/s/providers/Microsoft.Compute/virtualMachines/v"),
            ("POST", "/subscriptions/s/providers/Microsoft.Network/register"),
            ("POST", "/subscriptions/s/resourceGroups/g/providers/x/storageAccounts/a/listKeys"),
            ("GET", "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/secrets/s"),
        ],
    )
    def test_the_guard_refuses(self, method: str, path: str) -> None:
        with pytest.raises(RefusedCall):
            check_allowed(method, f"https://management.azure.com{path}?api-version=1")

    def test_the_registration_that_the_sdk_sends_by_itself_never_leaves(self, azure_endpoint: AzureEndpoint) -> None:
        """The SDK's own client answers this 409 to a plain listing with a POST, unless our guard stands behind it."""

        class Static:
            def get_token(self, *scopes: str, **_: Any) -> AccessToken:
                return AccessToken(TOKEN, 4_000_000_000)

        told = "The subscription is not registered to use namespace 'Microsoft.Compute'."
        refused = error(409, "MissingSubscriptionRegistration", told)
        azure_endpoint.faults.append(lambda request: refused if request.method == "GET" else None)

        def listing(*guards: Any) -> None:
            client = ComputeManagementClient(
                Static(),
                SUBSCRIPTION,
                base_url=azure_endpoint.url,
                credential_scopes=["https://management.azure.com/.default"],
                connection_verify=str(azure_endpoint.ca_file),
                per_retry_policies=[*guards, RequestIdPolicy()],
                retry_total=0,
            )
            list(client.virtual_machines.list_all())

        with pytest.raises(Exception, match="MissingSubscriptionRegistration"):
            listing()
        sent = [path for path in azure_endpoint.paths() if path.startswith("POST")]
        azure_endpoint.asked.clear()
        with pytest.raises(Exception, match=r"register is not among the calls|MissingSubscriptionRegistration"):
            listing(ReadOnlyGuard(azure_endpoint.url.removeprefix("https://")))

        assert sent == [f"POST /subscriptions/{SUBSCRIPTION}/providers/microsoft.compute/register"]
        assert not [path for path in azure_endpoint.paths() if path.startswith("POST")]

    def test_the_token_goes_to_no_other_host(self, azure_endpoint: AzureEndpoint) -> None:
        """A `nextLink` may name any."""
        built = world(azure_endpoint, C1, resource_graph=False)
        body = b'{"value": [], "nextLink": "https://localhost:1/next"}'
        azure_endpoint.faults.append(lambda request: Answer(200, body) if request.path.endswith("/disks") else None)

        (gap,) = scope_of(built).gaps

        assert gap.subject == "disk" and "is not what Azure sends" in gap.reason
