"""How to reach a management cluster: kubeconfig files and contexts, or the service account of a Pod.

The official client loads and authenticates; this module looks at the files first, because a mistake in them is
the user's and deserves file, context and remedy, and because the client's own messages quote whole entries,
tokens included.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import urllib3
import yaml

from drift_audit.config.settings import ManagementClusterSettings
from drift_audit.errors import ConfigError, ConfigProblem, UsageError

_DEFAULT_FILE = "~/.kube/config"
_FILE_FIELDS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_CREDENTIALS = ("token", "tokenFile", "client-certificate", "client-certificate-data", "username", "auth-provider")

_LOADER_OF_PLUGINS = "_load_from_exec_plugin"
_PLUGIN_FAILED = "the credential plug-in failed: %s (its message, %d characters, may hold secrets and is not logged)"
_EXIT_CODE = re.compile(r"exec: process returned (-?\d+)")

ClientConfiguration = Any
"""`kubernetes.client.Configuration`, whose generator and annotations change from release to release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Everything needed to open, and to renew, a connection."""

    name: str
    """For people: `context 'prod' of /home/me/.kube/config`."""
    load: Callable[[], ClientConfiguration]
    """Reads files and runs credential plug-ins anew at every call."""
    plugin: str = ""
    """The command of the exec credential plug-in, when the user's only credentials come from it."""
    pool: Callable[[ClientConfiguration], urllib3.PoolManager] | None = None
    """Makes the connections of what `load` gives; `None`: the official client does."""


def access_to(settings: ManagementClusterSettings, base_dir: Path) -> Access:
    """The way to the management cluster; raises `ConfigError` or `UsageError` for what only the user can mend."""
    if settings.in_cluster:
        return _in_cluster()
    files = _files(settings, base_dir)
    documents = [_Kubeconfig.read(path) for path in files]
    context = settings.context or next((name for document in documents if (name := document.current_context)), "")
    if not context:
        raise _problem(files[0], "it has no current-context", f"set context: to one of {_names(documents)}")
    cluster_name, user_name = _parts_of_context(context, documents)
    cluster_at, cluster = _entry("cluster", cluster_name, documents)
    _check_server(cluster_at, cluster_name, cluster)
    user_at, user = _entry("user", user_name, documents) if user_name else (cluster_at, {})
    _check_files(cluster_at, cluster)
    _check_files(user_at, user)
    return Access(
        name=f"context {context!r} of {os.pathsep.join(map(str, files))}",
        load=lambda: _load(files, context),
        plugin=_plugin(user),
    )


def unreachable(clusters: Sequence[ManagementClusterSettings], base_dir: Path) -> dict[str, ConfigError]:
    """The management clusters, by name, to which no kubeconfig of this machine leads, and why; nothing is asked."""
    found: dict[str, ConfigError] = {}
    for settings in clusters:
        if settings.in_cluster or settings.recording:
            continue
        try:
            access_to(settings, base_dir)
        except ConfigError as error:
            found[settings.name] = error
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kubeconfig:
    """The part of one kubeconfig file that is looked at here."""

    path: Path
    current_context: str
    sections: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """By `cluster`, `user` or `context`, then by name."""

    @classmethod
    def read(cls, path: Path) -> _Kubeconfig:
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise _problem(
                path, "there is no such kubeconfig", "check kubeconfig: and the KUBECONFIG variable"
            ) from None
        except OSError as error:
            raise _problem(path, f"the kubeconfig cannot be read: {error.strerror}") from None
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            raise _problem(path, "the kubeconfig is not valid YAML", line=mark.line + 1 if mark else 0) from None
        if not isinstance(document, dict):
            raise _problem(path, "this is not a kubeconfig", "expected a mapping with clusters, users and contexts")
        current = document.get("current-context")
        return cls(
            path=path,
            current_context=current if isinstance(current, str) else "",
            sections={section: _named_entries(path, document, section) for section in ("cluster", "user", "context")},
        )


def _files(settings: ManagementClusterSettings, base_dir: Path) -> list[Path]:
    """As kubectl chooses them: the configured one, else those of `$KUBECONFIG` that exist, else the default one."""
    if settings.kubeconfig:
        return [base_dir / Path(settings.kubeconfig).expanduser()]
    listed = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [path for path in listed if path.exists()] or listed[:1] or [Path(_DEFAULT_FILE).expanduser()]


