"""Where a repository is shown to people: addresses of a file's line and of a commit at the forge that hosts it.

A repository's address is outside text. What leaves here is either an `https:` (or `http:`) address that was put
together from checked parts, or nothing: then a report prints the place without a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, unquote

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_WITH_SCHEME = re.compile(r"(?P<scheme>https?|ssh|git\+ssh)://(?:[^@/]*@)?(?P<host>[^/@]+)/(?P<path>[^?#]+)", re.I)
_SCP_LIKE = re.compile(r"(?:[\w.-]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!//)[^?#]+)")
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")
_AZURE_SSH = re.compile(r"ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A repository's address in parts, without user and password."""

    scheme: str
    host: str
    path: tuple[str, ...]

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.host}/" + "/".join(quote(part, safe="") for part in self.path)


Addresses = tuple[str, str]
"""(of a file, of a commit), with `{base}`, `{rev}`, `{file}` and `{line}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forge:
    """One kind of forge: how its host is recognised, and how its pages are addressed."""

    name: str
    hosts: re.Pattern[str]
    file: str
    line: str
    """Appended to the address of the file when the line is known."""
    commit: str
    base: Callable[[Remote], str | None] = lambda remote: remote.base


def _azure_base(remote: Remote) -> str | None:
    """`https://dev.azure.com/ORG/PROJECT/_git/REPO`, also from the SSH form `v3/ORG/PROJECT/REPO`."""
    if _AZURE_SSH.fullmatch(remote.host) and len(remote.path) == 4 and remote.path[0] == "v3":
        organisation, project, repository = (quote(part, safe="") for part in remote.path[1:])
        return f"https://dev.azure.com/{organisation}/{project}/_git/{repository}"
    return remote.base if "_git" in remote.path else None


def _bitbucket_server_base(remote: Remote) -> str | None:
    """`https://HOST/projects/KEY/repos/REPO` from `/scm/KEY/REPO` (HTTP) or `/KEY/REPO` (SSH)."""
    parts = remote.path[1:] if remote.path[0] == "scm" else remote.path
    if len(parts) != 2:
        return None
    key, repository = (quote(part, safe="~") for part in parts)
    return f"{remote.scheme}://{remote.host}/projects/{key}/repos/{repository}"


FORGES: tuple[Forge, ...] = (
    Forge(
        name="GitHub",
        hosts=re.compile(r"(.*\.)?github\.[a-z.]+|github\..*|.*\.ghe\.com"),
        file="{base}/blob/{rev}/{file}",
        line="#L{line}",
        commit="{base}/commit/{rev}",
    ),
    Forge(
        name="GitLab",
        hosts=re.compile(r"(.*\.)?gitlab\..*"),
        file="{base}/-/blob/{rev}/{file}",
        line="#L{line}",
        commit="{base}/-/commit/{rev}",
    ),
    Forge(
        name="Bitbucket Cloud",
        hosts=re.compile(r"bitbucket\.org"),
        file="{base}/src/{rev}/{file}",
        line="#lines-{line}",
        commit="{base}/commits/{rev}",
    ),
    Forge(
        name="Bitbucket Data Center",
        hosts=re.compile(r"(.*\.)?bitbucket\..*"),
        file="{base}/browse/{file}?at={rev}",
        line="#{line}",
        commit="{base}/commits/{rev}",
        base=_bitbucket_server_base,
    ),
    Forge(
        name="Azure DevOps",
        hosts=re.compile(r"(ssh\.)?dev\.azure\.com|.*\.visualstudio\.com"),
        file="{base}?path=/{file}&version=GC{rev}",
        line="&line={line}&lineEnd={line}&lineStartColumn=1&lineEndColumn=1&lineStyle=plain",
        commit="{base}/commit/{rev}",
        base=_azure_base,
    ),
    Forge(
        name="Gitea or Forgejo",
        hosts=re.compile(r"(.*\.)?(gitea|forgejo|codeberg)\..*"),
        file="{base}/src/commit/{rev}/{file}",
        line="#L{line}",
        commit="{base}/commit/{rev}",
    ),
)
"""Addresses as each forge's own pages write them (permalink of a line, page of a commit); the first match counts."""


def remote_of(repo: str) -> Remote | None:
    """The parts of an `https://`, `ssh://` or `user@host:path` address; `None` for anything else.

    The port of an SSH address is not the web server's: it is dropped.
    """
    found = _WITH_SCHEME.fullmatch(repo)
    scheme = found["scheme"].lower() if found else "ssh"
    found = found or _SCP_LIKE.fullmatch(repo)
    if found is None or not _HOST.fullmatch(found["host"]):
        return None
    path = found["path"].strip("/").removesuffix(".git")
    parts = tuple(unquote(part) for part in path.split("/") if part)
    if not parts or any(part in (".", "..") or not part.isprintable() for part in parts):
        return None
    host = found["host"].lower()
    if scheme not in ("http", "https"):
        scheme, host = "https", host.partition(":")[0]
    return Remote(scheme=scheme, host=host, path=parts)


def file_address(repo: str, revision: str, file: str, line: int = 0) -> str:
    """The page of that line at that revision; empty when the forge is not known or a part is not sound."""
    path = repository_path(file)
    address = _address(repo, revision, lambda forge: forge.file + (forge.line if line > 0 else ""))
    return address.format(file=path, line=line) if path else ""


def commit_address(repo: str, revision: str) -> str:
    """The page of that commit; empty where there is none that we know."""
    return _address(repo, revision, lambda forge: forge.commit)


def repository_path(file: str) -> str:
    """The path inside a repository as part of an address; empty for one that is absolute or leads out of it."""
    parts = file.split("/")
    if not file or any(part in ("", ".", "..") for part in parts):
        return ""
    return "/".join(quote(part.encode("utf-8", "surrogatepass"), safe="") for part in parts)


def shown_repo(repo: str) -> str:
    """The address without user and password, for people."""
    return _CREDENTIALS.sub("", repo)


def _address(repo: str, revision: str, form: Callable[[Forge], str]) -> str:
    remote = remote_of(repo)
    if remote is None or not _COMMIT.fullmatch(revision):
        return ""
    name = remote.host.partition(":")[0]
    forge = next((one for one in FORGES if one.hosts.fullmatch(name)), None)
    base = forge.base(remote) if forge else None
    if forge is None or base is None:
        return ""
    # Braces are always quoted in the parts, so that formatting twice is safe.
    return form(forge).replace("{base}", base).replace("{rev}", revision)
