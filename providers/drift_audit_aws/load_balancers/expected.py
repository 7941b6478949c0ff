"""What CAPA gives a load balancer and its target groups.

Source, where no other is named: CAPA v2.13.0 pkg/cloud/services/elb/loadbalancer.go, getAPIServerClassicELBSpec,
getAPIServerLBSpec and reconcileTargetGroupsAndListeners.
"""

from __future__ import annotations

from drift_audit.model.values import Observed, Present, Unknown, dig, mapping, sequence, text
from drift_audit_aws.load_balancers.about import balancer_of
from drift_audit_aws.load_balancers.api_balancers import AWS_TYPES, endpoint_host
from drift_audit_aws.load_balancers.names import API_ROLE
from drift_audit_aws.load_balancers.subnets import chosen_subnets, first_in_each_zone, zones_of_candidates
from drift_audit_aws.load_balancers.target_groups import API_PORT, WantedListener, wanted_listeners, wanted_of
from drift_audit_aws.ownership import NAME_TAG, OWNED, ROLE_TAG, owned_tag
from drift_audit_aws.subject import Subject

_CLASSIC_IDLE_SECONDS = 600
_IDLE_SECONDS = 60


def balancer_scheme(subject: Subject) -> Observed | None:
    """A gateway load balancer has no scheme."""
    balancer = balancer_of(subject)
    return Present(balancer.scheme) if balancer is not None and balancer.kind != "elb" else None


def balancer_type(subject: Subject) -> Observed | None:
    balancer = balancer_of(subject)
    return Present(AWS_TYPES[balancer.kind]) if balancer is not None and balancer.kind in AWS_TYPES else None


def balancer_vpc(subject: Subject) -> Observed | None:
    """CAPA compares the VPC once it knows its own (describeLB)."""
    return Present(subject.cluster.vpc_id) if subject.cluster.vpc_id else None


def balancer_subnets(subject: Subject) -> Observed | None:
    balancer = balancer_of(subject)
    if balancer is None:
        return None
    subnets = chosen_subnets(balancer) or first_in_each_zone(zones_of_candidates(balancer))
    return Present(sorted(subnets)) if subnets else Unknown("spec.network.subnets is not filled in yet")


def balancer_groups(subject: Subject) -> Observed | None:
    """The additional groups and that of the API server's load balancers. A network load balancer that was made
    without any can never have one, and CAPA leaves it alone (shouldReconcileSGs); a gateway one has none.
    """
    balancer = balancer_of(subject)
    if balancer is None or balancer.kind == "elb":
        return None
    if balancer.network and not sequence(subject.resource.attributes.get("SecurityGroups")):
        return None
    own = subject.cluster.security_groups.get("apiserver-lb", "")
    if not own:
        return Unknown(f"{subject.cluster.infra.kind} has no apiserver-lb security group in its status yet")
    return Present(sorted({own, *map(text, sequence(balancer.spec.get("additionalSecurityGroups")))} - {""}))


def balancer_address_type(subject: Subject) -> Observed | None:
    return Present("dualstack" if subject.cluster.ipv6 else "ipv4")


def balancer_cross_zone(subject: Subject) -> Observed | None:
    """An application load balancer spreads over all zones whatever CAPA sends (ELB API, LoadBalancerAttribute)."""
    balancer = balancer_of(subject)
    if balancer is None or balancer.kind == "alb":
        return None
    return Present(balancer.spec.get("crossZoneLoadBalancing") is True)


def classic_idle_timeout(subject: Subject) -> Observed | None:
    return Present(_CLASSIC_IDLE_SECONDS)


def balancer_idle_timeout(subject: Subject) -> Observed | None:
    """CAPA sends it to all but network load balancers; only application load balancers have it."""
    balancer = balancer_of(subject)
    return Present(_IDLE_SECONDS) if balancer is not None and balancer.kind == "alb" else None


def balancer_option_off(subject: Subject) -> Observed | None:
    """The default of AWS, which CAPA does not change."""
    return Present(False)


def endpoint_of_cluster(subject: Subject) -> Observed | None:
    host = endpoint_host(subject.cluster)
    return Present(host) if host else None


def balancer_active(subject: Subject) -> Observed | None:
    return Present("active")


def balancer_tags(subject: Subject) -> Observed | None:
    """All but the cluster's own tag, which has a row of its own. CAPA's name may be overwritten, its role not."""
    tags = {
        NAME_TAG: subject.resource.key.id,
        **mapping(subject.cluster.infra.spec.get("additionalTags")),
        ROLE_TAG: API_ROLE,
    }
    own = owned_tag(subject.cluster.key.name)
    return Present({key: value for key, value in tags.items() if key != own})


def classic_health_check(subject: Subject) -> Observed | None:
    """`healthCheck` of the spec is for target groups only: a classic load balancer has CAPA's constants."""
    balancer = balancer_of(subject)
    protocol = text(balancer.spec.get("healthCheckProtocol")) if balancer is not None else ""
    path = "/readyz" if protocol in ("HTTP", "HTTPS") else ""
    return Present(
        {
            "Target": f"{protocol or 'TCP'}:{API_PORT}{path}",
            "Interval": 5,
            "Timeout": 4,
            "HealthyThreshold": 2,
            "UnhealthyThreshold": 6,
        }
    )


def classic_listeners(subject: Subject) -> Observed | None:
    port = dig(subject.cluster.cluster.spec, "clusterNetwork", "apiServerPort")
    return Present([f"TCP {port if isinstance(port, int) and port else API_PORT} to TCP {API_PORT}"])


def balancer_listeners(subject: Subject) -> Observed | None:
    balancer = balancer_of(subject)
    if balancer is None:
        return None
    return Present([f"{wanted.protocol} {wanted.port}" for wanted in wanted_listeners(balancer)])


def target_group_identity(subject: Subject) -> Observed | None:
    """By what CAPA recognises its target group; nothing for one that it did not make."""
    wanted = _wanted_listener(subject)
    if wanted is None:
        return None
    return Present({"Protocol": wanted.protocol, "IpAddressType": wanted.address_type})


def target_group_health_check(subject: Subject) -> Observed | None:
    wanted = _wanted_listener(subject)
    return Present(wanted.health_check) if wanted is not None else None


def target_group_attributes(subject: Subject) -> Observed | None:
    """Of a network load balancer's target group; with `preserveClientIP` CAPA leaves AWS's default, which is on."""
    balancer = balancer_of(subject)
    if balancer is None or not balancer.network or _wanted_listener(subject) is None:
        return None
    return Present(
        {
            "preserve_client_ip.enabled": "true" if balancer.spec.get("preserveClientIP") is True else "false",
            "target_health_state.unhealthy.connection_termination.enabled": "false",
            "target_health_state.unhealthy.draining_interval_seconds": "300",
        }
    )


def target_group_owned(subject: Subject) -> Observed | None:
    return Present(OWNED) if _wanted_listener(subject) is not None else None


def _wanted_listener(subject: Subject) -> WantedListener | None:
    balancer = balancer_of(subject)
    return wanted_of(subject.resource, wanted_listeners(balancer)) if balancer is not None else None
