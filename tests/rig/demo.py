"""The demo fleet: two management clusters, two Git repositories, two AWS accounts, and problems planted in them.

`python -m tests.rig demo drift_audit/demo/fleet.dar` builds it on the rig and lets `drift-audit record` read it.
Everything that is not planted is healthy, and some of it only looks odd: an autoscaled deployment, bare version
numbers, a tag that a person added.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.rig.aws_state import ROLE, TAG, Caller, aws_client
from tests.rig.client import Json, reference
from tests.rig.cloudtrail import BROWSER, CLI, TERRAFORM
from tests.rig.controllers import CONTROL_PLANE, CORE, INFRA
from tests.rig.fleet import Fleet, Workload
from tests.rig.git_repo import BOB
from tests.rig.management_cluster import ManagementCluster, fresh_management_cluster, running_management_cluster
from tests.rig.moto_server import running_moto

EU, US = "123456789012", "210987654321"
IN_EUROPE = ("payments", "search", "web", "intranet")
"""Nothing is wrong in the last one."""
IN_AMERICA = ("batch", "checkout", "media")
_SSO = "aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Operators_0123456789abcdef"
ALICE = Caller(_SSO, "alice@example.com", BROWSER)
CAROL = Caller(_SSO, "carol@example.com", CLI)
PIPELINE = Caller("deployer", "terraform-prod", TERRAFORM)
MACHINES = {"control_planes": 3, "workers": 8}


def record_demo(path: Path) -> int:
    """Builds the fleet, plants the problems, and records it to `path`."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-fleet-")))
        aws = stack.enter_context(running_moto())
        os.environ.update(aws.environment)
        fleets = [
            _fleet(
                stack,
                folder,
                aws.url,
                "prod-eu",
                "fleet-eu",
                EU,
                "eu-central-1",
                ("payments", "search", "web", "intranet"),
            ),
            _fleet(stack, folder, aws.url, "prod-us", "fleet-us", US, "us-east-1", ("batch", "checkout", "media")),
        ]
        _plant_in_europe(fleets[0])
        _plant_in_america(fleets[1])
        config = folder / "drift-audit.yaml"
        config.write_text(yaml.safe_dump(_config(fleets, aws.url), sort_keys=False))
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "drift_audit.cli", "record", "-c", config.name, "-o", str(path)]
        return subprocess.run(command, cwd=folder, check=False).returncode


def _fleet(
    stack: ExitStack,
    folder: Path,
    aws: str,
    management_cluster: str,
    name: str,
    account: str,
    region: str,
    clusters: Sequence[str],
) -> Fleet:
    server = stack.enter_context(running_management_cluster(folder / management_cluster))
    inside: ManagementCluster = stack.enter_context(fresh_management_cluster(server, management_cluster))
    fleet = Fleet(inside, folder, aws, name=name, namespace="prod")
    for index, cluster in enumerate(clusters):
        fleet.add(
            Workload(
                name=cluster,
                account=account,
                region=region,
                infra={"additionalTags": {"cost-centre": str(40 + index)}, "network": _network(index)},
                edit=_autoscaled if index == 2 else _bare_version,
                **MACHINES,  # type: ignore[arg-type]
            )
        )
    fleet.deliver()
    return fleet


def _network(index: int) -> Json:
    if index:
        return {}
    rule = {
        "description": "metrics",
        "protocol": "tcp",
        "fromPort": 9100,
        "toPort": 9100,
        "cidrBlocks": ["10.9.0.0/16"],
    }
    return {"additionalNodeIngressRules": [rule]}


def _autoscaled(declared: Json) -> Json:
    """Replicas left to the autoscaler, as its documentation asks for."""
    if declared["kind"] != "MachineDeployment":
        return declared
    prefix = "cluster.x-k8s.io/cluster-api-autoscaler-node-group"
    annotations = {f"{prefix}-min-size": "8", f"{prefix}-max-size": "20"}
    spec = {key: value for key, value in declared["spec"].items() if key != "replicas"}
    return {**declared, "metadata": {**declared["metadata"], "annotations": annotations}, "spec": spec}


def _bare_version(declared: Json) -> Json:
    """A version without the `v`, which a webhook adds."""
    if declared["kind"] != "KubeadmControlPlane":
        return declared
    return {**declared, "spec": {**declared["spec"], "version": declared["spec"]["version"].removeprefix("v")}}


def _plant_in_europe(fleet: Fleet) -> None:
    """Console edits in two clusters, an edit at night, a removed label, a leftover instance."""
    human, namespace = fleet.management_cluster.human, fleet.namespace
    for cluster in ("payments", "search"):
        _open_ssh(fleet, cluster)
    human.as_manager("kubectl-edit").merge_patch(
        reference(CONTROL_PLANE, "KubeadmControlPlane", "payments-control-plane", namespace),
        {"spec": {"version": "v1.34.3"}},
    )
    human.as_manager("kubectl-label").merge_patch(
        reference(CORE, "Cluster", "search", namespace), {"metadata": {"labels": {"ccm": None}}}
    )
    _enlarge(fleet, "web")
    _leave_instance(fleet, "search")
    # A tag that nobody declared is nobody's drift.
    _ec2(fleet, "web").create_tags(Resources=[_instance(fleet, "web", 3)], Tags=[{"Key": "backup", "Value": "nightly"}])


