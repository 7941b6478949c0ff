"""Single changes of Git, cluster or cloud, and the one cause that each must surface as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from drift_audit.model.findings import Severity, Verdict
from tests.rig.aws_state import ROLE, TAG
from tests.rig.client import Json, RigClient, reference
from tests.rig.controllers import CONTROL_PLANE, CORE, INFRA
from tests.rig.fleet import Fleet, Workload

NAME = "prod-1"
WORKLOAD = Workload(
    name=NAME,
    infra={
        "additionalTags": {"cost-centre": "42"},
        "network": {
            "additionalNodeIngressRules": [
                {
                    "description": "metrics",
                    "protocol": "tcp",
                    "fromPort": 9100,
                    "toPort": 9100,
                    "cidrBlocks": ["10.9.0.0/16"],
                }
            ]
        },
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change, and what the audit has to say about it."""

    name: str
    act: Callable[[Fleet], Any]
    verdict: Verdict
    kind: str = ""
    """Kind of the object that the cause is about; empty: none (an orphan)."""
    path: str = ""
    """The field of the leading finding."""
    actor: str | None = None
    line: str = ""
    """Text of the Git line that the finding points at; empty: not looked at."""
    severity: Severity | None = None
    findings: int = 1
    """How many findings the one cause has."""
    causes: int = 1
    """More than one only where a change has a second effect that has nothing to do with the first."""
    confidence: str = "confirmed"
    says: str = ""
    """Part of the reaction."""
    workload: Workload = field(default=WORKLOAD)


def human(fleet: Fleet, manager: str) -> RigClient:
    return fleet.management_cluster.human.as_manager(manager)


def named(fleet: Fleet, api_version: str, kind: str, name: str) -> Json:
    return reference(api_version, kind, name, fleet.namespace)


def patch(manager: str, api_version: str, kind: str, name: str, body: Json) -> Callable[[Fleet], Any]:
    """A merge patch by somebody, as `kubectl edit`, `kubectl patch` and most UIs send it."""
    return lambda fleet: human(fleet, manager).merge_patch(named(fleet, api_version, kind, name), body)


def browser(api_version: str, kind: str, name: str, body: Json) -> Callable[[Fleet], Any]:
    """A change from a browser through a proxying console: no field manager, only a User-Agent."""
    agent = "Mozilla/5.0 (X11; Linux x86_64)"
    return lambda fleet: fleet.management_cluster.human.with_user_agent(agent).merge_patch(
        named(fleet, api_version, kind, name), body
    )


def machines(fleet: Fleet, prefix: str = f"{NAME}-md-0") -> list[str]:
    """Names of the Machines of an owner, in order."""
    return sorted(name for name in fleet.states[NAME].instances if name.startswith(prefix))


def instance(fleet: Fleet, prefix: str = f"{NAME}-md-0") -> str:
    return fleet.states[NAME].instances[machines(fleet, prefix)[0]]


def ec2(fleet: Fleet) -> Any:
    return fleet.ec2(NAME)


def group(fleet: Fleet, role: str) -> str:
    return fleet.states[NAME].security_groups[role]


