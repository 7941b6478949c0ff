"""Layer 2: the identity that a provider is to use does not exist, may not be used, or is not accepted.

CAPA v2.13.0 marks its conditions PrincipalCredentialRetrieved and PrincipalUsageAllowed on a copy that is thrown away
when there is no session (pkg/cloud/scope/cluster.go, NewClusterScope), so that a cluster whose identity was deleted
looks well: the identity objects themselves are looked at, and what the controller logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Layer
from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import JsonObject, mapping, sequence, text
from drift_audit.stuck.case import Case, Proof, said_by
from drift_audit.stuck.conditions import TRUE
from drift_audit.stuck.signature import Sign, Signature

_INFRASTRUCTURE = "infrastructure.cluster.x-k8s.io"
_AWS_CONDITIONS = ("PrincipalCredentialRetrieved", "PrincipalUsageAllowed")
_AWS_SAYS = re.compile(
    r"failed to create aws (?:V2 )?session|Failed to get providers for cluster|Failed to retrieve identity credentials"
    r"|Namespace is not permitted to use AWSCluster\w+",
    re.IGNORECASE,
)
_AZURE_SAYS = re.compile(
    r"failed to retrieve AzureClusterIdentity|AzureClusterIdentity list of allowed namespaces doesn't include"
    r"|failed to fetch AzureClusterIdentity secret|failed to get client secret|NamespaceNotAllowedByIdentity"
    r"|(?P<code>AADSTS\d+)",
    re.IGNORECASE,
)
_GCP_SAYS = re.compile(
    r"could not find default credentials|getting (?:gcp credentials from reference|credentials secret)"
    r"|oauth2: (?:cannot fetch token|\"?invalid_grant)|(?P<code>invalid_grant|unauthorized_client)"
    r"|failed to extract credentials from JSON",
    re.IGNORECASE,
)
CREDENTIALS = re.compile(
    r"\b(?P<code>InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClientException|ExpiredToken(?:Exception)?"
    r"|AuthFailure(?![.\w])|SignatureDoesNotMatch|NoCredentialProviders|InvalidAuthenticationToken\w*"
    r"|ExpiredAuthenticationToken|InvalidClientSecret\w*)|failed to refresh cached credentials",
    re.IGNORECASE,
)
SAID_OF_IDENTITIES = (_AWS_SAYS, _AZURE_SAYS, _GCP_SAYS, CREDENTIALS)


def _aws(case: Case) -> Sign | None:
    if case.live.deleting:
        return None
    proofs = [*_identity_proofs(case), *_conditions(case), *_told(case, _AWS_SAYS)]
    return _sign(case, proofs)


def _azure(case: Case) -> Sign | None:
    if case.live.deleting:
        return None
    return _sign(case, [*_identity_proofs(case), *_told(case, _AZURE_SAYS)])


def _gcp(case: Case) -> Sign | None:
    return None if case.live.deleting else _sign(case, list(_told(case, _GCP_SAYS)))


def _refused(case: Case) -> Sign | None:
    """Credentials that a cloud does not accept, whoever shows them."""
    found = None if case.live.deleting else case.said(CREDENTIALS)
    if found is None:
        return None
    said, match = found
    code = match["code"] or match[0]
    return Sign(
        fact=f"the cloud does not accept the credentials: {code}",
        since=said.since,
        proofs=tuple(each.proof for each in case.all_said(CREDENTIALS)),
        variant=code,
    )


_Told = tuple[Proof, str, str]
"""(the proof, since when, what tells it apart)."""


def _sign(case: Case, told: Sequence[_Told]) -> Sign | None:
    if not told:
        return None
    identity = identity_key(case)
    named = f"{identity.kind} {identity.name}" if identity else "the identity of the controller"
    return Sign(
        fact=f"{named} cannot be used: {told[0][0].text}",
        since=next((since for _, since, _ in told if since), ""),
        proofs=tuple(proof for proof, _, _ in told),
        path="spec.identityRef" if identity else "",
        variant=" ".join(filter(None, (named, next((code for _, _, code in told if code), "")))),
        values=(
            ("identity_kind", identity.kind.lower() if identity else "<identity>"),
            ("identity", identity.name if identity else ""),
        ),
    )


def identity_key(case: Case) -> ObjectKey | None:
    """The identity that the object's spec names."""
    return _named_by(case.live, "identityRef")


def _named_by(live: CapiObject, field: str) -> ObjectKey | None:
    """Identities of CAPA are for the whole management cluster, those of CAPZ live in a namespace."""
    reference = mapping(live.spec.get(field))
    kind, name = text(reference.get("kind")), text(reference.get("name"))
    if not kind or not name:
        return None
    namespace = (text(reference.get("namespace")) or live.namespace) if kind.startswith("Azure") else ""
    return ObjectKey(_INFRASTRUCTURE, kind, namespace, name)


