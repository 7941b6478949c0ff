"""What an EKS cluster should have, where that takes more than reading one field of its AWSManagedControlPlane.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/eks/cluster.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network

from drift_audit.model.values import ABSENT, Observed, Present, dig, mapping, sequence, text
from drift_audit_aws.eks.facts import eks_name
from drift_audit_aws.eks.versions import minor
from drift_audit_aws.network.subnets import declared_subnets
from drift_audit_aws.subject import Subject
from drift_audit_aws.tagging import chosen_name

LOGS: Mapping[str, str] = {
    "apiServer": "api",
    "audit": "audit",
    "authenticator": "authenticator",
    "controllerManager": "controllerManager",
    "scheduler": "scheduler",
}
"""AWS's names by the spec's (controlplane/eks/api/v1beta2/types.go, IsLogEnabled)."""
ADDITIONAL_GROUP = "node-eks-additional"


def eks_version(subject: Subject) -> Observed | None:
    """`1.31` of `v1.31.4`: EKS knows no patch versions."""
    return minor(text(subject.object.spec.get("version")))


def eks_public_cidrs(subject: Subject) -> Observed | None:
    """In the spelling in which CAPA sends them; an empty list stands for everybody."""
    blocks = map(text, sequence(dig(subject.object.spec, "endpointAccess", "publicCIDRs")))
    return Present(sorted(map(_canonical, blocks)))


def _canonical(block: str) -> str:
    try:
        return str(ip_network(block, strict=False))
    except ValueError:
        return block


def eks_subnets(subject: Subject) -> Observed | None:
    """Those of the spec that CAPA chooses from; nothing while one of them has no id yet."""
    private = subject.object.spec.get("restrictPrivateSubnets") is True
    chosen = [subnet for subnet in declared_subnets(subject.cluster) if not (private and subnet.public)]
    ids = sorted(subnet.resource_id for subnet in chosen)
    return Present(ids) if ids and all(ids) else None


def eks_security_groups(subject: Subject) -> Observed | None:
    group = subject.cluster.security_groups.get(ADDITIONAL_GROUP)
    return Present([group]) if group else None


def eks_vpc(subject: Subject) -> Observed | None:
    return Present(subject.cluster.vpc_id) if subject.cluster.vpc_id else None


def eks_logging(subject: Subject) -> Observed | None:
    wanted = mapping(subject.object.spec.get("logging"))
    return Present({name: wanted.get(name) is True for name in LOGS})


def eks_encryption(subject: Subject) -> Observed | None:
    """Half a declaration is none (makeEksEncryptionConfigs)."""
    wanted = mapping(subject.object.spec.get("encryptionConfig"))
    key, resources = text(wanted.get("provider")), sequence(wanted.get("resources"))
    return Present({"provider": key, "resources": sorted(map(text, resources))}) if key and resources else ABSENT


def eks_authentication(subject: Subject) -> Observed | None:
    wanted = text(dig(subject.object.spec, "accessConfig", "authenticationMode"))
    return Present(wanted.upper()) if wanted else None


def eks_upgrade_policy(subject: Subject) -> Observed | None:
    wanted = text(subject.object.spec.get("upgradePolicy"))
    return Present(wanted.upper()) if wanted else None


def eks_service_cidr(subject: Subject) -> Observed | None:
    """The first IPv4 block of the Cluster; what it leaves open EKS chooses."""
    blocks = map(text, sequence(dig(subject.cluster.cluster.spec, "clusterNetwork", "services", "cidrBlocks")))
    first = next((block for block in blocks if block and ":" not in block), "")
    return Present(first) if first and not subject.cluster.ipv6 else None


def eks_name_tag(subject: Subject) -> Observed | None:
    return chosen_name(subject) or Present(eks_name(subject.cluster))


def nothing_of_eks(subject: Subject) -> Observed | None:
    """No further add-on, entry, setting or issue."""
    return Present([])


def no_eks_settings(subject: Subject) -> Observed | None:
    return Present({})


def not_protected(subject: Subject) -> Observed | None:
    return Present(False)


EXPECTATIONS = (
    eks_authentication,
    eks_encryption,
    eks_logging,
    eks_name_tag,
    eks_public_cidrs,
    eks_security_groups,
    eks_service_cidr,
    eks_subnets,
    eks_upgrade_policy,
    eks_version,
    eks_vpc,
    no_eks_settings,
    not_protected,
    nothing_of_eks,
)