def _named_entries(path: Path, document: Mapping[str, Any], section: str) -> dict[str, dict[str, Any]]:
    """Entries of `clusters`, `users` or `contexts` by name."""
    entries = document.get(f"{section}s") or []
    if not isinstance(entries, list):
        raise _problem(path, f"{section}s is not a list")
    named: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if not (isinstance(entry, dict) and isinstance(entry.get("name"), str)):
            raise _problem(path, f"an entry of {section}s has no name")
        body = entry.get(section) or {}
        if not isinstance(body, dict):
            raise _problem(path, f"{section} {entry['name']!r} is not a mapping")
        named.setdefault(entry["name"], body)
    return named


def _parts_of_context(context: str, documents: Sequence[_Kubeconfig]) -> tuple[str, str]:
    """(cluster, user); the user may be empty."""
    path, body = _entry("context", context, documents)
    cluster, user = body.get("cluster"), body.get("user") or ""
    if not (isinstance(cluster, str) and isinstance(user, str)):
        raise _problem(path, f"context {context!r} names no cluster")
    return cluster, user


def _entry(section: str, name: str, documents: Sequence[_Kubeconfig]) -> tuple[Path, Mapping[str, Any]]:
    """The first file that has the entry, and the entry: kubectl merges so."""
    for document in documents:
        if name in document.sections[section]:
            return document.path, document.sections[section][name]
    known = sorted({known for document in documents for known in document.sections[section]})
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(known) or "none"
    raise _problem(documents[0].path, f"there is no {section} {name!r}", f"{hint}known {section}s: {listed}")


def _names(documents: Sequence[_Kubeconfig]) -> str:
    return ", ".join(sorted({name for document in documents for name in document.sections["context"]})) or "none"


def _check_server(path: Path, name: str, cluster: Mapping[str, Any]) -> None:
    server = cluster.get("server")
    if not (isinstance(server, str) and server.startswith(("https://", "http://"))):
        raise _problem(path, f"cluster {name!r} has no server URL", "expected server: https://host:port")


def _check_files(path: Path, entry: Mapping[str, Any]) -> None:
    for field in _FILE_FIELDS:
        named = entry.get(field)
        if isinstance(named, str) and named and f"{field}-data" not in entry and not (path.parent / named).is_file():
            raise _problem(path, f"{field} names {named}, which is not a file")


def _plugin(user: Mapping[str, Any]) -> str:
    plugin = user.get("exec")
    if not isinstance(plugin, dict) or any(user.get(field) for field in _CREDENTIALS):
        return ""
    return str(plugin.get("command", "?"))


def _load(files: Sequence[Path], context: str) -> ClientConfiguration:
    # Imported here: the client alone takes half a second, and only this needs it.
    from kubernetes import client, config

    logging.getLogger().addFilter(_without_what_a_plugin_said)
    loaded = client.Configuration()
    official_loader: Callable[..., None] = config.load_kube_config
    try:
        # persist_config would write renewed tokens back into the user's kubeconfig.
        official_loader(
            config_file=os.pathsep.join(map(str, files)),
            context=context,
            client_configuration=loaded,
            persist_config=False,
        )
    except (config.ConfigException, ValueError, TypeError, KeyError, AttributeError, OSError):
        hint = f"`kubectl --context {context} version` tells more"
        raise _problem(files[0], f"context {context!r} cannot be loaded", hint) from None
    return loaded


def _without_what_a_plugin_said(record: logging.LogRecord) -> bool:
    """Rewrites a record of the official client that quotes a credential plug-in: such words may hold a token.

    Source: kubernetes/config/kube_config.py, which logs them to the root logger.
    """
    if record.funcName == _LOADER_OF_PLUGINS and record.name == "root" and record.msg != _PLUGIN_FAILED:
        said = record.getMessage()
        code = _EXIT_CODE.match(said)
        record.msg, record.args = _PLUGIN_FAILED, (f"exit code {code[1]}" if code else "no usable answer", len(said))
    return True


def _in_cluster() -> Access:
    def load() -> ClientConfiguration:
        from kubernetes import client, config

        loaded = client.Configuration()
        official_loader: Callable[..., None] = config.load_incluster_config
        try:
            official_loader(client_configuration=loaded)
        except config.ConfigException as error:
            raise UsageError(
                f"in_cluster: true works only inside a Pod with a service account token ({error}); "
                "set kubeconfig and context instead"
            ) from None
        return loaded

    return Access(name="the Pod's service account", load=load)


def _problem(path: Path, message: str, hint: str = "", line: int = 0) -> ConfigError:
    return ConfigError([ConfigProblem(file=str(path), line=line, message=message, hint=hint)])
