"""From the CAPA identity of a cluster to the account that the audit reads for it.

CAPA's own credentials are never used: the Secret of a static identity is not read, the controller's ambient
credentials name no account. The configuration says which account an identity stands for; where an object gives
proof (the role's ARN, the ARN of the cluster's load balancer) the two must agree.
Source: CAPA pkg/cloud/scope/session.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import dig, text
from drift_audit.model.views import ClusterView
from drift_audit_aws.fleet import DEFAULT_IDENTITY, INFRASTRUCTURE, AwsCluster
from drift_audit_aws.settings import AwsAccount, AwsSettings

ROLE_IDENTITY = "AWSClusterRoleIdentity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The account that the audit reads for a cluster."""

    account: AwsAccount
    assumed: bool
    """True when only the configuration speaks for it: its mapping, or that there is only one account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """Why no account can be read for a cluster."""

    reason: str
    remedy: str


def resolve(cluster: AwsCluster, view: ClusterView, settings: AwsSettings) -> Resolved | Unresolved:
    """The account of a cluster, or what is missing in order to know it."""
    mapped = _mapped(cluster, settings)
    proven = _role_account(cluster, view)
    if isinstance(proven, Unresolved):
        if mapped is None:
            return proven
        proven = ""
    owner = account_in_status(cluster.infra)
    for evidence, account in (("its role", proven), ("its load balancer", owner)):
        if mapped is not None and account and account != mapped.account:
            return Unresolved(
                reason=f"{_subject(cluster)} is mapped to account {mapped.account}, but {evidence} is in {account}",
                remedy=f"Move {cluster.identity!r} under identities to the entry of account {account}.",
            )
    if proven:
        return _configured(proven, cluster, settings)
    if mapped is not None:
        return Resolved(account=mapped, assumed=not owner)
    return _only_account(cluster, settings, owner)


def account_in_status(infra: CapiObject) -> str:
    """The account in the ARN of the API server's load balancer; empty for a classic one, which has no ARN."""
    return account_of_arn(text(dig(infra.status, "networkStatus", "apiServerElb", "arn")))


def account_of_arn(arn: str) -> str:
    """Field 5 of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`."""
    fields = arn.split(":", 5)
    return fields[4] if len(fields) == 6 and fields[0] == "arn" else ""


def _mapped(cluster: AwsCluster, settings: AwsSettings) -> AwsAccount | None:
    """The configured entry, that for this management cluster before the general one."""
    for wanted in (f"{cluster.key.management_cluster}/{cluster.identity}", cluster.identity):
        for account in settings.accounts:
            if wanted in account.identities:
                return account
    return None


def _role_account(cluster: AwsCluster, view: ClusterView) -> str | Unresolved:
    """The account of the role; empty when the identity is no role."""
    kind, _, name = cluster.identity.partition("/")
    if kind != ROLE_IDENTITY:
        return ""
    found = view.objects.get(ObjectKey(INFRASTRUCTURE, ROLE_IDENTITY, "", name))
    if found is None:
        known = view.listed(INFRASTRUCTURE, ROLE_IDENTITY)
        reason = "does not exist" if known else "could not be read"
        return Unresolved(
            reason=f"{_subject(cluster)}, which {reason} in management cluster {cluster.key.management_cluster}",
            remedy=(
                "Create the identity or correct spec.identityRef."
                if known
                else f"Let the audit list {ROLE_IDENTITY}, or add {cluster.identity!r} under "
                "clouds.aws.accounts[].identities."
            ),
        )
    account = account_of_arn(text(found.spec.get("roleARN")))
    if not account:
        return Unresolved(
            reason=f"{_subject(cluster)}, whose roleARN names no account",
            remedy=f"Correct spec.roleARN, or add {cluster.identity!r} under clouds.aws.accounts[].identities.",
        )
    return account


def _configured(number: str, cluster: AwsCluster, settings: AwsSettings) -> Resolved | Unresolved:
    account = settings.account(number)
    if account is None:
        return Unresolved(
            reason=f"{_subject(cluster)} of account {number}, which is not configured",
            remedy=f'Add an entry with account: "{number}" under clouds.aws.accounts.',
        )
    return Resolved(account=account, assumed=False)


def _only_account(cluster: AwsCluster, settings: AwsSettings, owner: str) -> Resolved | Unresolved:
    if owner:
        return _configured(owner, cluster, settings)
    if cluster.identity == DEFAULT_IDENTITY and len(settings.accounts) == 1:
        return Resolved(account=settings.accounts[0], assumed=True)
    return Unresolved(
        reason=f"{_subject(cluster)}, and no configured account is mapped to it",
        remedy=f"Add {cluster.identity!r} under clouds.aws.accounts[].identities of its account.",
    )


def _subject(cluster: AwsCluster) -> str:
    return f"cluster {cluster.key.namespace}/{cluster.key.name} uses identity {cluster.identity}"
