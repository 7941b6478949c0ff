"""Kubeconfig files and contexts: what is found, and what is told about mistakes in them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from drift_audit.collect.cluster.kubeconfig import access_to
from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.errors import ConfigError, UsageError

TOKEN = "s3cret-t0ken"


def document(*contexts: str, current: str = "", **cluster: object) -> dict[str, object]:
    return {
        "current-context": current,
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", **cluster}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts],
    }


def written(folder: Path, content: object, name: str = "kubeconfig") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def settings(kubeconfig: str | Path = "", context: str = "") -> ManagementClusterSettings:
    return ManagementClusterSettings(name="prod", kubeconfig=str(kubeconfig), context=context)


def mistake(folder: Path, content: object, context: str = "") -> str:
    with pytest.raises(ConfigError) as caught:
        access_to(settings(written(folder, content), context), folder)
    return str(caught.value)


def test_a_relative_path_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    written(tmp_path, document("prod"), "admin.conf")

    access = access_to(settings("admin.conf", "prod"), tmp_path)

    loaded = access.load()
    assert loaded.host == "https://127.0.0.1:6443"
    assert [setting["value"] for setting in loaded.auth_settings().values()] == [f"Bearer {TOKEN}"]


def test_without_a_context_the_current_one_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path, document("prod", "test", current="test"))

    access = access_to(settings(path), tmp_path)

    assert "'test'" in access.name


def test_an_entry_of_a_second_file_is_found_through_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = written(tmp_path, {"contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}]}, "one")
    second = written(tmp_path, document(), "two")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'absent'}:{second}")

    access = access_to(settings(context="prod"), tmp_path)

    assert access.load().host == "https://127.0.0.1:6443"


def test_loading_never_writes_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, document("prod"))
    before = path.read_bytes(), path.stat().st_mtime_ns

    access_to(settings(path, "prod"), tmp_path).load()

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_an_unknown_context_lists_the_known_ones_and_the_nearest(tmp_path: Path) -> None:
    told = mistake(tmp_path, document("prod-eu", "test"), "prod-ue")

    assert "no context 'prod-ue'" in told
    assert "did you mean 'prod-eu'" in told
    assert "prod-eu, test" in told


def test_a_kubeconfig_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such kubeconfig"):
        access_to(settings(tmp_path / "absent", "prod"), tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("clusters: [", "kubeconfig:1: the kubeconfig is not valid YAML", id="not YAML"),
        pytest.param("[" * 20_000, "not valid YAML", id="nested without end"),
        pytest.param("just text", "not a kubeconfig", id="no mapping"),
        pytest.param({"clusters": {"a": 1}}, "clusters is not a list", id="clusters as a mapping"),
        pytest.param({"users": [{"user": {"token": TOKEN}}]}, "entry of users has no name", id="user without a name"),
        pytest.param(document("prod"), "no current-context", id="no context chosen"),
        pytest.param(document("prod", current="prod", server="prod:6443"), "no server URL", id="server without scheme"),
        pytest.param({**document("prod", current="prod"), "clusters": []}, "no cluster 'c'", id="dangling cluster"),
        pytest.param({**document("prod", current="prod"), "users": []}, "no user 'u'", id="dangling user"),
        pytest.param(
            document("prod", current="prod", **{"certificate-authority": "ca.crt"}), "not a file", id="missing CA"
        ),
    ],
)
def test_a_malformed_kubeconfig_is_explained_without_its_secrets(tmp_path: Path, content: object, told: str) -> None:
    message = mistake(tmp_path, content)

    assert told in message
    assert TOKEN not in message


def test_a_damaged_certificate_is_the_users_mistake(tmp_path: Path) -> None:
    content = document("prod", **{"certificate-authority-data": "abcde"})
    access = access_to(settings(written(tmp_path, content), "prod"), tmp_path)

    with pytest.raises(ConfigError) as caught:
        access.load()

    assert "cannot be loaded" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_in_cluster_outside_of_a_pod_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(UsageError, match="inside a Pod"):
        access_to(ManagementClusterSettings(name="prod", in_cluster=True), tmp_path).load()
