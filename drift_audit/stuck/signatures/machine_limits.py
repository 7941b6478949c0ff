"""Layer 7: the cloud refuses a machine. What it says decides which signature it is; see `cloud_errors`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer, Topic
from drift_audit.model.values import text
from drift_audit.stuck.case import Case, Said
from drift_audit.stuck.signature import Looks, Sign, Signature
from drift_audit.stuck.signatures import aws_errors, azure_errors, gcp_errors
from drift_audit.stuck.signatures.cloud_errors import Refusal, Vocabulary
from drift_audit.stuck.signatures.placement import infrastructure_of, placement_of
from drift_audit.stuck.signatures.second_opinion import proofs_against, proofs_for
from drift_audit.stuck.wording import first_line, normalised

VOCABULARY = Vocabulary(aws_errors.ERRORS, azure_errors.ERRORS, gcp_errors.ERRORS)
KINDS = ("*Machine", "*MachinePool", "Machine")
"""Infrastructure machines and pools say it; a Machine only where the object below it could not be read."""

_SHOWN = 240
_CLOUDS = ("AWS", "Azure", "GCP")
_TOPICS: Mapping[Refusal, Topic] = {
    Refusal.QUOTA: Topic.QUOTA,
    Refusal.CAPACITY: Topic.CAPACITY,
    Refusal.ADDRESSES: Topic.ADDRESSES,
    Refusal.IMAGE: Topic.IMAGE,
}
_CHECKS: Mapping[tuple[Refusal, str], str] = {
    (Refusal.QUOTA, "AWS"): "`aws service-quotas list-service-quotas --service-code ec2`",
    (Refusal.QUOTA, "Azure"): "`az vm list-usage --location {region}`",
    (Refusal.QUOTA, "GCP"): "`gcloud compute regions list`",
    (Refusal.CAPACITY, "AWS"): (
        "`aws ec2 describe-instance-type-offerings --location-type availability-zone "
        "--filters Name=instance-type,Values={type}`"
    ),
    (Refusal.CAPACITY, "Azure"): "`az vm list-skus --location {region} --size {type} --all`",
    (Refusal.CAPACITY, "GCP"): "`gcloud compute machine-types list --filter='name={type}'`",
    (Refusal.ADDRESSES, "AWS"): (
        "`aws ec2 describe-subnets --query 'Subnets[].[SubnetId,AvailableIpAddressCount]' --output table`"
    ),
    (Refusal.ADDRESSES, "Azure"): "`az network vnet subnet show --name {subnet} --query 'length(ipConfigurations)'`",
    (Refusal.ADDRESSES, "GCP"): "`gcloud compute networks subnets describe {subnet}`",
    (Refusal.IMAGE, "AWS"): "`aws ec2 describe-images --image-ids {image}`",
    (Refusal.IMAGE, "Azure"): "`az vm image list --all --location {region}`",
    (Refusal.IMAGE, "GCP"): "`gcloud compute images list`",
}
"""The look that a person takes at the limit, by cloud."""


def _looks_for(refusal: Refusal) -> Looks:
    """Recognises a machine that a cloud refuses for this reason."""

    def looks(case: Case) -> Sign | None:
        if case.live.deleting or _speaks_below(case):
            return None
        told = case.all_said(VOCABULARY.pattern(refusal))
        topic = _TOPICS.get(refusal)
        agreeing = proofs_for(case, topic) if topic else ()
        if not _is_of_now(told, case) and not (agreeing and _has_nothing_yet(case)):
            return None
        decoded = VOCABULARY.decode(told[0].text, refusal) if told else None
        place = placement_of(case)
        code = decoded.code if decoded else f"no {refusal}"
        words = place.words or _version_of_image(case, refusal)
        return Sign(
            fact=_fact(told[0], decoded.at) if told and decoded else agreeing[0].text,
            since=_began(case, told),
            proofs=(*(each.proof for each in told), *agreeing),
            variant=f"{code}: {words}" if words else code,
            values=(("check", _check(case, refusal)),),
            contradicted_by=proofs_against(case, topic) if topic else (),
        )

    return looks


def _speaks_below(case: Case) -> bool:
    """A Machine only repeats what its infrastructure says."""
    return case.live.kind == "Machine" and infrastructure_of(case) is not None


def _is_of_now(told: Sequence[Said], case: Case) -> bool:
    """Events and logs alone may tell of a failure that is over: of a machine that is there, they do not count."""
    if any(said.source in ("condition", "object") for said in told):
        return True
    return bool(told) and (case.live.kind.endswith("MachinePool") or _has_nothing_yet(case))


def _has_nothing_yet(case: Case) -> bool:
    infra = infrastructure_of(case)
    return infra is not None and not text(infra.spec.get("providerID"))


def _fact(said: Said, at: int) -> str:
    told = normalised(first_line(said.text[at:]))
    return f"the cloud refuses: {told[:_SHOWN]}"


def _began(case: Case, told: Sequence[Said]) -> str:
    """When it was refused first, as far back as anything tells.

    The condition alone is no measure: its message has the id of each request, and v1beta1 conditions begin anew with
    each message. A machine that has nothing yet has waited since it entered its phase.
    """
    moments = [said.since for said in told if said.since]
    if (machine := case.machine) is not None and text(machine.status.get("phase")) in ("Pending", "Provisioning"):
        moments.append(text(machine.status.get("lastUpdated")) or machine.created_at)
    return min(filter(None, moments), default="")


def _version_of_image(case: Case, refusal: Refusal) -> str:
    """An image that is looked up by version has no name of its own."""
    version = text(case.machine.spec.get("version")) if case.machine else ""
    return f"for Kubernetes {version}" if refusal is Refusal.IMAGE and version else ""


def _check(case: Case, refusal: Refusal) -> str:
    infra = infrastructure_of(case)
    cloud = next((cloud for cloud in _CLOUDS if infra is not None and infra.kind.startswith(cloud)), "")
    place = placement_of(case)
    known = {"type": place.type, "region": place.region, "subnet": place.subnet, "image": place.image}
    told = _CHECKS.get((refusal, cloud), "the console of the provider")
    for name, value in known.items():
        told = told.replace(f"{{{name}}}", value or name.upper())
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    id: str
    refusal: Refusal
    title: str
    mechanism: str
    remedy: str
    severity: Severity = Severity.HIGH
    clock: Clock = Clock.AT_ONCE


_ROWS: Sequence[_Row] = (
    _Row(
        id="MACH-QUOTA",
        refusal=Refusal.QUOTA,
        title="A limit of the cloud account is used up",
        mechanism=(
            "The cloud refuses the machine because of a limit of the account; the provider tries again and again, the "
            "Machine has no infrastructure, and a rollout that may not go below its size stops."
        ),
        remedy="Ask for a higher limit, or lower the replicas or maxSurge in Git.",
    ),
    _Row(
        id="MACH-SUBNET-IP",
        refusal=Refusal.ADDRESSES,
        title="The subnet has no free addresses",
        mechanism="A machine needs an address of its subnet, and there is none left: it is too small, or some leaked.",
        remedy="Free network interfaces that nothing uses, or give the machines another subnet in Git.",
    ),
    _Row(
        id="MACH-IMAGE",
        refusal=Refusal.IMAGE,
        title="The image of the machines is not there",
        mechanism="No image has that id or that name in this region: it was never published, or was deregistered.",
        remedy="Name an image that exists in the template in Git, or publish it for this region.",
    ),
    _Row(
        id="MACH-CAPACITY",
        refusal=Refusal.CAPACITY,
        title="The cloud has no machines of this type left there",
        mechanism=(
            "A zone or region is out of this type of machine, or does not offer it; only another zone, another type "
            "or a reservation helps, and tries go on without end."
        ),
        remedy="Add failure domains or another type of machine in Git, or reserve capacity.",
    ),
    _Row(
        id="MACH-DEPENDENCY-GONE",
        refusal=Refusal.DEPENDENCY,
        title="Something that the machines are made with is gone from the cloud",
        mechanism="The request names a subnet, security group, key, role or template that the cloud does not have.",
        remedy="Find out who deleted it in the log of the cloud; create it again, or name another in Git.",
    ),
    _Row(
        id="MACH-ENCRYPTION",
        refusal=Refusal.ENCRYPTION,
        title="The key that encrypts the disks cannot be used",
        mechanism="The cloud makes the machine and ends it at once, because its disk cannot be encrypted or opened.",
        remedy="Look at the state and the policy of the key; a key that is to be deleted can still be kept.",
    ),
    _Row(
        id="MACH-POLICY",
        refusal=Refusal.POLICY,
        title="A policy or a lock of the organisation forbids the machines",
        mechanism="The cloud refuses the request for a rule above the account; trying again does not change that.",
        remedy="Ask the owner of the policy, or change what it forbids in the template in Git.",
    ),
    _Row(
        id="MACH-ACCOUNT",
        refusal=Refusal.ACCOUNT,
        title="The cloud account is not enabled for what is asked",
        mechanism="The account, the subscription or an API has to be verified or enabled by people first.",
        remedy="Enable it in the console of the cloud, or ask its support.",
    ),
    _Row(
        id="MACH-REQUEST",
        refusal=Refusal.REQUEST,
        title="The cloud does not accept what the template asks for",
        mechanism="The values of the template contradict each other, or what the cloud offers; it is tried forever.",
        remedy="Correct the template in Git: a new name, so that it is rolled out.",
    ),
    _Row(
        id="MACH-THROTTLED",
        refusal=Refusal.THROTTLED,
        title="The cloud turns away calls because there are too many",
        mechanism="Everybody who calls the cloud with this account shares its rate: all clusters of it slow down.",
        remedy="Find out who calls so often, audits included; raise the sync period of the controllers.",
        severity=Severity.MEDIUM,
        clock=Clock.MACHINE_PROVISIONING,
    ),
)

SIGNATURES: Sequence[Signature] = tuple(
    Signature(
        id=row.id,
        layer=Layer.MACHINE_INFRASTRUCTURE,
        severity=row.severity,
        title=row.title,
        kinds=KINDS,
        looks=_looks_for(row.refusal),
        mechanism=row.mechanism,
        next_steps=(
            "Read the whole error: `kubectl -n {namespace} describe {kind} {name}`.",
            *(("Look at what the cloud has: {check}.",) if row.refusal in _TOPICS else ()),
            row.remedy,
        ),
        source=(
            "CAPA v2.13.0 controllers/awsmachine_controller.go (InstanceProvisionFailed), CAPZ v1.26.0 "
            "azure/scope/machine.go UpdatePutStatus, CAPG v1.13.1 controllers/gcpmachine_controller.go"
        ),
        clock=row.clock,
    )
    for row in _ROWS
)
