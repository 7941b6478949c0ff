"""A kubeconfig out of a Secret is text from outside: what it may not do, and that it shows nothing of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drift_audit.collect.workload.kubeconfig import BadKubeconfig, Kubeconfig, access_by, parsed_kubeconfig
from tests.integration.closer_world import kubeconfig_text
from tests.rig.certificates import CertificateAuthority

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.client("admin", ["system:masters"])
OTHER = AUTHORITY.client("other", [])
SERVER = "https://one.example.com:6443"


def text(server: str = SERVER, entries: dict[str, Any] | None = None, **user: Any) -> bytes:
    return kubeconfig_text(server, AUTHORITY.certificate, PAIR, **(entries or {}), **user)


def test_one_of_cluster_api_is_read() -> None:
    found = parsed_kubeconfig(text())

    assert (found.server, found.endpoint) == (SERVER, SERVER)
    assert found.certificate_expires.endswith("Z")
    assert found.verify_ssl
    assert access_by(found, "prod/fleet/one").load().auth_settings() == {}


def test_a_token_is_enough() -> None:
    found = parsed_kubeconfig(kubeconfig_text(SERVER, AUTHORITY.certificate, token="t0ken"))

    assert access_by(found, "x").load().auth_settings()["token"]["value"] == "Bearer t0ken"
    assert found.certificate_expires == ""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(text(exec={"command": "sh", "args": ["-c", "touch /tmp/x"]}), "'exec'", id="exec"),
        pytest.param(text(entries={"auth-provider": {"name": "gcp"}}), "'auth-provider'", id="auth-provider"),
        pytest.param(text(tokenFile="/var/run/secrets/token"), "'tokenFile'", id="a file for the token"),
        pytest.param(text(entries={"client-key": "/root/.ssh/id_rsa"}), "'client-key'", id="a file for the key"),
        pytest.param(
            kubeconfig_text(SERVER, b"", PAIR, cluster={"certificate-authority": "/etc/shadow"}),
            "'certificate-authority'",
            id="a file for the authority",
        ),
        pytest.param(text("http://one.example.com"), "no https://", id="without TLS"),
        pytest.param(text("file:///etc/passwd"), "no https://", id="a file"),
        pytest.param(text("https://bob:pw@one.example.com"), "more than host", id="a login"),
        pytest.param(text("https://one.example.com:x"), "no https://", id="a bad port"),
        pytest.param(text("https://[one"), "no https://", id="a bad host"),
        pytest.param(kubeconfig_text(SERVER, AUTHORITY.certificate), "neither", id="no credentials"),
        pytest.param(text(token="a\r\nHost: b"), "token", id="a token with a line break"),
        pytest.param(b"\xff\xfe", "YAML", id="binary"),
        pytest.param(b"{", "YAML", id="no YAML"),
        pytest.param(b"[" * 10_000, "YAML", id="deep"),
        pytest.param(b"- a", "not a kubeconfig", id="a list"),
        pytest.param(b"{}", "leads to no context", id="empty"),
        pytest.param(b" " * 300_000, "bytes", id="too large"),
        pytest.param(text().replace(b'"current-context": "', b'"current-context": "x'), "no context", id="no context"),
        pytest.param(text().replace(b"LS0t", b"%%%%"), "base64", id="no base64"),
    ],
)
def test_what_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(BadKubeconfig, match=why):
        parsed_kubeconfig(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(kubeconfig_text(SERVER, b"no certificate", PAIR), id="the authority is none"),
        pytest.param(
            kubeconfig_text(SERVER, AUTHORITY.certificate, type(PAIR)(certificate=PAIR.certificate, key=OTHER.key)),
            id="a key of another certificate",
        ),
        pytest.param(
            kubeconfig_text(SERVER, AUTHORITY.certificate, type(PAIR)(certificate=b"x", key=b"y")), id="damaged"
        ),
    ],
)
def test_certificates_that_cannot_be_used_are_refused_before_anything_is_sent(content: bytes) -> None:
    with pytest.raises(BadKubeconfig):
        access_by(parsed_kubeconfig(content), "prod/fleet/one")


def test_no_key_stays_on_disk_and_none_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found: Kubeconfig = parsed_kubeconfig(text(token="s3cret-token"))
    access = access_by(found, "prod/fleet/one")
    access.load()

    assert list(tmp_path.rglob("*")) == []
    assert "PRIVATE" not in repr(found)
    assert "s3cret-token" not in repr(found) + repr(access)


def test_an_address_shows_without_what_stands_beside_it() -> None:
    parsed = parsed_kubeconfig(text("https://[fd00::1]:6443/k8s/clusters/c-1"))

    assert parsed.endpoint == "https://[fd00::1]:6443"
    assert json.loads(text())["users"][0]["user"]["client-key-data"] not in repr(parsed)
