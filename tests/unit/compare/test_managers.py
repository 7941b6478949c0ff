"""Which field manager is who: the table of known names, and the user's own rules before it."""

from __future__ import annotations

import pytest

from drift_audit.compare.managed_fields import Entry, FieldSet
from drift_audit.compare.managers import Manager, ManagerClass, ManagerTable
from drift_audit.config.settings import ManagerRule


def known(manager: str, operation: str = "Update", subresource: str = "", *rules: ManagerRule) -> Manager:
    entry = Entry(
        manager=manager, operation=operation, api_version="a/v1", subresource=subresource, time="", fields=FieldSet({})
    )
    return ManagerTable(rules).of(entry)


@pytest.mark.parametrize(
    ("manager", "operation", "subresource", "expected", "label"),
    [
        ("kustomize-controller", "Apply", "", "gitops", "Flux kustomize-controller"),
        ("kustomize-controller", "Update", "", "gitops", "Flux kustomize-controller"),
        ("helm-controller", "Apply", "", "gitops", "Flux helm-controller"),
        ("argocd-controller", "Apply", "", "gitops", "Argo CD"),
        ("argocd-controller", "Update", "", "gitops", "Argo CD"),
        ("application/apply-patch", "Apply", "", "gitops", "Sveltos"),
        ("kubectl-edit", "Update", "", "human", "kubectl edit"),
        ("kubectl-patch", "Update", "", "human", "kubectl patch"),
        ("kubectl-annotate", "Update", "", "human", "kubectl annotate"),
        ("kubectl-client-side-apply", "Update", "", "human", "kubectl apply"),
        ("kubectl", "Apply", "", "human", "kubectl apply --server-side"),
        ("kubectl", "Update", "scale", "human", "kubectl scale"),
        ("kubectl", "Update", "", "human", "kubectl"),
        ("kubectl-rollout", "Update", "", "human", "kubectl rollout"),
        ("flux-client-side-apply", "Apply", "", "human", "kubectl apply --field-manager=flux-client-side-apply"),
        ("k9s", "Update", "scale", "human", "k9s"),
        ("Mozilla", "Update", "", "human", "a browser UI through a proxy"),
        ("node-fetch", "Update", "", "human", "a desktop UI (node-fetch, such as Lens)"),
        ("Freelens", "Update", "", "human", "Freelens"),
        ("argocd-server", "Update", "", "human", "an edit in the Argo CD UI"),
        ("OpenAPI-Generator", "Update", "", "script", "OpenAPI-Generator"),
        ("python-requests", "Update", "", "script", "python-requests"),
        ("terraform-provider-kubernetes", "Apply", "", "script", "terraform-provider-kubernetes"),
        ("manager", "Update", "", "controller", "a Cluster API or provider controller"),
        ("manager", "Apply", "", "controller", "a Cluster API or provider controller"),
        ("capi-topology", "Apply", "", "controller", "capi-topology"),
        ("capi-kubeadmcontrolplane-metadata", "Apply", "", "controller", "capi-kubeadmcontrolplane-metadata"),
        ("azureserviceoperator-controller-manager", "Update", "", "controller", None),
        ("cluster-autoscaler", "Update", "scale", "autoscaler", "cluster autoscaler"),
        ("before-first-apply", "Update", "", "synthetic", "before-first-apply"),
        ("ancient-changes", "Update", "", "synthetic", "ancient-changes"),
        ("unknown", "Update", "", "unknown", "unknown"),
        ("a-tool-of-ours", "Update", "", "unknown", "a-tool-of-ours"),
        ("kustomize-controller-of-mallory", "Update", "", "unknown", None),
        ("", "", "", "unknown", ""),
    ],
)
def test_known_managers(manager: str, operation: str, subresource: str, expected: str, label: str | None) -> None:
    found = known(manager, operation, subresource)

    assert found.manager_class is ManagerClass(expected)
    assert label is None or found.label == label


def test_people_scripts_and_the_unknown_are_out_of_band() -> None:
    out_of_band = {each for each in ManagerClass if Manager(each, "").out_of_band}

    assert out_of_band == {ManagerClass.HUMAN, ManagerClass.SCRIPT, ManagerClass.UNKNOWN}


def test_a_rule_of_the_user_comes_first() -> None:
    rule = ManagerRule(match="kubectl-.*", manager_class="gitops", label="our deploy robot")

    assert known("kubectl-edit", "Update", "", rule) == Manager(ManagerClass.GITOPS, "our deploy robot")


@pytest.mark.parametrize("manager", ["our-robot-2", "an-our-robot", "our-robot/extra"])
def test_a_rule_has_to_match_the_whole_name(manager: str) -> None:
    rule = ManagerRule(match="our-robot", manager_class="gitops")

    assert known(manager, "Update", "", rule).manager_class is ManagerClass.UNKNOWN


def test_a_rule_without_a_label_shows_the_name() -> None:
    assert known("robot", "Apply", "", ManagerRule(match="robot", manager_class="script")).label == "robot"


def test_braces_in_a_label_are_only_text() -> None:
    rule = ManagerRule(match="robot", manager_class="script", label="the {robot} of {0}")

    assert known("robot", "Apply", "", rule).label == "the {robot} of {0}"


def test_a_name_with_braces_is_only_text() -> None:
    assert known("terraform-{verb}", "Apply").label == "terraform-{verb}"