def _plant_in_america(fleet: Fleet) -> None:
    """A commit that waits because Flux is suspended, a forgotten pause, and machines that are gone or open."""
    human, namespace = fleet.management_cluster.human, fleet.namespace
    applied = fleet.repo.head
    name = f"clusters/{namespace}/checkout.yaml"
    text = (fleet.repo.path / name).read_text()
    fleet.repo.commit(
        {name: text.replace("replicas: 8", "replicas: 12")},
        "Give checkout more workers before the sale",
        author=BOB,
        date=datetime.now(UTC) - timedelta(hours=31),
    )
    fleet.deliver(revision=applied, suspend=True)
    human.as_manager("kubectl-patch").merge_patch(
        reference(CORE, "Cluster", "media", namespace), {"spec": {"paused": True}}
    )
    human.with_user_agent("kubectl/v1.36.0").scale(reference(CORE, "MachineDeployment", "batch-md-0", namespace), 11)
    _ec2(fleet, "batch", CAROL).terminate_instances(InstanceIds=[_instance(fleet, "batch", 4)])
    _loosen_metadata(fleet, "media")
    _template_by_hand(fleet, "batch")


def _ec2(fleet: Fleet, cluster: str, caller: Caller = ALICE) -> Any:
    """EC2 as a person of the platform team reaches it."""
    found = fleet.workloads[cluster]
    return aws_client("ec2", fleet.aws, found.account, found.region, caller)


def _instance(fleet: Fleet, cluster: str, index: int) -> str:
    return sorted(fleet.states[cluster].instances.items())[index][1]


def _open_ssh(fleet: Fleet, cluster: str) -> None:
    ranges = [{"CidrIp": "0.0.0.0/0", "Description": "temporary"}]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
    group = fleet.states[cluster].security_groups["node"]
    _ec2(fleet, cluster).authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])


def _enlarge(fleet: Fleet, cluster: str) -> None:
    client, target = _ec2(fleet, cluster, CAROL), _instance(fleet, cluster, 5)
    client.stop_instances(InstanceIds=[target])
    client.modify_instance_attribute(InstanceId=target, InstanceType={"Value": "m6i.8xlarge"})
    client.start_instances(InstanceIds=[target])


def _leave_instance(fleet: Fleet, cluster: str) -> None:
    tags = {f"{TAG}{cluster}": "owned", ROLE: "node", "Name": f"{cluster}-md-0-7f9c2"}
    _ec2(fleet, cluster, PIPELINE).run_instances(
        ImageId="ami-0123456789abcdef0",
        InstanceType="m6i.xlarge",
        MinCount=1,
        MaxCount=1,
        SubnetId=fleet.states[cluster].subnet_ids["private"],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )


def _loosen_metadata(fleet: Fleet, cluster: str) -> None:
    """On two machines of one cluster: one cause."""
    for index in (6, 7):
        _ec2(fleet, cluster).modify_instance_metadata_options(
            InstanceId=_instance(fleet, cluster, index),
            HttpEndpoint="enabled",
            HttpTokens="optional",
            HttpPutResponseHopLimit=3,
            HttpProtocolIpv6="disabled",
            InstanceMetadataTags="disabled",
        )


def _template_by_hand(fleet: Fleet, cluster: str) -> None:
    client = fleet.management_cluster.human.as_manager("kubectl-create")
    made_from = client.get(reference(INFRA, "AWSMachineTemplate", f"{cluster}-md-0", fleet.namespace))
    target = reference(INFRA, "AWSMachineTemplate", f"{cluster}-md-gpu-test", fleet.namespace)
    labels = {"cluster.x-k8s.io/cluster-name": cluster}
    client.create({**target, "metadata": {**target["metadata"], "labels": labels}, "spec": made_from["spec"]})


def _config(fleets: Sequence[Fleet], endpoint: str) -> Mapping[str, Any]:
    return {
        "management_clusters": [
            {
                "name": fleet.management_cluster.name,
                "kubeconfig": str(fleet.management_cluster.kubeconfig),
                "context": fleet.management_cluster.context,
                "git": [{"name": fleet.name, "url": f"./{fleet.name}", "ref": "main", "path": "clusters"}],
            }
            for fleet in fleets
        ],
        "thresholds": {"orphan_min_age_minutes": 0},
        "clouds": {
            "aws": {
                "endpoint_url": endpoint,
                "accounts": [
                    {
                        "account": account,
                        "role_arn": f"arn:aws:iam::{account}:role/drift-audit",
                        "identities": [f"{fleet.management_cluster.name}/AWSClusterControllerIdentity/default"],
                    }
                    for account, fleet in zip((EU, US), fleets, strict=True)
                ],
            }
        },
    }
