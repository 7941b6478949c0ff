"""A repository behind HTTPS and a password: the credentials reach the server, and nobody else."""

from __future__ import annotations

import base64
import functools
import http.server
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rig.certificates import CertificateAuthority
from tests.unit.collect_git.reading import CLUSTER, Place, names, only_gap, place_with

LOGIN = "robot:s3cret"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


class Stranger(Quiet):
    """Notes in a file that somebody came."""

    def do_GET(self) -> None:
        (Path(self.directory) / "asked").write_text(str(self.headers))
        self.send_error(404)


class Guarded(Quiet):
    """Files for whoever has the password; below `/moved/` stands only the way to another server."""

    def do_GET(self) -> None:
        expected = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
        if self.path.startswith("/moved/"):
            self.send_response(302)
            elsewhere = (Path(self.directory) / "moved").read_text()
            self.send_header("Location", elsewhere + self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()


@contextmanager
def served_by_https(folder: Path, monkeypatch: pytest.MonkeyPatch, answering: type[Quiet] = Guarded) -> Iterator[str]:
    """`127.0.0.1:PORT`, with a certificate that git is told to trust, as an operator would."""
    if not (folder / "ca.pem").exists():
        authority = CertificateAuthority()
        pair = authority.server()
        (folder / "ca.pem").write_bytes(authority.certificate)
        (folder / "server.pem").write_bytes(pair.certificate + pair.key)
    monkeypatch.setenv("GIT_SSL_CAINFO", str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    handler = functools.partial(answering, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = place_with(tmp_path, {"a.yaml": CLUSTER})
    subprocess.run(["git", "clone", "--quiet", "--bare", str(place.repo.path), str(tmp_path / "bare.git")], check=True)
    subprocess.run(["git", "-C", str(tmp_path / "bare.git"), "update-server-info"], check=True)
    return place


def test_credentials_of_the_url_open_the_repository_and_are_written_nowhere(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served_by_https(place.folder, monkeypatch) as host:
        view = place.view(url=f"https://{LOGIN}@{host}/bare.git")

    assert view.head is not None, view.gaps
    assert names(view.head) == ["Cluster/fleet/blue"]
    assert view.repo == view.head.declarations[0].location.repo == f"https://{host}/bare.git"
    encoded = base64.b64encode(LOGIN.encode())
    for path in (place.folder / "cache").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"s3cret" not in content
            assert encoded not in content


@pytest.mark.parametrize("login", ["", "robot:wrong@"])
def test_a_repository_that_refuses_is_a_gap_that_asks_for_access(
    place: Place, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    with served_by_https(place.folder, monkeypatch) as host:
        view = place.view(url=f"https://{login}{host}/bare.git")

    assert view.head is None
    gap = only_gap(view.gaps)
    assert "refused the credentials" in gap.reason
    assert "read access" in gap.remedy
    assert "wrong" not in gap.reason


def test_credentials_are_not_carried_to_where_a_server_points(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        served_by_https(place.folder, monkeypatch, Stranger) as elsewhere,
        served_by_https(place.folder, monkeypatch) as host,
    ):
        (place.folder / "moved").write_text(f"https://{elsewhere}")
        view = place.view(url=f"https://{LOGIN}@{host}/moved/bare.git")

    assert view.head is None
    assert not (place.folder / "asked").exists()


def test_an_untrusted_certificate_is_a_gap(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with served_by_https(place.folder, monkeypatch) as host:
        monkeypatch.delenv("GIT_SSL_CAINFO")
        view = place.view(url=f"https://{LOGIN}@{host}/bare.git")

    assert view.head is None
    assert "certificate" in only_gap(view.gaps).reason


def test_a_machine_without_git_is_a_gap(tmp_path: Path) -> None:
    """In a process of its own: GitPython looks for git when it is imported."""
    program = (
        "from pathlib import Path\n"
        "from drift_audit.collect.git import collect_git\n"
        "from drift_audit.collect.masking import Masker\n"
        "from drift_audit.config.settings import GitSource\n"
        "for url in ('repo', 'git://127.0.0.1:9/x'):\n"
        "    view = collect_git('prod', GitSource(name='f', url=url), cache_dir=Path('c'), base_dir=Path('.'),\n"
        "                       masker=Masker(''), progress=lambda said: None)\n"
        "    print(view.gaps[0].reason)\n"
    )
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    environment = {"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["git is not installed"] * 2
