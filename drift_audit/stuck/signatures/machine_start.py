"""Layer 7: a machine does not start: nowhere to put it, not taken up, or its first boot failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer, Topic
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, said_by
from drift_audit.stuck.conditions import FALSE, TRUE
from drift_audit.stuck.signature import Sign, Signature
from drift_audit.stuck.signatures.placement import placement_of
from drift_audit.stuck.signatures.second_opinion import proofs_for
from drift_audit.stuck.signatures.waiting import unwell

_NO_SUBNET = re.compile(
    r"no (?P<public>public )?subnets available(?: in availability zone \"(?P<zone>[^\"]+)\"| matching criteria)?"
    r"|found \d+ subnets matching criteria but post-filtering failed"
)
_NETWORK_MISSING = re.compile(r"APIServer ELB not available|(?P<group>\w+) security group not available")
_FIRST_BOOT = re.compile(r"VMExtension\w*(?:Error|Timeout)|OSProvisioning(?:TimedOut|ClientError)")
_STARTING = (
    "InstanceNotReady",
    "WaitingForStartupTimeout",
    "WaitingForVMProvisioned",
    "WaitingForNodeProvisioned",
    "VMCreating",
    "VMUpdating",
)
"""What CAPA says of an instance that is pending, CAPZ of a machine that is made, and CAPI's development provider."""


def _no_subnet(case: Case) -> Sign | None:
    said = case.said(_NO_SUBNET)
    if said is None or case.live.deleting or text(case.live.spec.get("providerID")):
        return None
    told, match = said
    zone = match.groupdict().get("zone") or placement_of(case).zone
    which = "public subnet" if match.groupdict().get("public") else "subnet"
    return Sign(
        fact=f"no {which} of the cluster fits the machine" + (f" in {zone}" if zone else ""),
        since=told.since,
        proofs=tuple(each.proof for each in case.all_said(_NO_SUBNET)),
        variant=f"no {which}" + (f" in {zone}" if zone else ""),
    )


def _network_missing(case: Case) -> Sign | None:
    said = case.said(_NETWORK_MISSING)
    if said is None or case.live.deleting or text(case.live.spec.get("providerID")):
        return None
    told, match = said
    return Sign(
        fact="the network of the cluster lacks something that the machine needs: " + match.group(0),
        since=told.since,
        proofs=(told.proof,),
        variant=match.group(0),
        waits_for=unwell(case.infrastructure),
    )


def _first_boot_failed(case: Case) -> Sign | None:
    condition = case.conditions.get("BootstrapSucceeded")
    failed = condition is not None and condition.status == FALSE and condition.reason in ("BootstrapFailed", "Failed")
    said = case.said(_FIRST_BOOT)
    if case.live.deleting or not (failed or said):
        return None
    shown = said_by(condition) if failed and condition is not None else said[0] if said else None
    if shown is None:
        return None
    code = said[1].group(0) if said else "BootstrapFailed"
    return Sign(
        fact=f"the first boot of the machine failed: {code}",
        since=shown.since,
        proofs=(
            shown.proof,
            *((said[0].proof,) if said and said[0] != shown else ()),
            *proofs_for(case, Topic.CONSOLE),
        ),
        variant=code,
    )


def _still_starting(case: Case) -> Sign | None:
    """The provider says that it goes on; of a machine that is there, it is the Node that does not come."""
    starting = next((each for each in case.conditions if each.status != TRUE and each.reason in _STARTING), None)
    if starting is None or case.live.deleting:
        return None
    there = case.machine is not None and bool(text(case.machine.spec.get("providerID")))
    return Sign(
        fact=f"the provider is still starting it: {starting.type}, {starting.reason}",
        since=starting.since,
        proofs=(said_by(starting).proof, *proofs_for(case, Topic.INSTANCE)),
        variant=": ".join(filter(None, (starting.type, placement_of(case).words))),
        waits_for=(case.machine.key,) if there and case.machine is not None else (),
    )


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="MACH-SUBNET-FILTER",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="No subnet fits what the machine asks for",
        kinds=("*Machine",),
        looks=_no_subnet,
        mechanism="The failure domain, the filters or `publicIP` of the template leave no subnet of the cluster.",
        next_steps=(
            "Compare the subnets: `kubectl -n {namespace} get awsclusters -o yaml | grep -A8 subnets:`.",
            "Correct the failure domain or the subnet of the template in Git.",
        ),
        source="CAPA v2.13.0 pkg/cloud/services/ec2/instances.go findSubnet",
    ),
    Signature(
        id="MACH-NETWORK-MISSING",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The machine needs a load balancer or security group that the cluster does not have",
        kinds=("*Machine",),
        looks=_network_missing,
        mechanism="CAPA creates no instance before the network of the cluster has what it refers to.",
        next_steps=("Look at the infrastructure of the cluster: `kubectl -n {namespace} describe awsclusters`.",),
        source="CAPA v2.13.0 pkg/cloud/services/ec2/instances.go CreateInstance, GetCoreSecurityGroups",
    ),
    Signature(
        id="MACH-VM-EXTENSION",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The first boot of an Azure machine failed",
        kinds=("*Machine", "*MachinePool"),
        looks=_first_boot_failed,
        mechanism="The extension that waits for cloud-init reports failure: the script failed, or a policy blocks it.",
        next_steps=(
            "Read the serial console: `az vm boot-diagnostics get-boot-log --name {name} --resource-group {cluster}`.",
        ),
        source="CAPZ v1.26.0 azure/services/vmextensions/vmextensions.go, azure/scope/machinepoolmachine.go",
        clock=Clock.AT_ONCE,
    ),
    Signature(
        id="MACH-STARTING",
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=Severity.HIGH,
        title="The cloud does not finish starting a machine",
        kinds=("*Machine",),
        looks=_still_starting,
        mechanism="The request was taken, and the instance stays pending: before it runs, nothing boots.",
        next_steps=(
            "Look at the instance in the cloud: `kubectl -n {namespace} get {kind} {name} -o yaml` has its id.",
            "Without progress there, delete the Machine; its owner makes another.",
        ),
        source=(
            "CAPA v2.13.0 controllers/awsmachine_controller.go (InstanceNotReady), CAPI v1.14.0 "
            "test/infrastructure/docker (DevMachine, in-memory backend)"
        ),
        clock=Clock.MACHINE_PROVISIONING,
    ),
)
