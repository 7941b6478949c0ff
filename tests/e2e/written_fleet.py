"""A fleet whose objects a test writes the way their controllers do when something does not work.

    with Written.of(fleet, Workload(name="prod-1")) as written:
        unborn(written, written.workers, api_error("VcpuLimitExceeded", "no more"))
        _, result = written.audit()

The API server of the rig is the workload cluster, too: the kubeconfig Secret of the Cluster leads back to it. What the
controllers say of Machines is in `written_machines`, all other words in `written_words`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from drift_audit.audit import run_audit
from drift_audit.clock import stamp
from drift_audit.config.settings import Config, WorkloadRead, WorkloadSettings
from drift_audit.model.result import AuditResult
from drift_audit.model.views import Views
from tests.e2e.written_words import WELL, merged, no
from tests.integration.closer_world import kubeconfig_text
from tests.rig.aws_state import aws_client
from tests.rig.client import Json, RigClient, reference
from tests.rig.controllers import BOOTSTRAP, CONTROL_PLANE, CONTROLLER, CORE, INFRA
from tests.rig.fleet import Fleet, Workload
from tests.rig.identities import HUMAN, reads_kubeconfigs
from tests.rig.management_cluster import delete_now
from tests.unit.aws.faults import Fault, Params, faulty_aws

AHEAD = timedelta(hours=2)
"""How long after everything was written the audit takes place."""
Opened = TypeVar("Opened")
CORE_GROUP = "cluster.x-k8s.io"


@dataclass(slots=True, kw_only=True)
class Written:
    """One cluster of a fleet, and what its controllers say of it."""

    fleet: Fleet
    cluster: str
    audited_at: datetime
    faults: list[Fault] = field(default_factory=list)
    """What AWS answers instead of moto."""
    settings: Callable[[Config], Config] = lambda config: config
    made: list[Json] = field(default_factory=list)
    """Objects outside of the fleet's namespace, which go after the test."""
    stack: ExitStack = field(default_factory=ExitStack)

    @classmethod
    @contextmanager
    def of(cls, fleet: Fleet, workload: Workload, *, ahead: timedelta = AHEAD) -> Iterator[Written]:
        """A cluster that is up and well: its Nodes are Ready, and its kubeconfig leads to them."""
        fleet.add(workload)
        fleet.deliver()
        written = cls(fleet=fleet, cluster=workload.name, audited_at=datetime.now(UTC) + ahead)
        with written.stack:
            try:
                written.come_up()
                yield written
            finally:
                for target in reversed(written.made):
                    delete_now(written.client, target)

    def come_up(self) -> None:
        """What the controllers say of a cluster that is well, in full."""
        for name in self.machines:
            self.say_machine(name)
            self.inside(self.node(name))
        for owner in (self.set_, self.deployment, self.control_plane, self.cluster_object):
            self.say(owner, *WELL[owner["kind"]])
        self.put_kubeconfig()

    # The objects

    @property
    def client(self) -> RigClient:
        return self.fleet.management_cluster.client.as_manager(CONTROLLER)

    @property
    def namespace(self) -> str:
        return self.fleet.namespace

    @property
    def machines(self) -> list[str]:
        return sorted(self.fleet.states[self.cluster].instances)

    @property
    def workers(self) -> list[str]:
        return [name for name in self.machines if "-md-0-" in name]

    @property
    def heads(self) -> list[str]:
        return [name for name in self.machines if "-md-0-" not in name]

    @property
    def cluster_object(self) -> Json:
        return self.named(CORE, "Cluster", self.cluster)

    @property
    def infra_cluster(self) -> Json:
        return self.named(INFRA, "AWSCluster", self.cluster)

    @property
    def control_plane(self) -> Json:
        return self.named(CONTROL_PLANE, "KubeadmControlPlane", f"{self.cluster}-control-plane")

    @property
    def deployment(self) -> Json:
        return self.named(CORE, "MachineDeployment", f"{self.cluster}-md-0")

    @property
    def set_(self) -> Json:
        return self.client.list(CORE, "MachineSet", self.namespace)[0]

    def named(self, api_version: str, kind: str, name: str) -> Json:
        return reference(api_version, kind, name, self.namespace)

    def machine(self, name: str) -> Json:
        return self.client.get(self.named(CORE, "Machine", name))

    def aws_machine(self, name: str) -> Json:
        return self.client.get(self.named(INFRA, "AWSMachine", name))

    def config(self, name: str) -> Json:
        return self.named(BOOTSTRAP, "KubeadmConfig", name)

    def before(self, minutes: float) -> str:
        """RFC 3339 of so many minutes before the audit."""
        return stamp(self.audited_at - timedelta(minutes=minutes))

    # What controllers write

    def say(self, target: Json, *conditions: Json, **status: Any) -> None:
        """Status of an object: conditions whose moment is given in minutes before the audit."""
        told = {"conditions": [self._dated(each) for each in conditions]} if conditions else {}
        self.client.status(target, {**status, **told})

    def say_above(self, target: Json, *changed: Json) -> None:
        """An owner with all its conditions, these changed."""
        self.say(target, *merged(WELL[target["kind"]], changed))

    def _dated(self, told: Json) -> Json:
        # An empty message is left out, as conditions of the v1beta1 contract have it.
        old = "severity" in told and not told["message"]
        kept = {key: value for key, value in told.items() if key not in ("since", *(("message",) if old else ()))}
        return {**kept, "lastTransitionTime": self.before(told["since"])}

    def say_machine(self, name: str, *changed: Json, entered: float = 110, **status: Any) -> None:
        """The core controller on a Machine: all its conditions, these changed."""
        target = self.named(CORE, "Machine", name)
        self.say(target, *merged(WELL["Machine"], changed), lastUpdated=self.before(entered), **status)

    def say_aws_machine(
        self, name: str, reason: str, message: str, *, severity: str = "Error", since: float = 30
    ) -> None:
        """CAPA on an AWSMachine that is not ready: conditions of the v1beta1 contract."""
        told = [no(kind, reason, message, since, severity=severity) for kind in ("Ready", "InstanceReady")]
        self.say(self.named(INFRA, "AWSMachine", name), *told, ready=False)

    def configuration_of(self, hook: str) -> str:
        """The configuration of that webhook on the rig."""
        kind = "MutatingWebhookConfiguration"
        found = self.client.list("admissionregistration.k8s.io/v1", kind)
        return next(
            str(each["metadata"]["name"])
            for each in found
            if hook in [webhook["name"] for webhook in each.get("webhooks", ())]
        )

    def event(self, target: Json, reason: str, message: str, *, since: float = 30, count: int = 5) -> None:
        """A warning of a controller about the object."""
        live = self.client.get(target)
        about = {key: live["metadata"].get(key, "") for key in ("name", "namespace", "uid")}
        name = f"{live['metadata']['name']}.{len(self.made)}"
        made = {
            **self.named("v1", "Event", name),
            "involvedObject": {"apiVersion": live["apiVersion"], "kind": live["kind"], **about},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "firstTimestamp": self.before(since),
            "lastTimestamp": self.before(1),
            "count": count,
        }
        self.inside(made)

    # The workload cluster

    def put_kubeconfig(self, content: bytes = b"") -> None:
        """The Secret as KCP writes it; without content, one that leads to the rig's API server."""
        server = self.fleet.management_cluster.server
        pair = server.authority.client(HUMAN.user, HUMAN.groups, lifetime=timedelta(days=365))
        told = content or kubeconfig_text(server.url, server.authority.certificate, pair)
        self.client.apply(reads_kubeconfigs(self.namespace), "rig")
        secret = self.named("v1", "Secret", f"{self.cluster}-kubeconfig")
        secret["metadata"]["labels"] = {f"{CORE_GROUP}/cluster-name": self.cluster}
        data = {"value": base64.b64encode(told).decode()}
        self.client.apply({**secret, "type": f"{CORE_GROUP}/secret", "data": data})

    def inside(self, *targets: Json) -> None:
        """Creates objects with their status; they are gone after the test."""
        for target in targets:
            self.made.append(target)
            self.client.create(target)
            if "status" in target:
                self.client.status(target)

    def node(self, name: str, *changed: Json, **status: Any) -> Json:
        """The Node of a Machine, as its kubelet writes it; these conditions changed."""
        spec = {"providerID": self.machine(name)["spec"]["providerID"]}
        conditions = [self._dated(each) for each in merged(WELL["Node"], changed)]
        made = reference("v1", "Node", f"ip-{name}")
        return {**made, "spec": spec, "status": {"conditions": conditions, **status}}

    def node_says(self, name: str, *changed: Json, **more: Any) -> None:
        self.client.status(self.node(name, *changed, **more))

    def forget_node(self, name: str) -> None:
        delete_now(self.client, reference("v1", "Node", f"ip-{name}"))

    # AWS, and the audit

    @property
    def ec2(self) -> Any:
        found = self.fleet.workloads[self.cluster]
        return aws_client("ec2", self.fleet.aws, found.account, found.region)

    def look_everywhere(self) -> None:
        """The audit reads every workload cluster, also of those where nothing is suspect."""
        everything = WorkloadSettings(read=WorkloadRead.ALL)
        self.settings = lambda config: replace(config, workload=everything)

    def while_open(self, opened: AbstractContextManager[Opened]) -> Opened:
        """What lasts as long as the scenario does."""
        return self.stack.enter_context(opened)

    def audit(self) -> tuple[Views, AuditResult]:
        """The whole audit, two hours after everything was written."""
        with faulty_aws(self.fleet.aws, self._fault) as aws:
            return run_audit(
                self.settings(self.fleet.config()),
                base_dir=self.fleet.folder,
                providers=self.fleet.providers(aws.url),
                progress=lambda _: None,
                clock=lambda: self.audited_at,
            )

    def _fault(self, params: Params) -> Any:
        return next((answer for fault in self.faults if (answer := fault(params))), None)
