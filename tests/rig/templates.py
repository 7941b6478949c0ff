"""Real cluster templates of the providers, with their `${VARIABLES}` filled in by clusterctl's rules.

clusterctl substitutes in the raw text, comments included (cluster-api cmd/clusterctl/client/yamlprocessor/
simple_processor.go, with drone/envsubst underneath). Here are the forms that the providers' templates use;
any other form is refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from tests.rig.client import Json
from tests.rig.manifests import objects_of, without_nulls
from tests.rig.modules import cluster_templates

_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*")
_DEFAULT = re.compile(r":=|:-|=")
_SLICE = re.compile(r":(-?\d+)(?::(\d+))?$")
_TRIM = re.compile(r"%%|%|##|#")

_COMMON = {"KUBERNETES_VERSION": "v1.34.2", "CONTROL_PLANE_MACHINE_COUNT": "3", "WORKER_MACHINE_COUNT": "3"}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "AWS_ACCOUNT_ID": "123456789012",
        "AWS_AVAILABILITY_ZONE": "eu-central-1a",
        "AWS_CONTROL_PLANE_MACHINE_TYPE": "m6i.large",
        "AWS_NODE_MACHINE_TYPE": "m6i.xlarge",
        "AWS_REGION": "eu-central-1",
        "AWS_S3_BUCKET_NAME": "cluster-ignition",
        "AWS_SSH_KEY_NAME": "fleet",
        "CNI_RESOURCES": '{cni.yaml: "kind: List"}',
        "ACCOUNT_ROLES_PREFIX": "fleet",
        "COREOS_EC2_HOSTNAME": "ip-10-0-0-1",
        "MULTI_TENANCY_JUMP_IDENTITY_NAME": "jump",
        "MULTI_TENANCY_JUMP_ROLE_ARN": "arn:aws:iam::123456789012:role/jump",
        "MULTI_TENANCY_NESTED_IDENTITY_NAME": "nested",
        "MULTI_TENANCY_NESTED_ROLE_ARN": "arn:aws:iam::210987654321:role/nested",
        "OIDC_CONFIG_ID": "0123456789abcdef",
        "OPENSHIFT_VERSION": "4.19.0",
        "OPERATOR_ROLES_PREFIX": "fleet",
        "PRIVATE_SUBNET_ID": "subnet-0123456789abcdef0",
        "PUBLIC_SUBNET_ID": "subnet-0fedcba9876543210",
        "VPC_ADDON_VERSION": "v1.20.0-eksbuild.1",
    },
    "azure": {
        "APISERVER_LB_DNS_SUFFIX": "fleet",
        "ASO_CREDENTIAL_SECRET_NAME": "aso-credentials",
        "AZURE_CLIENT_ID_USER_ASSIGNED_IDENTITY": "00000000-0000-0000-0000-000000000001",
        "AZURE_CONTROL_PLANE_MACHINE_TYPE": "Standard_D2s_v5",
        "AZURE_EXTENDEDLOCATION_NAME": "losangeles",
        "AZURE_EXTENDEDLOCATION_TYPE": "EdgeZone",
        "AZURE_LOCATION": "westeurope",
        "AZURE_NODE_MACHINE_TYPE": "Standard_D4s_v5",
        "AZURE_SERVER_APP_ID": "00000000-0000-0000-0000-000000000002",
        "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000003",
        "AZURE_TENANT_ID": "00000000-0000-0000-0000-000000000004",
        "CLUSTER_IDENTITY_NAME": "cluster-identity",
        "FLATCAR_VERSION": "4152.2.0",
    },
    "gcp": {
        "CLUSTER_CLASS_NAME": "gcp",
        "CNI_RESOURCES": '{cni.yaml: "kind: List"}',
        "GCP_CONTROL_PLANE_MACHINE_TYPE": "n2-standard-2",
        "GCP_NETWORK_NAME": "default",
        "GCP_NODE_MACHINE_TYPE": "n2-standard-4",
        "GCP_PROJECT": "fleet-project",
        "GCP_REGION": "europe-west3",
        "IMAGE_ID": "projects/fleet-project/global/images/ubuntu-2404",
    },
}


class TemplateError(Exception):
    """A template that asks for variables that were not given, or uses a form that is not known here."""


def rendered_template(provider: str, cluster: str, flavour: str = "", **variables: str) -> str:
    """The YAML text of a cluster template, as `clusterctl generate cluster` prints it.

    `provider` is `aws`, `azure` or `gcp`; variables that are not given have values of a believable fleet.
    """
    text = cluster_templates(provider)[flavour].read_text()
    return substituted(
        text, {**_COMMON, **_VALUES[provider], "CLUSTER_CLASS_NAME": cluster, **variables, "CLUSTER_NAME": cluster}
    )


def template_objects(provider: str, cluster: str, namespace: str, flavour: str = "", **variables: str) -> list[Json]:
    """The objects of a rendered template, moved to that namespace as `clusterctl generate -n` does.

    Fields with the value null are left out. Templates hold `matchLabels: null`, which `kubectl apply` may send,
    but server-side apply is refused with it (422) unless Cluster API's own webhook has filled it in before.
    """
    objects = objects_of(rendered_template(provider, cluster, flavour, **variables))
    return [without_nulls({**entry, "metadata": {**entry["metadata"], "namespace": namespace}}) for entry in objects]


def substituted(text: str, values: Mapping[str, str]) -> str:
    """The text with every `${…}` replaced; raises `TemplateError` naming all variables that lack a value."""
    missing: set[str] = set()
    replaced = _replace_all(text, lambda expression: _value_of(expression, values, missing))
    if missing:
        raise TemplateError(f"variables without a value: {', '.join(sorted(missing))}")
    return replaced


def _replace_all(text: str, value_of: Callable[[str], str]) -> str:
    """Like envsubst: `$$` becomes `$`, and a `$` that no brace follows stays."""
    parts: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        parts.append(text[position:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "{":
            end = _closing_brace(text, dollar + 2)
            parts.append(value_of(text[dollar + 2 : end]))
            position = end + 1
        else:
            parts.append("$")
            position = dollar + (2 if following == "$" else 1)
    return "".join(parts) + text[position:]


def _closing_brace(text: str, start: int) -> int:
    depth = 1
    for position in range(start, len(text)):
        if text.startswith("${", position):
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if not depth:
                return position
    raise TemplateError(f"no closing brace: {text[start - 2 : start + 40]!r}")


def _value_of(expression: str, values: Mapping[str, str], missing: set[str]) -> str:
    name = _NAME.match(expression)
    if not name:
        raise TemplateError(f"no variable name in ${{{expression}}}")
    value, form = values.get(name[1], ""), expression[name.end() :]
    if default := _DEFAULT.match(form):
        # An empty value counts as unset.
        return value or _replace_all(form[default.end() :], lambda inner: _value_of(inner, values, missing))
    if name[1] not in values:
        missing.add(name[1])
    return _formed(value, form)


def _formed(value: str, form: str) -> str:
    if not form:
        return value
    if part := _SLICE.match(form):
        start = int(part[1]) if int(part[1]) >= 0 else len(value) + int(part[1])
        return value[start : start + int(part[2])] if part[2] else value[start:]
    if trim := _TRIM.match(form):
        return _trimmed(value, trim[0], form[trim.end() :])
    raise TemplateError(f"a form of substitution that is not known here: {form!r}")


def _trimmed(value: str, operator: str, pattern: str) -> str:
    """The value without the shortest (one sign) or longest (two signs) prefix `#` or suffix `%` of that shape."""
    lengths = range(len(value) + 1)
    for length in reversed(lengths) if len(operator) == 2 else lengths:
        cut, rest = (
            (value[:length], value[length:])
            if operator[0] == "#"
            else (value[len(value) - length :], value[: len(value) - length])
        )
        if fnmatchcase(cut, pattern):
            return rest
    return value
