"""No secret survives masking; equal secrets stay equal; healthy objects are not even copied."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.collect.masking import LAST_APPLIED, Masker
from drift_audit.model.values import Json, JsonObject

MASKER = Masker("a key")

PLANTED = "Pl4nted-s3cret-value"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def secret(**fields: Json) -> dict[str, Json]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


def capi(spec: Json, **metadata: Json) -> dict[str, Json]:
    return {
        "apiVersion": "x.cluster.x-k8s.io/v1beta1",
        "kind": "Thing",
        "metadata": {"name": "t", **metadata},
        "spec": spec,
    }


def masked(value: Json) -> Any:
    result = MASKER.mask_object(capi(value))
    return result["spec"]


def test_a_mask_tells_length_and_a_short_hash() -> None:
    mask = MASKER.mask("hunter2")

    assert mask.startswith("<masked: 7 bytes, ")
    assert mask == MASKER.mask(b"hunter2")
    assert mask != MASKER.mask("hunter3")
    assert mask != Masker("another key").mask("hunter2")
    assert MASKER.mask("") == ""


def test_without_a_key_masks_compare_within_one_run_only() -> None:
    first, second = Masker(""), Masker("")

    assert first.mask("x") == first.mask("x")
    assert first.mask("x") != second.mask("x")


def test_both_spellings_of_a_secret_compare_equal() -> None:
    in_git = MASKER.mask_object(secret(stringData={"a": "hunter2"}, data={"b": b64("x"), "a": b64("old")}))
    in_cluster = MASKER.mask_object(secret(data={"a": b64("hunter2"), "b": b64("x")}))

    assert in_git["data"] == in_cluster["data"]
    assert "stringData" not in in_git


def test_a_rotated_secret_still_shows() -> None:
    assert MASKER.mask_object(secret(data={"a": b64("old")})) != MASKER.mask_object(secret(data={"a": b64("new")}))


def test_what_kubectl_applied_last_is_masked_with_the_secret() -> None:
    raw = secret(data={"a": b64(PLANTED)})
    raw["metadata"] = {"name": "s", "annotations": {LAST_APPLIED: json.dumps(raw), "other": "kept"}}

    result = MASKER.mask_object(raw)

    assert PLANTED not in str(result)
    assert b64(PLANTED) not in str(result)
    assert "kept" in str(result)


@pytest.mark.parametrize("data", [{"a": "not base64!"}, {"a": None}, {"a": 5}, {}, None])
def test_malformed_secrets_are_masked_without_a_complaint(data: Json) -> None:
    assert "not base64" not in str(MASKER.mask_object(secret(data=data)))


SECRETS: list[JsonObject] = [
    {"files": [{"path": "/etc/x", "content": PLANTED}]},
    {"kubeadmConfigSpec": {"files": [{"content": PLANTED, "contentFrom": {"secret": {"name": "n", "key": "k"}}}]}},
    {"users": [{"name": "root", "passwd": PLANTED}]},
    {"initConfiguration": {"bootstrapTokens": [{"token": PLANTED, "ttl": "1h"}]}},
    {"joinConfiguration": {"discovery": {"bootstrapToken": {"token": PLANTED}}}},
    {"password": PLANTED},
    {"adminPassword": PLANTED},
    {"DB_PASSWORD": PLANTED},
    {"secretAccessKey": PLANTED},
    {"AWS_SECRET_ACCESS_KEY": PLANTED},
    {"privateKey": PLANTED},
    {"private-key": PLANTED},
    {"apiKey": PLANTED},
    {"api_key": PLANTED},
    {"certificateKey": PLANTED},
    {"credentials": PLANTED},
    {"credentials": {"deep": [{"er": PLANTED}]}},
    {"token": {"value": PLANTED}},
    {"userData": PLANTED},
    {"env": [{"name": "DB_PASSWORD", "value": PLANTED}]},
    {"topology": {"variables": [{"name": "registryPassword", "value": {"a": PLANTED}}]}},
    {"preKubeadmCommands": [f"kubeadm join --token {PLANTED}"]},
    {"preKubeadmCommands": [f"kubeadm join --token={PLANTED}"]},
    {"postKubeadmCommands": [f"curl -H 'Authorization: Bearer {PLANTED}' https://x"]},
    {"postKubeadmCommands": [f"mysql --password {PLANTED}"]},
    {"postKubeadmCommands": [f"export REGISTRY_TOKEN={PLANTED}"]},
    {"postKubeadmCommands": [f"docker login https://robot:{PLANTED}@registry"]},
    {"script": f"-----BEGIN RSA PRIVATE KEY-----\n{PLANTED}\n"},
    {"config": f"user: a\npassword: {PLANTED}\n"},
    {"config": f'{{"apiKey": "{PLANTED}"}}'},
    {"manifest": f"apiVersion: v1\nkind: Secret\nstringData:\n  a: {PLANTED}\n"},
]


@pytest.mark.parametrize("spec", SECRETS, ids=str)
def test_no_planted_secret_survives_in_a_spec_an_annotation_or_a_config_map(spec: JsonObject) -> None:
    whole = capi(spec)
    before_conversion = json.dumps({"spec": spec})
    annotations = {LAST_APPLIED: json.dumps(whole), "cluster.x-k8s.io/conversion-data": before_conversion}
    annotated = capi({}, annotations=annotations)
    config_map: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": spec}

    for raw in (whole, annotated, config_map):
        assert PLANTED not in json.dumps(MASKER.mask_object(raw))


@pytest.mark.parametrize(
    "spec",
    [
        {"instanceMetadataOptions": {"httpTokens": "required"}},
        {"passwordRef": "x", "tokenName": "y", "credentialsRef": {"name": "n", "namespace": "m"}},
        {"clientSecret": {"name": "n", "namespace": "m"}},
        {"credentials": {"name": "n", "namespace": "m", "kind": "Secret", "apiVersion": "v1"}},
        {"bootstrap": {"dataSecretName": "x"}},
        {"preKubeadmCommands": ["hostname x", "kubeadm token create --ttl 1h", "echo secret is ${TOKEN}"]},
        {"users": [{"name": "ubuntu", "sshAuthorizedKeys": ["ssh-ed25519 AAAAC3NzaC1l robot@example.com"]}]},
        {"files": [{"path": "/etc/x", "contentFrom": {"secret": {"name": "n", "key": "k"}}}]},
        {"automountServiceAccountToken": True, "tokenTTL": "24h"},
        {"extraArgs": [{"name": "token-auth-file", "value": "/etc/tokens"}]},
        {"providerID": "aws:///eu-west-1a/i-0123456789abcdef0", "ami": {"id": "ami-0123456789abcdef0"}},
        {"image": "registry.example.com:5000/team/app@sha256:" + "a" * 64},
        {"files": []},
        {"users": None},
    ],
    ids=str,
)
def test_what_is_no_secret_stays_visible_and_the_object_is_the_same(spec: JsonObject) -> None:
    raw = capi(spec, labels={"token": "not walked"}, annotations={"a": "b", "json": '{"replicas": 3}'})

    assert MASKER.mask_object(raw) is raw


def test_a_password_that_yaml_takes_for_a_number_is_masked_like_its_text() -> None:
    assert masked({"password": 12345}) == masked({"password": "12345"})


def test_the_input_is_never_changed() -> None:
    raw = capi(
        {"files": [{"content": PLANTED}], "other": [1]}, annotations={LAST_APPLIED: '{"spec": {"token": "abc"}}'}
    )
    before = json.dumps(raw)

    result = MASKER.mask_object(raw)

    assert json.dumps(raw) == before
    assert result is not raw


def test_masked_items_of_associative_lists_keep_their_owners() -> None:
    item = '{"name":"token","value":"' + PLANTED + '"}'
    raw = capi(
        {"extraArgs": [{"name": "token", "value": PLANTED}]},
        managedFields=[{"manager": "m", "fieldsV1": {"f:spec": {"f:extraArgs": {f"k:{item}": {".": {}}}}}}],
    )

    result: Any = MASKER.mask_object(raw)

    assert PLANTED not in json.dumps(result)
    (key,) = result["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:extraArgs"]
    assert json.loads(key[2:]) == result["spec"]["extraArgs"][0]


SECRET_KEYS = st.sampled_from(
    [
        "password",
        "passwd",
        "token",
        "secretAccessKey",
        "privateKey",
        "apiKey",
        "credentials",
        "adminPassword",
        "API_KEY",
    ]
)
PLAIN_KEYS = st.sampled_from(["a", "spec", "name", "replicas", "template", "x/y.z", "list"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


def trees(leaf: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN_KEYS, inner, max_size=3), max_leaves=8
    )


@given(
    path=st.lists(PLAIN_KEYS | st.integers(0, 2), max_size=5),
    key=SECRET_KEYS,
    noise=trees(LEAVES),
    secret_text=st.text(min_size=1, max_size=30).map(lambda text: f"{PLANTED}{text}"),
)
def test_wherever_a_secret_is_planted_it_is_masked(
    path: list[str | int], key: str, noise: Any, secret_text: str
) -> None:
    value: Any = {key: secret_text, "noise": noise}
    for step in reversed(path):
        value = [noise] * step + [value] if isinstance(step, int) else {step: value, "noise": noise}

    result = MASKER.mask_object(capi(value))

    assert PLANTED not in json.dumps(result)
    assert MASKER.mask(secret_text) in json.dumps(result)


@given(data=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20), max_size=4))
def test_a_secret_reads_the_same_from_git_and_from_the_cluster(data: dict[str, str]) -> None:
    encoded = {key: b64(value) for key, value in data.items()}

    in_git = MASKER.mask_object(secret(stringData=data))
    in_cluster = MASKER.mask_object(secret(data=encoded)) if data else in_git

    assert in_git == in_cluster
