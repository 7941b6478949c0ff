"""Templates, Helm and SOPS are recognised with a reason, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from drift_audit.collect.git.opaque import why_opaque
from drift_audit.model.views import ScopeStatus
from tests.unit.collect_git.reading import CLUSTER, named, names, only_gap, place_with

ENC = "ENC[AES256_GCM,data:Tr7o=,iv:1vU=,tag:k1w=,type:str]"
SOPS = "sops:\n  mac: ENC[AES256_GCM,data:x=,type:str]\n  lastmodified: '2026-01-01T00:00:00Z'\n"


@pytest.mark.parametrize(
    "value",
    [
        "${REGION}",
        "${REGION:=eu-west-1}",
        "${REGION:-eu-west-1}",
        "v${VERSION}",
        "${ REGION }",
        "${#REGION}",
        "${REGION^^}",
        "${REGION:=a${OTHER}b}",
        "${REGION//-/_}",
        "{{ .Values.region }}",
        '{{- if .x }}"y"{{ end }}',
        ENC,
    ],
)
def test_a_value_that_somebody_fills_in_later_is_opaque(value: str) -> None:
    assert why_opaque(value)


@pytest.mark.parametrize("value", ["", "$REGION", "eu-west-1", "$(host)", "${}", "a{b}c", "{ {x} }", "100%", "${1}"])
def test_other_values_are_what_they_are(value: str) -> None:
    assert why_opaque(value) == ""


def test_a_templated_key_makes_its_whole_mapping_opaque(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER.replace("paused: false", '"${KEY}": 1')})

    found = named(place.head(), "blue")

    assert list(found.opaque) == [("spec",)]
    assert "${KEY}" in found.opaque["spec",]


def test_templated_items_of_a_list_are_opaque_one_by_one(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER.replace("paused: false", 'zones: [a, "{{ .Values.zone }}"]')})

    assert list(named(place.head(), "blue").opaque) == [("spec", "zones", 1)]


def test_a_templated_leaf_carries_the_name_of_its_variable(tmp_path: Path) -> None:
    place = place_with(tmp_path, {"a.yaml": CLUSTER.replace("paused: false", "paused: ${PAUSED:=false}")})

    found = named(place.head(), "blue")

    assert list(found.opaque) == [("spec", "paused")]
    assert "${PAUSED}" in found.opaque["spec", "paused"]


@pytest.mark.parametrize("field", ["name: blue", "namespace: fleet"])
def test_an_object_whose_identity_is_a_template_is_a_gap(tmp_path: Path, field: str) -> None:
    key = field.partition(":")[0]
    text = CLUSTER.replace(field, f"{key}: ${{CLUSTER_NAME}}")
    place = place_with(tmp_path, {"template.yaml": f"{text}---\n{text}", "b.yaml": CLUSTER})

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    gap = only_gap(head.gaps)
    assert (gap.subject, gap.status) == ("template.yaml", ScopeStatus.SKIPPED)
    assert "${CLUSTER_NAME}" in gap.reason
    assert "1 more" in gap.reason


def test_a_file_that_only_helm_can_read_is_a_gap(tmp_path: Path) -> None:
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n{{- if .x }}\n  a: b\n{{ end }}\n"
    )
    place = place_with(tmp_path, {"a.yaml": CLUSTER, "t.yaml": template})

    head = place.head()

    assert names(head) == ["Cluster/fleet/blue"]
    gap = only_gap(head.gaps)
    assert (gap.subject, gap.status) == ("t.yaml", ScopeStatus.SKIPPED)
    assert "template" in gap.reason


def test_of_a_sops_secret_the_keys_are_known_and_the_values_are_not(tmp_path: Path) -> None:
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: fleet}\n"
        f"stringData:\n  user: {ENC}\n  password: {ENC}\n{SOPS}"
    )
    place = place_with(tmp_path, {"secret.yaml": secret})

    found = named(place.head(), "s")

    assert set(found.opaque) == {("data", "user"), ("data", "password")}
    assert set(found.opaque.values()) == {"encrypted with SOPS"}
    assert "sops" not in found.raw
    assert found.marks["data", "user"].line == 5


def test_a_document_that_is_encrypted_as_a_whole_is_a_gap(tmp_path: Path) -> None:
    place = place_with(
        tmp_path, {"x.yaml": f"apiVersion: {ENC}\nkind: {ENC}\n{SOPS}", "y.yaml": f"data: {ENC}\n{SOPS}"}
    )

    gaps = place.head().gaps

    assert [gap.subject for gap in gaps] == ["x.yaml", "y.yaml"]


def test_secrets_written_in_plain_text_are_masked_and_keep_their_lines(tmp_path: Path) -> None:
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: fleet}\n"
        "data:\n  a: aHVudGVyMg==\nstringData:\n  b: hunter2\n"
    )
    place = place_with(tmp_path, {"secret.yaml": secret})

    found = named(place.head(), "s")

    data = found.raw["data"]
    assert isinstance(data, dict)
    assert data["a"] == data["b"]
    assert "hunter2" not in str(found)
    assert found.marks["data", "b"].line == 7
