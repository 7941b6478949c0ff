"""The fleet behind these tests, and the program beside it: every server it asks stands behind a proxy of faults.

Two management clusters: `mgmt` is live, with one cluster in each of two accounts; `other` is replayed from a recording
of a real one. Each cluster has one difference that was planted, so that a finding which is lost, or which appears
from nowhere, is seen. They are of a severity below `FAIL_ON`, so that a run's exit code is free to say what was not
read.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.e2e.cli_fleet import CliFleet, account_entry, aws_of, git_of, management_cluster_of, module_fleet
from tests.faults import canaries
from tests.faults.canaries import canary
from tests.integration.closer_world import kubeconfig_text
from tests.rig.apiserver import ApiServer
from tests.rig.aws_state import aws_client
from tests.rig.certificates import CertificateAuthority
from tests.rig.client import reference
from tests.rig.controllers import BOOTSTRAP, CORE
from tests.rig.fault_proxy import FaultProxy, proxy_before
from tests.rig.fleet import ACCOUNT, Fleet, Workload
from tests.rig.identities import AUDITOR, HUMAN, reads_kubeconfigs
from tests.rig.manifests import text_of
from tests.rig.moto_server import AwsEndpoint
from tests.rig.upstreams import Upstream, api_server, aws, git_over_http, remembering
from tests.rig.warm_program import Ended, Running, WarmProgram, warm_program
from tests.unit.cli.installed import ROOT, install_ourselves

SECOND_ACCOUNT, THIRD_ACCOUNT = "222222222222", "333333333333"
FIRST_REGION, SECOND_REGION, THIRD_REGION = "eu-central-1", "eu-west-1", "us-east-1"
SPARE_REGION = "eu-north-1"
"""Configured for the first account, with no cluster in it."""
LIVE, RECORDED = "mgmt", "other"
FAIL_ON = "critical"
WITHIN_SECONDS = 25
"""Given as --timeout; every cell is far quicker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run that has ended, with its report; addresses of proxies are replaced, so that runs can be compared."""

    ended: Ended
    document: Any
    seconds: float = 0.0

    @property
    def code(self) -> int:
        return self.ended.code

    @property
    def gaps(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.document["coverage"]["gaps"]
        return found

    def findings(self, management_cluster: str, cluster: str = "") -> dict[str, Any]:
        """By id, without what earlier audits of the bench saw; `cluster` narrows to one workload cluster."""
        return {
            found["id"]: {**found, "first_seen": ""}
            for found in self.document["findings"]
            if found["cluster"]
            and found["cluster"]["management_cluster"] == management_cluster
            and (not cluster or found["cluster"]["name"] == cluster)
        }

    def entry(self, cluster: str) -> Any:
        """The line of a workload cluster, `None` when it is not listed."""
        return next((entry for entry in self.document["clusters"] if entry["name"] == cluster), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The servers of the fleet, and what the program needs to reach them."""

    fleet: Fleet
    folder: Path
    api: Upstream
    powerful: Upstream
    """The API server for somebody who may read Secrets."""
    cloud: Upstream
    git: Upstream
    tls: ssl.SSLContext
    environ: Mapping[str, str]
    settings: Mapping[str, Any]
    _number: Iterator[int] = field(default_factory=count)

    def new_folder(self) -> Path:
        folder = self.folder / f"run-{next(self._number)}"
        (folder / "tmp").mkdir(parents=True)
        return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One program at a time, between proxies of its own."""

    stage: Stage
    program: WarmProgram
    api: FaultProxy
    cloud: FaultProxy
    git: FaultProxy

    def config(self, folder: Path, *, over_https: bool = False, **overrides: Any) -> dict[str, Any]:
        """The configuration with short deadlines; `over_https`: Git is fetched, and not read where it lies."""
        fleet = self.stage.fleet
        self.api.kubeconfig(folder, context=LIVE, user={"token": "rig"})
        url = f"{self.git.url}/{fleet.repo.path.name}" if over_https else str(fleet.repo.path)
        live = management_cluster_of(
            fleet,
            kubeconfig=str(folder / f"{LIVE}.kubeconfig"),
            context=LIVE,
            timeout_seconds=1,
            deadline_seconds=12,
            git=[git_of(fleet, url=url, timeout_seconds=2)],
        )
        cloud = aws_of(
            fleet,
            endpoint_url=self.cloud.url,
            max_attempts=2,
            connect_timeout_seconds=1,
            read_timeout_seconds=2,
            calls_per_second=1000.0,
            history={"required": True},
        )
        return {
            "management_clusters": [live, {"name": RECORDED, "recording": str(self.stage.folder / "other.dar")}],
            "clouds": {"aws": {**cloud, "accounts": accounts()}},
            "thresholds": {"orphan_min_age_minutes": 0},
            "cache_dir": str(folder / "cache"),
            "masking_key": "rig",
            "cloud_deadline_seconds": 7,
            **overrides,
        }

    def start(self, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, **config: Any) -> Running:
        """The program in that folder with the configuration of `config`."""
        (folder / "drift-audit.yaml").write_text(json.dumps(self.config(folder, **config), indent=1))
        own = {**self.stage.environ, "HOME": str(folder), "TMPDIR": str(folder / "tmp"), **(environ or {})}
        return self.program.start(arguments, folder, own)

    def check(self, *arguments: str, **config: Any) -> Told:
        """`check -o json`, ended."""
        folder = self.stage.new_folder()
        wanted = ("-q", "--fail-on", FAIL_ON, "--timeout", str(WITHIN_SECONDS), *arguments)
        ended = self.start(folder, "check", "-o", "json", *wanted, **config).wait()
        assert "Traceback" not in ended.err, ended.err
        return Told(ended=ended, document=json.loads(self.neutral(ended.out)) if ended.out else None)

    def neutral(self, text: str) -> str:
        for name in ("api", "cloud", "git"):
            address = getattr(self, name).url
            text = text.replace(address, f"<{name}>").replace(address.partition("://")[2], f"<{name}>")
        return text

    def reset(self) -> None:
        for proxy in (self.api, self.cloud, self.git):
            proxy.reset()


def accounts() -> list[dict[str, Any]]:
    first = account_entry(ACCOUNT, [FIRST_REGION, SPARE_REGION], identities=[f"{LIVE}/{IDENTITY}"])
    return [first, account_entry(SECOND_ACCOUNT, [SECOND_REGION], identities=[f"{LIVE}/{SECOND_IDENTITY}"])]


SECRETS = "with-secrets"
"""A branch, and the folder in it, that declares a Secret; reading that takes the rights of `Stage.powerful`."""
IMAGE = "ami-12c6146b"
"""One that moto knows. It, the bucket, the key and the pool of the first cluster make every collector ask.
moto keeps the alias of a key where EC2 would name the key: one more difference that is there in every run."""
BUCKET, KEY_ALIAS = "fleet-one", "alias/fleet"
IDENTITY = "AWSClusterControllerIdentity/default"
SECOND_IDENTITY = "AWSClusterRoleIdentity/second"


@contextmanager
def standing_fleet(server: ApiServer, endpoint: AwsEndpoint, folder: Path) -> Iterator[Stage]:
    """Both fleets, built; the live one stays until the block ends."""
    with module_fleet(server, endpoint, folder / "elsewhere") as elsewhere:
        _record_other(elsewhere, folder)
    with module_fleet(server, endpoint, folder / "fleet") as fleet:
        _build_live(fleet)
        authority = CertificateAuthority()
        (folder / "ca.pem").write_bytes(authority.certificate)
        yield Stage(
            fleet=fleet,
            folder=folder,
            api=remembering(api_server(server.client(AUDITOR))),
            powerful=api_server(server.client(HUMAN)),
            cloud=remembering(aws(endpoint.url)),
            git=remembering(git_over_http(fleet.repo.path.parent)),
            tls=_context(authority, folder),
            environ=_environment(folder, endpoint),
            settings={},
        )


@contextmanager
def open_lanes(stage: Stage, number: int) -> Iterator[Sequence[Lane]]:
    """So many programs that can run side by side."""
    with ExitStack() as stack:
        yield [
            Lane(
                stage=stage,
                program=stack.enter_context(warm_program(stage.environ)),
                api=stack.enter_context(proxy_before(stage.api)),
                cloud=stack.enter_context(proxy_before(stage.cloud)),
                git=stack.enter_context(proxy_before(stage.git, stage.tls)),
            )
            for _ in range(number)
        ]


def _record_other(fleet: Fleet, folder: Path) -> None:
    fleet.add(Workload(name="three", account=THIRD_ACCOUNT, region=THIRD_REGION, workers=1))
    fleet.deliver()
    _label(fleet, "three")
    cli = CliFleet.of(fleet, folder / "recording")
    accounts = [account_entry(THIRD_ACCOUNT, [THIRD_REGION], identities=[IDENTITY])]
    named = management_cluster_of(fleet, name=RECORDED)
    cli.configure(management_clusters=[named], clouds={"aws": aws_of(fleet, accounts=accounts)})
    done = cli("record", "-o", str(folder / "other.dar"))
    assert done.code == 0, done.told


def _build_live(fleet: Fleet) -> None:
    _make_supplies(fleet)
    fleet.add(
        Workload(
            name="one",
            flavour="machinepool",
            account=ACCOUNT,
            region=FIRST_REGION,
            workers=1,
            infra={
                "s3Bucket": {
                    "name": "fleet-one",
                    "controlPlaneIAMInstanceProfile": "cp",
                    "nodesIAMInstanceProfiles": [],
                }
            },
            machines={
                "ami": {"id": IMAGE},
                "rootVolume": {"size": 80, "encrypted": True, "encryptionKey": KEY_ALIAS},
            },
            addons=[canaries.bootstrap_with_secrets(fleet.namespace)],
            edit=_with_secret_annotations,
        )
    )
    identity = {
        **reference("infrastructure.cluster.x-k8s.io/v1beta2", "AWSClusterRoleIdentity", "second"),
        "spec": {
            "roleARN": f"arn:aws:iam::{SECOND_ACCOUNT}:role/controllers",
            "allowedNamespaces": {},
            "sourceIdentityRef": {"kind": "AWSClusterControllerIdentity", "name": "default"},
        },
    }
    fleet.add(
        Workload(
            name="two",
            account=SECOND_ACCOUNT,
            region=SECOND_REGION,
            workers=1,
            infra={"identityRef": {"kind": "AWSClusterRoleIdentity", "name": "second"}},
            addons=[identity],
        )
    )
    fleet.deliver()
    _plant_secrets(fleet)
    for name in ("one", "two"):
        _label(fleet, name)
        _tag_by_hand(fleet, name)
    _make_unwell(fleet, SUSPECT)


SUSPECT = "two"
"""A Machine of this cluster is not well, so that every run looks at it closer, and into the cluster."""


def _make_unwell(fleet: Fleet, name: str) -> None:
    client, namespace = fleet.management_cluster.client, fleet.namespace
    machine = next(
        found
        for found in client.list(CORE, "Machine", namespace)
        if found["metadata"]["labels"]["cluster.x-k8s.io/cluster-name"] == name
    )
    condition = {"type": "Ready", "status": "False", "reason": "NotReady", "message": "nobody knows why"}
    client.status(machine, {"conditions": [{**condition, "lastTransitionTime": "2026-11-01T08:00:00Z"}]})
    server = fleet.management_cluster.server
    pair = server.authority.client(HUMAN.user, HUMAN.groups)
    content = kubeconfig_text(server.url, server.authority.certificate, pair)
    secret = reference("v1", "Secret", f"{name}-kubeconfig", namespace)
    client.create({**secret, "data": {"value": base64.b64encode(content).decode()}})
    client.apply(reads_kubeconfigs(namespace), "rig")


def _with_secret_annotations(declared: Any) -> Any:
    if declared["kind"] != "Cluster":
        return declared
    return {**declared, "metadata": {**declared["metadata"], "annotations": canaries.secret_annotations()}}


def _plant_secrets(fleet: Fleet) -> None:
    """Secrets where an audit looks: in objects that somebody edited, in Git on a branch of its own, in the cloud."""
    declared = canaries.secret_object(fleet.namespace)
    fleet.repo.branch(SECRETS)
    fleet.repo.commit({f"{SECRETS}/registry.yaml": text_of(declared)})
    fleet.repo.branch("main")
    fleet.repo.git("remote", "add", "mirror", f"https://bob:{canary('remote-url')}@git.example.com/fleet.git")
    fleet.management_cluster.gitops.apply(declared)
    human = fleet.management_cluster.human.as_manager("kubectl-edit")
    edited = base64.b64encode(canary("secret-edited").encode()).decode()
    human.merge_patch(declared, {"data": {"token": edited}})
    bastion = reference(BOOTSTRAP, "KubeadmConfigTemplate", "bastion", fleet.namespace)
    users = [{"name": "ops", "passwd": canary("passwd-edited")}]
    human.merge_patch(bastion, {"spec": {"template": {"spec": {"users": users}}}})
    noted = {"acme.example.com/deploy-token": canary("annotation-edited")}
    human.merge_patch(reference(CORE, "Cluster", "one", fleet.namespace), {"metadata": {"annotations": noted}})
    ec2: Any = fleet.ec2("one")
    state = fleet.states["one"]
    instance, group = next(iter(state.instances.values())), state.security_groups["node"]
    tags = [
        {"Key": "db-password", "Value": canary("cloud-tag")},
        {"Key": "note", "Value": f"login with password={canary('cloud-tag-drifted')}"},
    ]
    ec2.create_tags(Resources=[instance, group], Tags=tags)
    user_data = base64.b64encode(canary("cloud-user-data").encode())
    ec2.stop_instances(InstanceIds=[instance])
    ec2.modify_instance_attribute(InstanceId=instance, UserData={"Value": user_data})
    ec2.start_instances(InstanceIds=[instance])
    description = f"token={canary('cloud-description')}"
    ports = {"FromPort": 8444, "ToPort": 8444, "IpRanges": [{"CidrIp": "10.78.0.0/16", "Description": description}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[{"IpProtocol": "tcp", **ports}])


def _make_supplies(fleet: Fleet) -> None:
    """What the first cluster names beside its machines."""
    kms = aws_client("kms", fleet.aws, ACCOUNT, FIRST_REGION)
    kms.create_alias(AliasName=KEY_ALIAS, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])


def _label(fleet: Fleet, name: str) -> None:
    human = fleet.management_cluster.human.as_manager("kubectl-label")
    human.merge_patch(reference(CORE, "Cluster", name, fleet.namespace), {"metadata": {"labels": {"tier": "gold"}}})


def _tag_by_hand(fleet: Fleet, name: str) -> None:
    """Somebody opened a port of the nodes to a neighbour."""
    ec2: Any = fleet.ec2(name)
    group = fleet.states[name].security_groups["node"]
    permission = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "IpRanges": [{"CidrIp": "10.77.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def _context(authority: CertificateAuthority, folder: Path) -> ssl.SSLContext:
    pair = authority.server()
    (folder / "server.pem").write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def _environment(folder: Path, endpoint: AwsEndpoint) -> dict[str, str]:
    site = install_ourselves(folder / "site")
    path = os.pathsep.join(map(str, (site, ROOT, ROOT / "providers", ROOT / "reports")))
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PYTHONPATH": path,
        "PYTHONWARNINGS": "error",
        "GIT_SSL_CAINFO": str(folder / "ca.pem"),
        **endpoint.environment,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
