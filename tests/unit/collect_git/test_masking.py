"""No secret survives masking; equal secrets stay equal; healthy objects are not even copied."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_audit.collect.masking import LAST_APPLIED, Masker
from drift_audit.collect.signs import _SECRET_TEXT
from drift_audit.model.changes import ChangeEvent, ChangeLog
from drift_audit.model.keys import CloudScope, ResourceKey
from drift_audit.model.objects import CloudResource
from drift_audit.model.values import Json, JsonObject
from drift_audit.model.views import CloudScopeView

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


@pytest.mark.parametrize(
    "name",
    [
        "alias/nodes",
        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws-cn:kms:cn-north-1:123456789012:alias/nodes",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "mrk-1234abcd12ab34cd56ef1234567890ab",
    ],
)
def test_which_key_encrypts_a_volume_is_no_secret(name: str) -> None:
    volume = {"rootVolume": {"encryptionKey": name}}

    assert masked(volume) == volume


@pytest.mark.parametrize("value", ["c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1sb25nISEhIQ==", "hunter2", "alias/x y"])
def test_an_encryption_key_itself_is_one(value: str) -> None:
    assert "<masked: " in masked({"encryptionKey": value})["encryptionKey"]


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
    {"extraArgs": {"token": PLANTED}},
    {"extraArgs": {"oidc-client-secret": PLANTED}},
    {"apiServer": {"extraArgs": [{"name": "etcd-password", "value": PLANTED}]}},
    {"nodeRegistration": {"kubeletExtraArgs": [{"name": "registry-api-key", "value": PLANTED}]}},
    {"variables": [{"name": "preKubeadmCommands", "value": [f"curl -u admin:{PLANTED} https://x"]}]},
    {"jsonPatches": [{"op": "add", "path": "/spec/preKubeadmCommands/-", "value": f"mysql -p{PLANTED}"}]},
    {"jsonPatches": [{"path": "/spec/preKubeadmCommands", "valueFrom": {"template": f"- mysql -p{PLANTED}"}}]},
    {"jsonPatches": [{"path": "/spec/apiServer/extraArgs", "value": {"token": PLANTED}}]},
    {"jsonPatches": [{"op": "add", "path": "/spec/users/0/passwd", "value": PLANTED}]},
    {".dockercfg": PLANTED},
    {"dockercfg": PLANTED},
    {".dockerconfigjson": PLANTED},
    {"config.json": json.dumps({"auths": {"registry.example.com": {"auth": PLANTED}}})},
    {"config.json": json.dumps({"auths": {"registry.example.com": {"username": "a", "identity": PLANTED}}})},
    {"old.json": json.dumps({"registry.example.com": {"email": "x", "auth": b64(PLANTED), "also": PLANTED}})},
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
        {"preKubeadmCommands": ["hostname x", "systemctl enable --now kubelet", "sysctl -w net.ipv4.ip_forward=1"]},
        {"preKubeadmCommands": ["mkdir -p /etc/x && sudo mkdir -m 700 -p /y", "date -u +%s", "cp -p a b; sort -u c"]},
        {"bootCommands": ["chmod 600 /root/.ssh/authorized_keys", "curl -sSfLo /x https://example.com/x"]},
        {"extraArgs": {"kubeconfig": "/etc/kubernetes/x.conf", "service-account-key-file": "/etc/k.pub"}},
        {"extraArgs": {"enable-bootstrap-token-auth": "true", "authentication-token-webhook-cache-ttl": "2m0s"}},
        {"kubeletExtraArgs": [{"name": "authorization-mode", "value": "Webhook"}, {"name": "v", "value": "2"}]},
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


SIGNS_OF_SECRETS = st.sampled_from(
    [
        "abcdef.0123456789abcdef",
        "glpat-0123456789abcdefgh",
        "xoxb-0123456789-abcdef",
        "-----BEGIN RSA PRIVATE KEY",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x",
        "AKIAIOSFODNN7EXAMPLE",
        "https://a:b@c",
        "password=hunter2",
        "Authorization: Basic abcdef",
    ]
)
FILLER = {f"filler{number}": f"i-{number:017x}" for number in range(8)}


@given(
    value=st.dictionaries(
        PLAIN_KEYS
        | SECRET_KEYS
        | st.sampled_from(["name", "Key", "Value", "files", "postKubeadmCommands", "extraArgs"]),
        trees(LEAVES | SIGNS_OF_SECRETS | st.sampled_from(["DB_PASSWORD", "a harmless text with blanks", "x" * 25])),
        max_size=4,
    )
)
def test_a_large_mapping_is_masked_as_a_small_one(value: Any) -> None:
    large = masked({**value, **FILLER})

    assert {key: large[key] for key in value} == masked(value)
    assert {key: large[key] for key in FILLER} == FILLER


@given(words=st.lists(st.sampled_from(["glpat", "xoxb", "gh", "a1", "-", "/", "0123456789", "abcdefgh"]), max_size=6))
def test_no_plain_text_is_taken_for_harmless_that_the_search_would_find(words: list[str]) -> None:
    text = "".join(words)

    assert (masked({"note": text})["note"] == text) == (_SECRET_TEXT.search(text) is None or len(text) < 20)


@given(data=st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20), max_size=4))
def test_a_secret_reads_the_same_from_git_and_from_the_cluster(data: dict[str, str]) -> None:
    encoded = {key: b64(value) for key, value in data.items()}

    in_git = MASKER.mask_object(secret(stringData=data))
    in_cluster = MASKER.mask_object(secret(data=encoded)) if data else in_git

    assert in_git == in_cluster


SECRET_WORDS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789", min_size=1, max_size=20).map(PLANTED.__add__)
COMMANDS = st.sampled_from(
    [
        "curl -u admin:{} https://x",
        "curl -uadmin:{} https://x",
        "curl -sSfu admin:{} https://x",
        "curl -sSfuadmin:{} https://x",
        "curl --user admin:{} https://x",
        "curl 'https://x/y?access_token={}'",
        "curl https://admin:{}@x/y",
        "curl https://{}@x/y",
        "wget --http-password {} https://x",
        "docker login -u x -p {}",
        "crictl pull --creds x:y --auth {} image",
        "echo {} | docker login --username x --password-stdin registry",
        "sshpass -p '{}' ssh host",
        "sshpass -p'{}' ssh host",
        "mysql -p{}",
        "mysql -uroot -p{} -e 'select 1'",
        "mkdir -p /x && mysql -p{}",
        "mkdir -p /x; mysql -p {}",
        "mkdir -p /x\nmysql -p {}",
        "echo {} | passwd --stdin root",
        "echo root:{} | chpasswd",
        "aws configure set aws_secret_access_key {}",
        "az login --service-principal -u a -p {} --tenant b",
        "aws configure set x {}",
        "export API_KEY='{}'",
        "KEY={} /opt/run",
        'curl -H "X-Auth-Token: {}" https://x',
        'curl -H "Authorization: {}" https://x',
        "helm registry login x --password {}",
        "tailscale up --authkey {}",
        "subscription-manager register --org a --activationkey {}",
        "pro attach {}",
        "curl 'https://a.blob.example.com/b?sv=1&sig={}'",
        "redis-cli -h x -a {}",
        "cat > /root/.netrc <<EOF\nmachine x\n{}\nEOF",
        "TOKEN=abc\necho {}",
    ]
)
COMMAND_KEYS = st.sampled_from(
    ["preKubeadmCommands", "postKubeadmCommands", "bootCommands", "preBootstrapCommands", "runcmd"]
)


@given(key=COMMAND_KEYS, command=COMMANDS, secret_text=SECRET_WORDS, before=st.sampled_from(["hostname x", "true"]))
def test_no_command_that_is_given_a_credential_survives(key: str, command: str, secret_text: str, before: str) -> None:
    line = command.replace("{}", secret_text)
    spec = {"kubeadmConfigSpec": {key: [before, line]}}
    raw = capi(spec, annotations={LAST_APPLIED: json.dumps(capi(spec))})

    result: Any = MASKER.mask_object(raw)

    assert PLANTED not in json.dumps(result)
    assert result["spec"]["kubeadmConfigSpec"][key] == [before, MASKER.mask(line)]


@given(
    name=st.sampled_from(["token", "etcd-password", "oidc-client-secret", "x-api-key", "secret", "cloud-credentials"]),
    secret_text=SECRET_WORDS,
)
def test_a_secret_argument_is_masked_alike_in_both_forms_and_in_its_owners(name: str, secret_text: str) -> None:
    entry = {"name": name, "value": secret_text}
    fields: dict[str, Json] = {"f:extraArgs": {"k:" + json.dumps(entry, separators=(",", ":")): {}}}
    listed: Any = MASKER.mask_object(capi({"extraArgs": [entry]}, managedFields=[{"fieldsV1": fields}]))
    mapped: Any = MASKER.mask_object(capi({"extraArgs": {name: secret_text}}))

    (owned,) = listed["metadata"]["managedFields"][0]["fieldsV1"]["f:extraArgs"]
    assert PLANTED not in json.dumps([listed, mapped])
    assert listed["spec"]["extraArgs"] == [{"name": name, "value": mapped["spec"]["extraArgs"][name]}]
    assert json.loads(owned[2:]) == listed["spec"]["extraArgs"][0]


@given(value=st.binary(min_size=1, max_size=80))
def test_binary_data_is_masked_and_reads_the_same_from_git_and_from_the_cluster(value: bytes) -> None:
    encoded = base64.b64encode(PLANTED.encode() + value).decode()
    config_map: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    wrapped = "\n".join(encoded[start : start + 20] for start in range(0, len(encoded), 20))

    in_git = MASKER.mask_object({**config_map, "binaryData": {"a": wrapped}})
    in_cluster = MASKER.mask_object({**config_map, "binaryData": {"a": encoded}})

    assert in_git == in_cluster
    assert encoded[:20] not in json.dumps(in_git)


def resource(tags: dict[str, str], **attributes: Json) -> CloudResource:
    key = ResourceKey("aws", "123456789012", "eu-central-1", "instance", "i-1")
    return CloudResource(key=key, attributes=attributes, tags=tags)


def test_secrets_in_tags_and_fields_of_a_cloud_resource_are_masked() -> None:
    tagged = resource(
        {"Name": "node", "db-password": PLANTED},
        Tags=[{"Key": "Name", "Value": "node"}, {"Key": "db-password", "Value": PLANTED}],
        UserData=PLANTED,
        SecurityGroups=[{"GroupId": "sg-1", "Description": f"connects with password={PLANTED}"}],
    )

    found = MASKER.mask_resource(tagged)

    assert PLANTED not in repr(found)
    assert found.tags == {"Name": "node", "db-password": MASKER.mask(PLANTED)}
    assert found.attributes["Tags"] == [
        {"Key": "Name", "Value": "node"},
        {"Key": "db-password", "Value": MASKER.mask(PLANTED)},
    ]


def test_a_cloud_resource_without_secrets_is_not_copied() -> None:
    plain = resource({"Name": "node"}, InstanceId="i-1", MetadataOptions={"HttpTokens": "required"})

    assert MASKER.mask_resource(plain) is plain


def test_secrets_in_what_a_call_wrote_are_masked() -> None:
    writes: dict[str, Json] = {"UserData": PLANTED, "IpPermissions": [{"Description": f"token={PLANTED}"}], "Size": 3}
    event = ChangeEvent(
        id="1", at="", action="ec2:X", who="", how="", actor_class="unknown", resources=("i-1",), writes=writes
    )
    log = ChangeLog(source="CloudTrail", region="eu-central-1", asked_from="", events=(event,))
    scope = CloudScope("aws", "123456789012", "eu-central-1")
    view = CloudScopeView(scope=scope, identity=None, resources={}, history=(log,))

    found = MASKER.mask_scope(view)

    assert PLANTED not in repr(found)
    assert found.history[0].events[0].writes["Size"] == 3


def test_what_stands_for_a_secret_already_is_left_alone() -> None:
    tagged = resource({"db-password": MASKER.mask(PLANTED)}, UserData="user-data:sha256-noted:1422")

    assert MASKER.mask_resource(tagged) is tagged
    assert PLANTED not in repr(MASKER.mask_resource(resource({}, UserData=f"user-data:{PLANTED}:1")))


def test_secrets_in_other_annotations_of_a_secret_are_masked() -> None:
    masked_secret = MASKER.mask_object(secret(metadata={"name": "s", "annotations": {"acme.com/api-token": PLANTED}}))

    assert PLANTED not in json.dumps(masked_secret)
