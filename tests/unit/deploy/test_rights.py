"""What `deploy/` grants is what the collectors call: no right is missing, and none is there for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from drift_audit.collect.cluster.plan import standing_rules
from drift_audit.collect.kinds import closer_rules, kubeconfig_rules
from drift_audit.collect.workload.secret import ROLE
from drift_audit_aws.families import READERS
from drift_audit_aws.rights import actions, policy
from drift_audit_aws.session import check_allowed
from drift_audit_azure.rights import role
from drift_audit_gcp import rights as gcp_rights

DEPLOY = Path(__file__).parents[3] / "deploy"
RBAC = DEPLOY / "kubernetes" / "rbac.yaml"
POLICY = DEPLOY / "aws" / "read-only-policy.json"
ROLE_DEFINITION = DEPLOY / "azure" / "read-only-role.json"
GCP_ROLE = DEPLOY / "gcp" / "role.yaml"


def cluster_roles() -> dict[str, Any]:
    documents = yaml.safe_load_all(RBAC.read_text())
    return {found["metadata"]["name"]: found for found in documents if found["kind"] == "ClusterRole"}


def test_the_policy_is_made_of_what_the_readers_call(request: pytest.FixtureRequest) -> None:
    wanted = json.dumps(policy(), indent=2) + "\n"
    if request.config.getoption("--update-golden"):
        POLICY.write_text(wanted)

    assert POLICY.read_text() == wanted


def test_the_role_of_azure_is_made_of_what_is_read(request: pytest.FixtureRequest) -> None:
    """That nothing else is called, the double says: tests/integration/test_azure_collect.py."""
    wanted = json.dumps(role(), indent=2) + "\n"
    if request.config.getoption("--update-golden"):
        ROLE_DEFINITION.write_text(wanted)

    assert ROLE_DEFINITION.read_text() == wanted
    assert all(action.endswith("/read") and "*" not in action for action in json.loads(wanted)["Actions"])


def test_the_role_in_google_cloud_is_made_of_what_the_readers_call(request: pytest.FixtureRequest) -> None:
    wanted = yaml.safe_dump(gcp_rights.role(), sort_keys=False)
    if request.config.getoption("--update-golden"):
        GCP_ROLE.write_text(wanted)

    assert GCP_ROLE.read_text() == wanted
    assert {permission.rpartition(".")[2] for permission in gcp_rights.permissions()} == {"get", "list"}


def test_the_roles_of_other_accounts_can_only_be_assumed() -> None:
    """The trust policy names a role and an external id; the home role may assume those roles and nothing else."""
    trust, assume = (
        json.loads((POLICY.parent / name).read_text()) for name in ("trust-policy.json", "assume-policy.json")
    )

    (trusted,), (allowed,) = trust["Statement"], assume["Statement"]
    assert trusted["Action"] == allowed["Action"] == "sts:AssumeRole"
    assert trusted["Principal"].keys() == {"AWS"} and trusted["Condition"]["StringEquals"].keys() == {"sts:ExternalId"}
    assert allowed["Resource"].endswith(":role/drift-audit-read-only")


@pytest.mark.parametrize("action", actions())
def test_every_action_is_a_read_that_the_audit_lets_out(action: str) -> None:
    check_allowed(action.partition(":")[2].replace("ListAllMyBuckets", "ListBuckets"))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.type)
def test_every_reader_names_what_it_calls(reader: Any) -> None:
    assert reader.actions
    assert all(action.count(":") == 1 for action in reader.actions)


def test_the_cluster_role_has_the_rules_of_every_audit() -> None:
    assert cluster_roles()["drift-audit"]["rules"] == list(standing_rules())


def test_looking_closer_has_roles_of_its_own() -> None:
    roles = cluster_roles()

    assert roles["drift-audit-closer-look"]["rules"] == list(closer_rules())
    assert roles[ROLE]["rules"] == list(kubeconfig_rules())


def test_no_role_grants_more_than_reading_and_only_one_that_is_bound_to_nobody_grants_secrets() -> None:
    rules = [(name, rule) for name, role in cluster_roles().items() for rule in role["rules"]]
    documents = list(yaml.safe_load_all(RBAC.read_text()))
    bound = {found["roleRef"]["name"] for found in documents if found["kind"].endswith("Binding")}

    secret = {name for name, rule in rules if "" in rule["apiGroups"] and {"*", "secrets"} & {*rule["resources"]}}
    assert {verb for _, rule in rules for verb in rule["verbs"]} == {"get", "list"}
    assert secret == {ROLE}
    assert ROLE not in bound
    assert bound == {*cluster_roles()} - {ROLE}
