"""Who keeps the network of a cluster: CAPA, or whoever brought it.

CAPA decides at every reconcile by one tag of the VPC in AWS (pkg/cloud/services/network/vpc.go, reconcileVPC;
api/v1beta2/network_types.go, VPCSpec.IsUnmanaged). Taking the tag away turns a network that CAPA built into one that
it only uses, so that who built it has to be known apart from who keeps it.
"""

from __future__ import annotations

from drift_audit_aws.fleet import AwsCluster
from drift_audit_aws.network.layout import layout
from drift_audit_aws.ownership import OWNED, owned_tag
from drift_audit_aws.subject import CloudIndex, Subject


def kept_by_capa(cluster: AwsCluster, index: CloudIndex) -> bool:
    """True while CAPA looks after gateways, routes and tags; what the spec says, where the VPC could not be read."""
    if cluster.externally_managed:
        return False
    vpc = index.ask(layout).vpcs.get(cluster.vpc_id)
    return vpc.tags.get(owned_tag(cluster.key.name)) == OWNED if vpc is not None else cluster.builds_its_vpc


def built_by_capa(cluster: AwsCluster, index: CloudIndex) -> bool:
    """True for a network that CAPA made, whether it still keeps it or not.

    CAPA copies the VPC's tags into the spec, also when the tag is gone; the tags of subnets, route tables and
    internet gateways then still tell, for CAPA writes them in a VPC of its own only. The VPC's tag alone tells
    nothing: a person can write it on a VPC that CAPA has not touched yet.
    """
    if cluster.externally_managed:
        return False
    builders = index.ask(layout).builders.get(cluster.vpc_id, frozenset())
    return cluster.builds_its_vpc or cluster.key.name in builders


def kept(subject: Subject) -> bool:
    return kept_by_capa(subject.cluster, subject.index)


def built(subject: Subject) -> bool:
    return built_by_capa(subject.cluster, subject.index)
