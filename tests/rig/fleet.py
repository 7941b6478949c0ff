"""A believable fleet: real cluster templates in Git, applied by Flux, reconciled, and standing in AWS.

    fleet = Fleet(management_cluster, tmp_path, aws_endpoint.url)
    fleet.add(Workload(name="prod-1"))
    fleet.deliver()
    result = fleet.audit()

Everything is real input: the templates are CAPA's own, the API server has Cluster API's admission and conversion
webhooks, AWS is moto over HTTP, Git is a repository. What the controllers would have written is written by
`tests.rig.controllers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drift_audit.audit import run_audit
from drift_audit.clock import stamp
from drift_audit.config.settings import Config, GitSource, ManagementClusterSettings, SuppressionRule
from drift_audit.interfaces import CloudProvider
from drift_audit.model.result import AuditResult
from drift_audit.model.views import Views
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount, AwsSettings
from tests.rig.aws_pools import PoolSpec
from tests.rig.aws_state import AwsClusterSpec, AwsClusterState, MachineSpec, aws_client, build_cluster
from tests.rig.client import Json, reference
from tests.rig.controllers import INFRA, CloudFacts, machine_slots, reconcile
from tests.rig.git_repo import GitRepo, make_repo
from tests.rig.management_cluster import ManagementCluster
from tests.rig.manifests import text_of
from tests.rig.pool_controllers import reconcile_pool
from tests.rig.templates import template_objects
from tests.rig.webhooks import ADMISSION_LABEL

ACCOUNT = "123456789012"
REGION = "eu-central-1"
REPOSITORY = "ssh://git@git.example.com/acme/fleet.git"
FLUX = "kustomize.toolkit.fluxcd.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One workload cluster that is to stand in the fleet."""

    name: str
    namespace: str = ""
    """Empty: that of the fleet."""
    account: str = ACCOUNT
    region: str = REGION
    flavour: str = ""
    """Of CAPA's template; `machinepool`: the workers are an AWSMachinePool."""
    control_planes: int = 1
    workers: int = 2
    version: str = "v1.34.2"
    infra: Json = field(default_factory=dict)
    """Merged into `AWSCluster.spec` as declared."""
    machines: Json = field(default_factory=dict)
    """Merged into the spec of every AWSMachineTemplate."""
    pools: Json = field(default_factory=dict)
    """Merged into the spec of every AWSMachinePool."""
    skip: Sequence[str] = ("ClusterResourceSet", "ConfigMap")
    """Kinds of the template that are left out."""
    addons: Sequence[Json] = ()
    """Further objects that are declared with the cluster."""
    edit: Callable[[Json], Json] = lambda declared: declared
    """Has the last word on each declared object."""


