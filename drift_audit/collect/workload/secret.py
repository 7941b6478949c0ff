"""The Secret in which Cluster API keeps the kubeconfig of a workload cluster (CAPI util/secret, util/kubeconfig)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from drift_audit.collect.cluster.connection import Connection
from drift_audit.collect.cluster.faults import Unreadable
from drift_audit.collect.cluster.listing import get_object
from drift_audit.collect.kinds import SECRET
from drift_audit.collect.looking import Part
from drift_audit.collect.workload.kubeconfig import BadKubeconfig, Kubeconfig, parsed_kubeconfig
from drift_audit.model.keys import ClusterKey
from drift_audit.model.values import mapping, text
from drift_audit.model.views import Reach

ROLE = "drift-audit-kubeconfigs"
"""The ClusterRole of `deploy/kubernetes`, to be bound in the namespaces of the clusters."""
INSTEAD = "set workload.read: none, to do without workload clusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotThere:
    """A fact about the Secret: it is not there, or what is in it is of no use."""

    reach: Reach
    detail: str
    endpoint: str = ""
    certificate_expires: str = ""


def secret_name(cluster: ClusterKey) -> str:
    return f"{cluster.name}-kubeconfig"


def read_kubeconfig(connection: Connection, part: Part, cluster: ClusterKey) -> Kubeconfig | NotThere | None:
    """What the management cluster holds; `None`, with a gap in the part, where it could not be read."""
    name = secret_name(cluster)
    try:
        raw = get_object(connection, SECRET, "v1", cluster.namespace, name, part.tally)
    except Unreadable as fault:
        part.refuse(_named(fault, cluster), subject=f"Secret/{cluster.namespace}/{name}")
        return None
    if raw is None:
        return NotThere(reach=Reach.NO_KUBECONFIG, detail=f"there is no Secret {cluster.namespace}/{name}")
    value = text(mapping(raw.get("data")).get("value"))
    if not value:
        return _bad("it has no key 'value'", name)
    try:
        return parsed_kubeconfig(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return _bad("its key 'value' is not base64", name)
    except BadKubeconfig as error:
        return _bad(str(error), name)


def _bad(why: str, name: str) -> NotThere:
    return NotThere(reach=Reach.BAD_KUBECONFIG, detail=f"Secret {name}: {why}")


def _named(fault: Unreadable, cluster: ClusterKey) -> Unreadable:
    """The fault with the role that has the rule, where a rule is missing."""
    if not fault.right:
        return fault
    remedy = f"{fault.remedy} ClusterRole {ROLE} of deploy/kubernetes has it: bind it in {cluster.namespace!r}."
    return Unreadable(fault.reason, remedy, status=fault.status, right=fault.right)
