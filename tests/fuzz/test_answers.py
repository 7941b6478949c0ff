"""Answers of servers through the collectors: a view with its gaps comes back, whatever was sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drift_audit.collect.cluster import Wanted, collect_cluster
from drift_audit.collect.masking import Masker
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.interfaces import ScopeRequest
from drift_audit.model.keys import CloudScope
from drift_audit_aws.families import READERS
from drift_audit_aws.provider import AwsProvider
from drift_audit_aws.settings import AwsAccount, AwsSettings
from tests.fuzz.drawing import damaged, fuzzed
from tests.rig.fault_proxy import FaultProxy, proxy_before
from tests.rig.git_repo import make_repo
from tests.rig.upstreams import Answer, Asked
from tests.unit.collect_git.reading import CLUSTER, Place

ACCOUNT = "123456789012"
IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT}:user/x</Arn><UserId>x</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
INSTANCES = b"""<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet><item>
<instancesSet><item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState>
<launchTime>2026-01-01T00:00:00.000Z</launchTime><tagSet><item><key>Name</key><value>x</value></item></tagSet>
<metadataOptions><httpPutResponseHopLimit>1</httpPutResponseHopLimit></metadataOptions></item></instancesSet>
</item></reservationSet></DescribeInstancesResponse>"""
DISCOVERY = b"""{"kind": "APIGroupList", "groups": [{"name": "cluster.x-k8s.io", "versions": [{"groupVersion":
"cluster.x-k8s.io/v1beta2", "version": "v1beta2"}], "preferredVersion": {"version": "v1beta2"}}], "versions": ["v1"],
"resources": [{"name": "clusters", "kind": "Cluster", "namespaced": true, "verbs": ["list"]}], "metadata": {},
"items": [{"metadata": {"name": "a", "namespace": "b"}, "spec": {}}], "gitVersion": "v1.36.0"}"""
"""Everything that is asked for gets this one answer: each reader finds its own part in it."""


@dataclass(slots=True, repr=False)
class Server:
    """A server that answers everything with the same body."""

    proxy: FaultProxy
    body: bytes = b""

    def answers(self, body: bytes) -> None:
        self.proxy.asked.clear()
        self.body = body


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    held: list[Server] = []

    def answer(asked: Asked) -> Answer:
        identity = asked.aws_action == "sts:GetCallerIdentity"
        kind = "text/xml" if asked.aws_service else "application/json"
        return Answer(status=200, headers={"Content-Type": kind}, body=IDENTITY.encode() if identity else held[0].body)

    with proxy_before(answer) as proxy:
        held.append(Server(proxy))
        yield held[0]


@fuzzed(40)
@given(body=damaged(DISCOVERY))
@example(body=DISCOVERY.replace(b"cluster.x-k8s.io", b"\x80"))
@example(body=b"[" * 200_000)
def test_a_management_cluster_that_sends_anything_is_a_view_with_gaps(
    server: Server, tmp_path: Path, body: bytes
) -> None:
    server.answers(body)
    settings = ManagementClusterSettings(
        name="prod",
        kubeconfig=str(server.proxy.kubeconfig(tmp_path, user={"token": "rig"})),
        timeout_seconds=5,
        deadline_seconds=20,
    )

    view = collect_cluster(
        settings, wanted=Wanted(), base_dir=tmp_path, masker=Masker("k"), progress=lambda sentence: None
    )

    assert not [gap for gap in view.gaps if "inside drift-audit" in gap.reason], body
    assert all(gap.reason and gap.remedy for gap in view.gaps)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "rig")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@fuzzed(40)
@given(body=damaged(INSTANCES))
@example(body=b"[" * 200_000)
@example(body=b"<DescribeInstancesResponse>" + b"<a>" * 20_000)
def test_an_aws_that_sends_anything_is_a_view_with_gaps(server: Server, credentials: None, body: bytes) -> None:
    server.answers(body)
    settings = AwsSettings(
        accounts=(AwsAccount(account=ACCOUNT),),
        endpoint_url=server.proxy.url,
        max_attempts=1,
        calls_per_second=1000.0,
    )

    view = AwsProvider(settings).collect(
        ScopeRequest(scope=CloudScope("aws", ACCOUNT, "eu-central-1"), clusters=()), lambda sentence: None
    )

    assert view.identity == ACCOUNT
    assert all(gap.reason and gap.remedy for gap in view.gaps)
    assert not [gap for gap in view.gaps if "unexpectedly" in gap.reason], (body, view.gaps)
    incomplete = {listing.type for listing in view.listings.values() if not listing.complete}
    told = {gap.subject for gap in view.gaps}
    needs = {reader.type: set(reader.needs) for reader in READERS}
    assert incomplete == {kind for kind in needs if kind in told or needs[kind] & incomplete}


NAMES = st.binary(min_size=1, max_size=20).filter(
    lambda name: (
        b"\0" not in name
        and b"\n" not in name
        and not {b"", b".", b".."} & set(name.split(b"/"))
        and b".git" not in name.lower()
    )
)


@fuzzed(15)
@given(names=st.sets(NAMES, min_size=1, max_size=5), targets=st.lists(st.binary(min_size=1, max_size=12), max_size=2))
def test_file_names_of_any_bytes_are_read_or_are_gaps(
    tmp_path_factory: pytest.TempPathFactory, names: set[bytes], targets: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("names")
    repo = make_repo(folder / "repo", {"a.yaml": CLUSTER})
    blob = repo.git("rev-parse", "HEAD:a.yaml").strip().encode()
    entries = [b"100644 " + blob + b"\t" + name + suffix for name in sorted(names) for suffix in (b"", b".yaml")]
    for number, target in enumerate(targets):
        link = folder / "target"
        link.write_bytes(target.replace(b"\0", b"x"))
        linked = repo.git("hash-object", "-w", str(link)).strip().encode()
        entries.append(b"120000 " + linked + b"\tlink-%d.yaml" % number)
    (folder / "index").write_bytes(b"\0".join(entries) + b"\0")
    with (folder / "index").open("rb") as listed:
        _update_index(repo.path, listed.fileno())
    repo.git("commit", "--quiet", "-m", "names", environment=SIGNATURE)

    view = Place(folder, repo).view()

    assert view.head is not None
    assert not [gap for gap in (*view.gaps, *view.head.gaps) if "unexpected" in gap.reason]


SIGNATURE = {f"GIT_{role}_{part}": "x@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


def _update_index(repository: Path, listed: int) -> None:
    import subprocess

    command = ["git", "-C", str(repository), "-c", "core.protectNTFS=false", "update-index", "-z", "--index-info"]
    subprocess.run(command, stdin=listed, check=False, capture_output=True)