@dataclass(slots=True)
class Fleet:
    """One management cluster, its Git repository and the AWS behind it."""

    management_cluster: ManagementCluster
    folder: Path
    aws: str
    """Endpoint of moto's server."""
    name: str = "fleet"
    path: str = "clusters"
    """What Flux applies and the audit reads."""
    applied_at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=3))
    namespace: str = ""
    """Where the clusters are declared; Cluster API's admission webhooks are at work there. Empty: a fresh one."""
    repo: GitRepo = field(init=False)
    states: dict[str, AwsClusterState] = field(default_factory=dict)
    workloads: dict[str, Workload] = field(default_factory=dict)
    accounts: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.namespace:
            self.management_cluster.make_namespace(self.namespace, admission=True)
        else:
            self.namespace = self.management_cluster.new_namespace(self.name, admission=True)
        labels = {ADMISSION_LABEL: "true"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels}}
        self.repo = make_repo(self.folder / self.name)
        self.repo.git("remote", "add", "origin", REPOSITORY)
        self.repo.commit({"clusters/namespace.yaml": text_of(namespace)}, "Declare the namespace", date=self.applied_at)
        self.apply(namespace)

    def add(self, workload: Workload) -> None:
        """Declares the cluster in Git, applies it as Flux does, and lets controllers and AWS follow."""
        namespace = workload.namespace or self.namespace
        objects = declared_objects(workload, namespace)
        self.workloads[workload.name] = workload
        self.accounts.setdefault(workload.account, set()).add(workload.region)
        self.repo.commit(
            {f"clusters/{namespace}/{workload.name}.yaml": text_of(*objects)},
            f"Declare {workload.name}",
            date=self.applied_at,
        )
        for declared in objects:
            self.apply(declared)
        self._identity()
        self._reconcile(workload, namespace, objects)

    def apply(self, declared: Json) -> Json:
        """Server-side apply as Flux's kustomize-controller, with its owner labels."""
        labels = {
            **declared["metadata"].get("labels", {}),
            f"{FLUX}/name": self.name,
            f"{FLUX}/namespace": self.flux_namespace,
        }
        marked = {**declared, "metadata": {**declared["metadata"], "labels": labels}}
        return self.management_cluster.gitops.apply(marked)

    @property
    def flux_namespace(self) -> str:
        return self.namespace

    def deliver(self, *, revision: str = "", suspend: bool = False) -> None:
        """Writes the GitRepository and the Kustomization with the status of a finished run at that revision."""
        applied = revision or self.repo.head
        client = self.management_cluster.client.as_manager("flux")
        source = client.apply(
            {
                **reference("source.toolkit.fluxcd.io/v1", "GitRepository", self.name, self.flux_namespace),
                "spec": {
                    "interval": "1m0s",
                    "url": "ssh://git@git.example.com/acme/fleet.git",
                    "ref": {"branch": "main"},
                },
            }
        )
        kustomization = client.apply(
            {
                **reference(f"{FLUX}/v1", "Kustomization", self.name, self.flux_namespace),
                "spec": {
                    "interval": "10m0s",
                    "path": f"./{self.path}",
                    "prune": True,
                    "suspend": suspend,
                    "sourceRef": {"kind": "GitRepository", "name": self.name},
                },
            }
        )
        controller = self.management_cluster.gitops
        controller.status(source, {"conditions": [_ready()], "observedGeneration": 1})
        controller.status(
            kustomization,
            {
                "conditions": [_ready()],
                "observedGeneration": 1,
                "lastAppliedRevision": f"main@sha1:{applied}",
                "lastAttemptedRevision": f"main@sha1:{applied}",
                "inventory": {"entries": self._inventory()},
            },
        )

    def _inventory(self) -> list[Json]:
        entries = [{"id": f"_{self.namespace}__Namespace", "v": "v1"}]
        for workload in self.workloads.values():
            namespace = workload.namespace or self.namespace
            for declared in declared_objects(workload, namespace):
                group, _, version = declared["apiVersion"].rpartition("/")
                name, place = declared["metadata"]["name"], declared["metadata"].get("namespace", "")
                entries.append({"id": f"{place}_{name}_{group}_{declared['kind']}", "v": version})
        return entries

    def _identity(self) -> None:
        self.management_cluster.client.as_manager("manager").apply(
            {
                **reference(INFRA, "AWSClusterControllerIdentity", "default"),
                "spec": {"allowedNamespaces": {}},
            }
        )

    def _reconcile(self, workload: Workload, namespace: str, objects: Sequence[Json]) -> None:
        client = self.management_cluster.client
        slots = list(machine_slots(client, namespace, workload.name, [f"{workload.region}a"]))
        by_name = {(item["kind"], item["metadata"]["name"]): item for item in objects}
        spec = AwsClusterSpec(
            name=workload.name,
            namespace=namespace,
            spec=by_name["AWSCluster", workload.name]["spec"],
            machines=[
                MachineSpec(
                    name=slot.name,
                    spec=by_name["AWSMachineTemplate", slot.template]["spec"]["template"]["spec"],
                    role="control-plane" if slot.control_plane else "node",
                )
                for slot in slots
            ],
            pools=[
                PoolSpec(name=name, spec=item["spec"], replicas=_replicas(objects, name))
                for (kind, name), item in by_name.items()
                if kind == "AWSMachinePool"
            ],
        )
        state = self.states[workload.name] = build_cluster(self.aws, workload.account, workload.region, spec)
        facts = CloudFacts(
            region=workload.region,
            infra_spec=state.cluster_spec(spec),
            infra_status=state.cluster_status(spec),
            machine_specs={machine.name: state.machine_spec(machine) for machine in spec.machines},
            instances=state.instances,
        )
        reconcile(client, namespace, workload.name, slots, facts)
        for pool in spec.pools:
            found = state.pools[pool.name]
            reconcile_pool(client, namespace, workload.name, pool.name, found.spec(pool), found.status())

    def ec2(self, workload: str) -> object:
        """A person's EC2 client for the account of a workload cluster."""
        return self.aws_client("ec2", workload)

    def aws_client(self, service: str, workload: str) -> object:
        """A person's client of a service for the account of a workload cluster."""
        found = self.workloads[workload]
        return aws_client(service, self.aws, found.account, found.region)

    def config(self, **overrides: object) -> Config:
        """The configuration of an audit of this fleet."""
        mc = self.management_cluster
        settings = ManagementClusterSettings(
            name=mc.name,
            kubeconfig=str(mc.kubeconfig),
            context=mc.context,
            git=(GitSource(name=self.name, url=str(self.repo.path), path=self.path),),
        )
        return Config(management_clusters=(settings,), cache_dir=str(self.folder / "cache"), **overrides)  # type: ignore[arg-type]

    def providers(self, endpoint: str = "") -> Mapping[str, CloudProvider]:
        """With `endpoint`, AWS is asked there: a proxy before moto."""
        accounts = tuple(
            AwsAccount(
                account=account,
                role_arn=f"arn:aws:iam::{account}:role/drift-audit",
                regions=tuple(sorted(regions)),
                identities=("AWSClusterControllerIdentity/default",) if account == ACCOUNT else (),
            )
            for account, regions in sorted(self.accounts.items())
        )
        return {"aws": AwsProvider(AwsSettings(accounts=accounts, endpoint_url=endpoint or self.aws))}

    def audit(self, suppressions: tuple[SuppressionRule, ...] = ()) -> tuple[Views, AuditResult]:
        """One audit, as `drift-audit check` runs it, two hours from now: nothing is young any more."""
        return run_audit(
            self.config(suppressions=suppressions),
            base_dir=self.folder,
            providers=self.providers(),
            progress=lambda _: None,
            clock=lambda: datetime.now(UTC) + timedelta(hours=2),
        )