def _identity_proofs(case: Case) -> Iterator[_Told]:
    """What the identities themselves tell: that named by the cluster, and those that it borrows from."""
    key, seen = identity_key(case), set[ObjectKey]()
    while key is not None and key not in seen:
        seen.add(key)
        identity = case.graph.get(key)
        if identity is None:
            if case.graph.view.listed(key.group, key.kind):
                yield Proof("object", f"{key} does not exist"), "", ""
            return
        allowed = identity.spec.get("allowedNamespaces")
        if allowed is None:
            yield Proof("object", f"{key} allows no namespace (spec.allowedNamespaces is absent)"), "", ""
        elif _excludes(mapping(allowed), case.live.namespace):
            yield Proof("object", f"{key} does not allow the namespace {case.live.namespace}"), "", ""
        key = _named_by(identity, "sourceIdentityRef")


def _excludes(allowed: JsonObject, namespace: str) -> bool:
    """Nothing said allows all; a selector goes by labels of namespaces, which are not read."""
    named, selector = sequence(allowed.get("list")), mapping(allowed.get("selector"))
    return bool(named) and namespace not in named and not any(selector.values())


def _conditions(case: Case) -> Iterator[_Told]:
    for name in _AWS_CONDITIONS:
        condition = case.conditions.get(name)
        if condition is not None and condition.status != TRUE:
            yield said_by(condition).proof, condition.since, condition.reason


def _told(case: Case, pattern: re.Pattern[str]) -> Iterator[_Told]:
    for said in case.all_said(pattern):
        match = pattern.search(said.text)
        code = (match.groupdict().get("code") if match else "") or ""
        yield said.proof, said.since, code


def said_of_identities(case: Case) -> list[Proof]:
    """Everything that is said of an identity or of credentials that do not work."""
    told = [said.proof for pattern in SAID_OF_IDENTITIES for said in case.all_said(pattern)]
    return list(dict.fromkeys([*(proof for proof, _, _ in (*_identity_proofs(case), *_conditions(case))), *told]))


_FROZEN = (
    "Every call to the cloud fails before it is made: network, machines and deletions stand still, and conditions stay "
    "as they were."
)

SIGNATURES: Sequence[Signature] = (
    Signature(
        id="IDENT-AWS",
        layer=Layer.IDENTITY,
        severity=Severity.CRITICAL,
        title="The AWS identity of a cluster cannot be used",
        kinds=("AWSCluster", "AWSManagedControlPlane"),
        looks=_aws,
        mechanism=_FROZEN,
        next_steps=(
            "See which identities there are: `kubectl get awsclusterroleidentities,awsclusterstaticidentities`.",
            "See what it allows: `kubectl get {identity_kind} {identity} -o yaml`.",
            "Recreate it under the same name, or let it allow the namespace, in Git.",
            "Leave the finalizers alone: what they guard still stands in the cloud.",
        ),
        source="CAPA v2.13.0 pkg/cloud/scope/session.go (getProvidersForCluster, isClusterPermittedToUsePrincipal)",
        covers=True,
        everywhere=True,
        confirm="kubectl get {identity_kind} {identity} -o yaml",
    ),
    Signature(
        id="IDENT-AZURE",
        layer=Layer.IDENTITY,
        severity=Severity.CRITICAL,
        title="The Azure identity of a cluster cannot be used",
        kinds=("AzureCluster", "AzureManagedControlPlane", "AzureManagedCluster"),
        looks=_azure,
        mechanism=_FROZEN,
        next_steps=(
            "See the identity: `kubectl get azureclusteridentities -A`.",
            "See when its secret ends, in Entra ID: `az ad app credential list --id <clientID>`.",
        ),
        source="CAPZ v1.26.0 azure/scope/identity.go, controllers/helpers.go (EnsureClusterIdentity)",
        covers=True,
        everywhere=True,
        confirm="kubectl get azureclusteridentities -A -o yaml",
    ),
    Signature(
        id="IDENT-GCP",
        layer=Layer.IDENTITY,
        severity=Severity.CRITICAL,
        title="The credentials for Google Cloud cannot be used",
        kinds=("GCPCluster", "GCPManagedCluster", "GCPManagedControlPlane", "GCPMachine"),
        looks=_gcp,
        mechanism=_FROZEN + " CAPG has hardly any conditions: only its events and its log tell.",
        next_steps=(
            "See which Secret it names in spec.credentialsRef: `kubectl -n {namespace} get {kind} {name} -o yaml`.",
            "See whether that Secret is there: `kubectl -n {namespace} get secrets`.",
            "See whether the key is still enabled: `gcloud iam service-accounts keys list --iam-account <account>`.",
        ),
        source="CAPG v1.13.1 cloud/scope/credentials.go, cloud/scope/clients.go, controllers/gcpcluster_controller.go",
        covers=True,
    ),
    Signature(
        id="IDENT-CREDENTIALS",
        layer=Layer.IDENTITY,
        severity=Severity.CRITICAL,
        title="A cloud does not accept the credentials",
        kinds=("*Cluster", "*Machine", "*MachinePool", "*ControlPlane", "AWSManagedControlPlane"),
        looks=_refused,
        mechanism="Keys that were rotated, disabled or have expired are refused at every call, whatever it is about.",
        next_steps=(
            "See which credentials the controller has, and since when: `kubectl get pods,secrets -A | grep -e cap`.",
            "Renew them where they come from; the controller takes them up by itself or at its next start.",
        ),
        source="CAPA v2.13.0 pkg/cloud/awserrors/errors.go; Azure Resource Manager error codes",
        covers=True,
    ),
)