def interface(fleet: Fleet) -> Json:
    found = ec2(fleet).describe_instances(InstanceIds=[instance(fleet)])
    interfaces: Json = found["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]
    return interfaces


def open_port(fleet: Fleet, role: str, port: int, cidr: str) -> None:
    ranges = [{"CidrIp": cidr, "Description": "temporary"}]
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
    ec2(fleet).authorize_security_group_ingress(GroupId=group(fleet, role), IpPermissions=[permission])


def edit_machine(fleet: Fleet, body: Json) -> None:
    human(fleet, "kubectl-edit").merge_patch(named(fleet, INFRA, "AWSMachine", machines(fleet)[0]), body)


def commit(fleet: Fleet, *changes: tuple[str, str], apply: bool = False) -> None:
    """Replaces text in the cluster's file and commits it; half a day ago, so that waiting has become a finding."""
    name = f"clusters/{fleet.namespace}/{NAME}.yaml"
    text = (fleet.repo.path / name).read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    fleet.repo.commit({name: text}, "Change the fleet", date=datetime.now(UTC) - timedelta(hours=12))


def commit_object(fleet: Fleet, text: str) -> None:
    name = f"clusters/{fleet.namespace}/more.yaml"
    fleet.repo.commit({name: text}, "Declare more", date=datetime.now(UTC) - timedelta(hours=12))


def terminate(fleet: Fleet) -> None:
    ec2(fleet).terminate_instances(InstanceIds=[instance(fleet)])


def change_type(fleet: Fleet) -> None:
    client, target = ec2(fleet), instance(fleet)
    client.stop_instances(InstanceIds=[target])
    client.modify_instance_attribute(InstanceId=target, InstanceType={"Value": "m6i.8xlarge"})
    client.start_instances(InstanceIds=[target])


def metadata_options(fleet: Fleet, **changed: Any) -> None:
    options = {
        "HttpEndpoint": "enabled",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 1,
        "HttpProtocolIpv6": "disabled",
        "InstanceMetadataTags": "disabled",
    }
    ec2(fleet).modify_instance_metadata_options(InstanceId=instance(fleet), **{**options, **changed})


def leave_instance(fleet: Fleet) -> None:
    """An instance that CAPA made and that no AWSMachine names."""
    tags = [
        {"Key": f"{TAG}{NAME}", "Value": "owned"},
        {"Key": ROLE, "Value": "node"},
        {"Key": "Name", "Value": f"{NAME}-md-0-gone"},
    ]
    ec2(fleet).run_instances(
        ImageId="ami-0123456789abcdef0",
        InstanceType="m6i.large",
        MinCount=1,
        MaxCount=1,
        SubnetId=fleet.states[NAME].subnet_ids["private"],
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )


def leave_group(fleet: Fleet) -> None:
    tags = [{"Key": f"{TAG}{NAME}", "Value": "owned"}, {"Key": ROLE, "Value": "node"}]
    ec2(fleet).create_security_group(
        VpcId=fleet.states[NAME].vpc_id,
        GroupName="left-behind",
        Description="left behind",
        TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
    )


def set_groups(fleet: Fleet, keep: Callable[[list[str]], list[str]]) -> None:
    eni = interface(fleet)
    groups = [entry["GroupId"] for entry in eni["Groups"]]
    ec2(fleet).modify_network_interface_attribute(NetworkInterfaceId=eni["NetworkInterfaceId"], Groups=keep(groups))


def revoke(fleet: Fleet, role: str, port: int) -> None:
    found = ec2(fleet).describe_security_groups(GroupIds=[group(fleet, role)])["SecurityGroups"][0]
    permissions = [entry for entry in found["IpPermissions"] if entry.get("FromPort") == port]
    ec2(fleet).revoke_security_group_ingress(GroupId=group(fleet, role), IpPermissions=permissions)


def describe_rule(fleet: Fleet) -> None:
    """Another description: to CAPA that is another rule."""
    revoke(fleet, "node", 9100)
    ranges = [{"CidrIp": "10.9.0.0/16", "Description": "metrics, do not touch"}]
    permission = {"IpProtocol": "tcp", "FromPort": 9100, "ToPort": 9100, "IpRanges": ranges}
    ec2(fleet).authorize_security_group_ingress(GroupId=group(fleet, "node"), IpPermissions=[permission])


def prefix_list_rule(fleet: Fleet) -> None:
    client = ec2(fleet)
    made = client.create_managed_prefix_list(PrefixListName="office", MaxEntries=5, AddressFamily="IPv4")
    lists = [{"PrefixListId": made["PrefixList"]["PrefixListId"]}]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": lists}
    client.authorize_security_group_ingress(GroupId=group(fleet, "node"), IpPermissions=[permission])


def close_egress(fleet: Fleet) -> None:
    client, target = ec2(fleet), group(fleet, "node")
    found = client.describe_security_groups(GroupIds=[target])["SecurityGroups"][0]["IpPermissionsEgress"]
    client.revoke_security_group_egress(GroupId=target, IpPermissions=found)


def delete_object(api_version: str, kind: str, name: str) -> Callable[[Fleet], Any]:
    """A deletion that has gone through: finalizers removed, as the controllers would have."""

    def act(fleet: Fleet) -> None:
        target = named(fleet, api_version, kind, name)
        fleet.management_cluster.client.merge_patch(target, {"metadata": {"finalizers": None}})
        fleet.management_cluster.human.delete(target)

    return act


def suspended_edit(fleet: Fleet) -> None:
    fleet.deliver(suspend=True)
    patch("kubectl-edit", CORE, "MachineDeployment", f"{NAME}-md-0", {"spec": {"replicas": 5}})(fleet)


def conflict(fleet: Fleet) -> None:
    commit(fleet, ("replicas: 2", "replicas: 4"))
    patch("kubectl-edit", CORE, "MachineDeployment", f"{NAME}-md-0", {"spec": {"replicas": 7}})(fleet)


def typing_mistake(fleet: Fleet) -> None:
    """Applied as it is: the API server drops the unknown field without an error."""
    commit(fleet, ("  replicas: 2", "  replcias: 9\n  replicas: 2"))
    fleet.deliver()


def unmanaged(fleet: Fleet) -> None:
    client = human(fleet, "kubectl-create")
    template = client.get(named(fleet, INFRA, "AWSMachineTemplate", f"{NAME}-md-0"))
    client.create(
        {
            **named(fleet, INFRA, "AWSMachineTemplate", f"{NAME}-by-hand"),
            "metadata": {
                "name": f"{NAME}-by-hand",
                "namespace": fleet.namespace,
                "labels": {"cluster.x-k8s.io/cluster-name": NAME},
            },
            "spec": template["spec"],
        }
    )


MD = f"{NAME}-md-0"
CP = f"{NAME}-control-plane"
EDITED, CLOUD = Verdict.EDITED_IN_CLUSTER, Verdict.EDITED_IN_CLOUD

CLUSTER_EDITS = (
    Mutation(
        name="replicas edited",
        act=patch("kubectl-edit", CORE, "MachineDeployment", MD, {"spec": {"replicas": 5}}),
        verdict=EDITED,
        kind="MachineDeployment",
        path="spec.replicas",
        actor="kubectl-edit",
        line="replicas: 2",
        says="puts it back within 10 min",
    ),
    Mutation(
        name="scaled by hand",
        act=lambda fleet: fleet.management_cluster.human.with_user_agent("kubectl/v1.36.0").scale(
            named(fleet, CORE, "MachineDeployment", MD), 6
        ),
        verdict=EDITED,
        kind="MachineDeployment",
        path="spec.replicas",
        actor="kubectl",
        line="replicas: 2",
    ),
    Mutation(
        name="control plane version patched",
        act=patch("kubectl-patch", CONTROL_PLANE, "KubeadmControlPlane", CP, {"spec": {"version": "v1.34.3"}}),
        verdict=EDITED,
        kind="KubeadmControlPlane",
        path="spec.version",
        actor="kubectl-patch",
        line="version: v1.34.2",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="worker version edited in a terminal UI",
        act=patch("k9s", CORE, "MachineDeployment", MD, {"spec": {"template": {"spec": {"version": "v1.34.3"}}}}),
        verdict=EDITED,
        kind="MachineDeployment",
        path="spec.template.spec.version",
        actor="k9s",
        line="version: v1.34.2",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="cluster paused",
        act=patch("kubectl-patch", CORE, "Cluster", NAME, {"spec": {"paused": True}}),
        verdict=EDITED,
        kind="Cluster",
        path="spec.paused",
        actor="kubectl-patch",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="machine deployment paused from a browser",
        act=browser(CORE, "MachineDeployment", MD, {"spec": {"paused": True}}),
        verdict=EDITED,
        kind="MachineDeployment",
        path="spec.paused",
        actor="Mozilla",
        severity=Severity.HIGH,
        says="does not look at fields that Git does not declare",
    ),
    Mutation(
        name="infrastructure paused by annotation",
        act=patch(
            "kubectl-annotate",
            INFRA,
            "AWSCluster",
            NAME,
            {"metadata": {"annotations": {"cluster.x-k8s.io/paused": "true"}}},
        ),
        verdict=EDITED,
        kind="AWSCluster",
        path='metadata.annotations["cluster.x-k8s.io/paused"]',
        actor="kubectl-annotate",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="label added",
        act=patch("kubectl-label", CORE, "Cluster", NAME, {"metadata": {"labels": {"team": "blue"}}}),
        verdict=EDITED,
        kind="Cluster",
        path="metadata.labels.team",
        actor="kubectl-label",
        severity=Severity.LOW,
    ),
    Mutation(
        name="declared label removed",
        act=patch("kubectl-label", CORE, "Cluster", NAME, {"metadata": {"labels": {"ccm": None}}}),
        verdict=EDITED,
        kind="Cluster",
        path="metadata.labels.ccm",
        line="ccm: external",
    ),
    Mutation(
        name="declared label changed by a script",
        act=patch("OpenAPI-Generator", CORE, "Cluster", NAME, {"metadata": {"labels": {"csi": "internal"}}}),
        verdict=EDITED,
        kind="Cluster",
        path="metadata.labels.csi",
        actor="OpenAPI-Generator",
        line="csi: external",
    ),
    Mutation(
        name="kubelet argument edited in the bootstrap template",
        act=patch(
            "kubectl-edit",
            "bootstrap.cluster.x-k8s.io/v1beta1",
            "KubeadmConfigTemplate",
            MD,
            {
                "spec": {
                    "template": {
                        "spec": {"joinConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"max-pods": "250"}}}}
                    }
                }
            },
        ),
        verdict=EDITED,
        kind="KubeadmConfigTemplate",
        path="spec.template.spec.joinConfiguration.nodeRegistration.kubeletExtraArgs.max-pods",
        actor="kubectl-edit",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="instance type of a template edited",
        act=patch(
            "kubectl-edit",
            INFRA,
            "AWSMachineTemplate",
            MD,
            {"spec": {"template": {"spec": {"instanceType": "m6i.4xlarge"}}}},
        ),
        verdict=EDITED,
        kind="AWSMachineTemplate",
        path="spec.template.spec.instanceType",
        actor="kubectl-edit",
        line="instanceType: m6i.xlarge",
        findings=2,  # and the Machines that were cut from it before differ from the next one
    ),
    Mutation(
        name="one AWSMachine edited",
        act=lambda fleet: edit_machine(fleet, {"spec": {"instanceType": "m6i.4xlarge"}}),
        verdict=EDITED,
        kind="AWSMachine",
        path="spec.instanceType",
        actor="kubectl-edit",
        line="instanceType: m6i.xlarge",
        says="never sent",
    ),
    Mutation(
        name="ingress rule added to the AWSCluster",
        act=patch(
            "kubectl-edit",
            INFRA,
            "AWSCluster",
            NAME,
            {
                "spec": {
                    "network": {
                        "additionalControlPlaneIngressRules": [
                            {
                                "description": "debug",
                                "protocol": "tcp",
                                "fromPort": 9000,
                                "toPort": 9000,
                                "cidrBlocks": ["10.1.0.0/16"],
                            }
                        ]
                    }
                }
            },
        ),
        verdict=EDITED,
        kind="AWSCluster",
        path="spec.network.additionalControlPlaneIngressRules",
        actor="kubectl-edit",
        findings=2,
    ),
    Mutation(
        name="machine deployment deleted",
        act=delete_object(CORE, "MachineDeployment", MD),
        verdict=Verdict.MISSING,
        kind="MachineDeployment",
        line="apiVersion: cluster.x-k8s.io/v1beta1",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="template made by hand",
        act=unmanaged,
        verdict=Verdict.UNMANAGED,
        kind="AWSMachineTemplate",
    ),
    Mutation(
        name="field taken by a person's server-side apply",
        act=lambda fleet: fleet.management_cluster.human.apply(
            {
                **named(fleet, CORE, "MachineDeployment", MD),
                "spec": {
                    "clusterName": NAME,
                    "selector": {},
                    "replicas": 3,
                    "template": {"spec": {"clusterName": NAME}},
                },
            },
            "kubectl",
        ),
        verdict=EDITED,
        kind="MachineDeployment",
        path="spec.replicas",
        actor="kubectl",
        line="replicas: 2",
    ),
    Mutation(
        name="edit while Flux is suspended",
        act=suspended_edit,
        verdict=EDITED,
        kind="MachineDeployment",
        path="spec.replicas",
        actor="kubectl-edit",
        says="is suspended",
    ),
)

GIT_CHANGES = (
    Mutation(
        name="replicas committed and not applied",
        act=lambda fleet: commit(fleet, ("replicas: 2", "replicas: 4")),
        verdict=Verdict.NOT_APPLIED,
        kind="MachineDeployment",
        path="spec.replicas",
        line="replicas: 4",
        severity=Severity.MEDIUM,
    ),
    Mutation(
        name="version committed and not applied",
        act=lambda fleet: commit(fleet, ("version: v1.34.2", "version: v1.34.4")),
        verdict=Verdict.NOT_APPLIED,
        line="version: v1.34.4",
        findings=2,
    ),
    Mutation(
        name="object committed and not applied",
        act=lambda fleet: commit_object(
            fleet,
            "apiVersion: cluster.x-k8s.io/v1beta2\nkind: MachineHealthCheck\nmetadata:\n"
            f"  name: {NAME}\n  namespace: {fleet.namespace}\nspec:\n  clusterName: {NAME}\n",
        ),
        verdict=Verdict.NOT_APPLIED,
        kind="MachineHealthCheck",
        line="apiVersion: cluster.x-k8s.io/v1beta2",
    ),
    Mutation(
        name="label removed from Git and not applied",
        act=lambda fleet: commit(fleet, ("    ccm: external\n", "")),
        verdict=Verdict.NOT_APPLIED,
        kind="Cluster",
        path="metadata.labels.ccm",
    ),
    Mutation(
        name="file removed from Git and not pruned",
        act=lambda fleet: fleet.repo.commit(
            {f"clusters/{fleet.namespace}/{NAME}.yaml": None},
            "Remove the cluster",
            date=datetime.now(UTC) - timedelta(hours=12),
        ),
        verdict=Verdict.NOT_APPLIED,
        findings=7,  # one for each object of the file, none for its fields
    ),
    Mutation(
        name="changed in Git and, differently, in the cluster",
        act=conflict,
        verdict=Verdict.CONFLICT,
        kind="MachineDeployment",
        path="spec.replicas",
        actor="kubectl-edit",
        line="replicas: 4",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="typing mistake in Git",
        act=typing_mistake,
        verdict=Verdict.HAZARD,
        kind="MachineDeployment",
        path="spec.replcias",
        line="replcias: 9",
        severity=Severity.MEDIUM,
    ),
)

CLOUD_EDITS = (
    Mutation(
        name="instance type changed",
        act=change_type,
        verdict=CLOUD,
        kind="AWSMachine",
        path="spec.instanceType",
        line="instanceType: m6i.xlarge",
        severity=Severity.HIGH,
        says="nothing will repair this",
    ),
    Mutation(
        name="SSH opened to the world",
        act=lambda fleet: open_port(fleet, "node", 22, "0.0.0.0/0"),
        verdict=CLOUD,
        kind="AWSCluster",
        path="ingress[tcp 22 from 0.0.0.0/0]",
        severity=Severity.CRITICAL,
        says="reverts within 10 min",
    ),
    Mutation(
        name="a port opened to one network",
        act=lambda fleet: open_port(fleet, "controlplane", 9999, "10.7.0.0/16"),
        verdict=CLOUD,
        kind="AWSCluster",
        path="ingress[tcp 9999 from 10.7.0.0/16]",
    ),
    Mutation(
        name="declared rule revoked",
        act=lambda fleet: revoke(fleet, "node", 9100),
        verdict=CLOUD,
        kind="AWSCluster",
        path="ingress[tcp 9100 from 10.9.0.0/16]",
        line="additionalNodeIngressRules:",
    ),
    Mutation(
        name="etcd rule revoked",
        act=lambda fleet: revoke(fleet, "controlplane", 2379),
        verdict=CLOUD,
        kind="AWSCluster",
    ),
    Mutation(
        name="rule described otherwise",
        act=describe_rule,
        verdict=CLOUD,
        kind="AWSCluster",
    ),
    Mutation(
        name="rule through a prefix list",
        act=prefix_list_rule,
        verdict=CLOUD,
        kind="AWSCluster",
        says="nothing will repair this",
    ),
    Mutation(
        name="egress closed",
        act=close_egress,
        verdict=CLOUD,
        kind="AWSCluster",
        says="nothing will repair this",
    ),
    Mutation(
        name="security group lost the tag of its cluster",
        act=lambda fleet: ec2(fleet).delete_tags(
            Resources=[group(fleet, "node")], Tags=[{"Key": f"{TAG}{NAME}", "Value": "owned"}]
        ),
        verdict=CLOUD,
        kind="AWSCluster",
    ),
    Mutation(
        name="security group added to an interface",
        act=lambda fleet: set_groups(fleet, lambda groups: [*groups, group(fleet, "controlplane")]),
        verdict=CLOUD,
        kind="AWSMachine",
        severity=Severity.CRITICAL,
        says="reverts within 10 min",
    ),
    Mutation(
        name="security group taken from an interface",
        act=lambda fleet: set_groups(
            fleet, lambda groups: [entry for entry in groups if entry != group(fleet, "node")]
        ),
        verdict=CLOUD,
        kind="AWSMachine",
    ),
    Mutation(
        name="hop limit of the metadata service raised",
        act=lambda fleet: metadata_options(fleet, HttpPutResponseHopLimit=3),
        verdict=CLOUD,
        kind="AWSMachine",
        path="spec.instanceMetadataOptions.httpPutResponseHopLimit",
        says="reverts within 10 min",
    ),
    Mutation(
        name="metadata tokens required",
        act=lambda fleet: metadata_options(fleet, HttpTokens="required"),
        verdict=CLOUD,
        kind="AWSMachine",
        path="spec.instanceMetadataOptions.httpTokens",
    ),
    Mutation(
        name="instance stopped",
        act=lambda fleet: ec2(fleet).stop_instances(InstanceIds=[instance(fleet)]),
        verdict=CLOUD,
        kind="AWSMachine",
        path="status.instanceState",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="control plane instance stopped",
        act=lambda fleet: ec2(fleet).stop_instances(InstanceIds=[instance(fleet, CP)]),
        verdict=CLOUD,
        kind="AWSMachine",
        path="status.instanceState",
    ),
    Mutation(
        name="instance terminated",
        act=terminate,
        verdict=Verdict.MISSING,
        kind="AWSMachine",
        path="spec.providerID",
    ),
    Mutation(
        name="instance lost the tag of its cluster",
        act=lambda fleet: ec2(fleet).delete_tags(
            Resources=[instance(fleet)], Tags=[{"Key": f"{TAG}{NAME}", "Value": "owned"}]
        ),
        verdict=CLOUD,
        kind="AWSMachine",
        path="tags[cluster]",
        severity=Severity.HIGH,
    ),
    Mutation(
        name="instance renamed",
        act=lambda fleet: ec2(fleet).create_tags(
            Resources=[instance(fleet)], Tags=[{"Key": "Name", "Value": "do-not-touch"}]
        ),
        verdict=CLOUD,
        kind="AWSMachine",
        path="tags[Name]",
    ),
    Mutation(
        name="declared tag of an instance edited",
        act=lambda fleet: ec2(fleet).create_tags(
            Resources=[instance(fleet)], Tags=[{"Key": "cost-centre", "Value": "7"}]
        ),
        verdict=CLOUD,
        kind="AWSMachine",
    ),
    Mutation(
        name="source/destination check switched off",
        act=lambda fleet: ec2(fleet).modify_instance_attribute(
            InstanceId=instance(fleet), SourceDestCheck={"Value": False}
        ),
        verdict=CLOUD,
        kind="AWSMachine",
    ),
    Mutation(
        name="instance that no object names",
        act=leave_instance,
        verdict=Verdict.ORPHAN,
    ),
    Mutation(
        name="security group that no object names",
        act=leave_group,
        verdict=Verdict.ORPHAN,
    ),
)

MUTATIONS = (*CLUSTER_EDITS, *GIT_CHANGES, *CLOUD_EDITS)