def _replicas(objects: Sequence[Json], name: str) -> int:
    """Of the MachinePool that refers to the AWSMachinePool of that name."""
    pools = (item["spec"] for item in objects if item["kind"] == "MachinePool")
    return next(
        int(spec["replicas"]) for spec in pools if spec["template"]["spec"]["infrastructureRef"]["name"] == name
    )


def declared_objects(workload: Workload, namespace: str) -> list[Json]:
    """The objects of CAPA's own template for the workload, with what it overrides."""
    objects = template_objects(
        "aws",
        workload.name,
        namespace,
        workload.flavour,
        AWS_REGION=workload.region,
        AWS_AVAILABILITY_ZONE=f"{workload.region}a",
        KUBERNETES_VERSION=workload.version,
        CONTROL_PLANE_MACHINE_COUNT=str(workload.control_planes),
        WORKER_MACHINE_COUNT=str(workload.workers),
    )
    kept = [workload.edit(_overridden(item, workload)) for item in objects if item["kind"] not in workload.skip]
    return [*kept, *workload.addons]


def _overridden(declared: Json, workload: Workload) -> Json:
    if declared["kind"] == "AWSCluster":
        return {**declared, "spec": {**declared["spec"], **workload.infra}}
    if declared["kind"] == "AWSMachineTemplate" and workload.machines:
        template = declared["spec"]["template"]
        return {**declared, "spec": {"template": {**template, "spec": {**template["spec"], **workload.machines}}}}
    if declared["kind"] == "AWSMachinePool":
        return {**declared, "spec": {**declared["spec"], **workload.pools}}
    return declared


def _ready() -> Json:
    return {
        "type": "Ready",
        "status": "True",
        "reason": "ReconciliationSucceeded",
        "message": "Applied revision",
        "lastTransitionTime": stamp(datetime.now(UTC)),
    }
