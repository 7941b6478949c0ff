"""The configuration file as a `Config`, or every mistake in it at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from drift_audit.config.checks import check_document
from drift_audit.config.interpolate import Interpolated, interpolate
from drift_audit.config.settings import Config, ManagementClusterSettings, SuppressionRule
from drift_audit.config.source import ConfigSource, Mistake, closest, nearest
from drift_audit.config.validation import validate
from drift_audit.errors import ConfigError, ConfigProblem
from drift_audit.model.keys import FieldPath, format_path
from drift_audit.model.values import JsonObject, mapping, sequence, text
from drift_audit.yaml_text import Flavor, TextDocument, read_documents

_NOT_OF_THE_FILE = frozenset({"digest", "dependency_places"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clouds:
    settings: Mapping[str, Any]
    mistakes: tuple[Mistake, ...]


def load_config(
    path: Path,
    *,
    environ: Mapping[str, str],
    provider_settings: Mapping[str, type[Any]],
    report_formats: Collection[str] | None = None,
) -> Config:
    """The configuration, its paths absolute but for local Git repositories, which stay as they are written.

    Relative paths are relative to the file. `provider_settings` gives the settings type by provider name and
    is asked only for the providers that the file configures. Without `report_formats` the names of formats
    are not checked. Raises `ConfigError` with every mistake.
    """
    raw = _read(path)
    source, mistakes = _parse(path, raw, environ)
    data = mapping(source.data)

    ours = {key: value for key, value in data.items() if key != "clouds" and key not in _NOT_OF_THE_FILE}
    validation = validate(Config, ours, source)
    clouds = _clouds(data, source, provider_settings)
    mistakes += [*_unsettable(data), *validation.mistakes, *clouds.mistakes]
    mistakes += [*check_document(source, report_formats), *_missing_files(data, path.parent)]
    if mistakes or validation.value is None:
        raise ConfigError(source.problems(mistakes))

    config = replace(
        validation.value,
        clouds=clouds.settings,
        digest=hashlib.sha256(raw).hexdigest(),
        dependency_places=tuple(
            f"{path.name}:{source.line_of(('dependencies', number, 'kind'))}"
            for number in range(len(validation.value.dependencies))
        ),
    )
    return _with_absolute_paths(config, path.parent)


def expired_rules(config: Config, today: date) -> tuple[SuppressionRule, ...]:
    """Rules that no longer suppress anything: their last day lies before today."""
    return tuple(rule for rule in config.suppressions if rule.expires < today)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _whole(path, "there is no such file", "`drift-audit init` writes one to start from") from None
    except IsADirectoryError:
        raise _whole(path, "is a directory", f"name the file in it: {path / 'drift-audit.yaml'}") from None
    except OSError as error:
        raise _whole(path, f"cannot be read: {error.strerror}") from error


def _parse(path: Path, raw: bytes, environ: Mapping[str, str]) -> tuple[ConfigSource, list[Mistake]]:
    """The source, and the mistakes of interpolation; raises what makes the rest of the file unreadable."""
    # kubectl's rules leave dates as they are written, and read yes and no as people mean them.
    read = read_documents(raw, flavor=Flavor.KUBECTL)
    problems = [ConfigProblem(str(path), problem.line, problem.message) for problem in read.problems]
    problems += [_surplus(path, document) for document in read.documents[1:]]
    if problems:
        raise ConfigError(problems)
    if not read.documents:
        raise _whole(path, "is empty", "`drift-audit init` writes one to start from")
    document = read.documents[0]
    if not isinstance(document.data, Mapping):
        raise ConfigError([ConfigProblem(str(path), document.start.line, "the file must hold keys and values")])

    filled = interpolate(document.data, environ)
    source = ConfigSource(
        file=str(path),
        written=document.data,
        data=filled.data,
        marks=document.marks,
        from_environment=filled.from_environment,
        unusable=frozenset(filled.unset) | filled.malformed,
    )
    return source, [*_unset(filled), *_malformed(filled)]


def _unset(filled: Interpolated) -> list[Mistake]:
    return [
        Mistake(
            path=path,
            message=f"the environment variable {variable} is not set",
            hint=f"set it, or give a default: ${{{variable}:-...}}",
            primary=True,
        )
        for path, variable in filled.unset.items()
    ]


def _malformed(filled: Interpolated) -> list[Mistake]:
    hint = "write ${NAME} or ${NAME:-default}; $${ stands for a literal ${"
    return [
        Mistake(
            path=path, message=f"{format_path(path)!r} holds a '${{' that names no variable", hint=hint, primary=True
        )
        for path in filled.malformed
    ]


def _surplus(path: Path, document: TextDocument) -> ConfigProblem:
    return ConfigProblem(str(path), document.start.line, "a second YAML document", "a configuration is one document")


def _whole(path: Path, message: str, hint: str = "") -> ConfigError:
    return ConfigError([ConfigProblem(str(path), 0, message, hint)])


def _unsettable(data: JsonObject) -> list[Mistake]:
    known = {field.name for field in fields(Config)} - _NOT_OF_THE_FILE
    return [
        Mistake(path=(key,), message=f"unknown key {key!r}", hint=nearest(key, known))
        for key in data
        if key in _NOT_OF_THE_FILE
    ]


def _clouds(data: JsonObject, source: ConfigSource, provider_settings: Mapping[str, type[Any]]) -> _Clouds:
    """The sections under `clouds`, each as its provider's own settings type."""
    section = data.get("clouds", {})
    if not isinstance(section, Mapping):
        wrong = Mistake(
            path=("clouds",), message="'clouds' must hold keys and values", hint=_installed(provider_settings)
        )
        return _Clouds(settings={}, mistakes=(wrong,))
    settings: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for name, written in section.items():
        if name not in provider_settings:
            hint = _installed(provider_settings) if not (close := closest(name, provider_settings)) else close
            mistakes.append(Mistake(path=("clouds", name), message=f"no provider is called {name!r}", hint=hint))
            continue
        validation = validate(provider_settings[name], written, source, ("clouds", name))
        mistakes += validation.mistakes
        settings[name] = validation.value
    return _Clouds(settings=settings, mistakes=tuple(mistakes))


def _installed(provider_settings: Mapping[str, type[Any]]) -> str:
    names = ", ".join(sorted(provider_settings)) or "none"
    return f"installed: {names}; a further one comes with its extra: pip install 'drift-audit[NAME]'"


def _missing_files(data: JsonObject, base_dir: Path) -> list[Mistake]:
    """Files of the audit itself. A kubeconfig is not among them: it belongs to the machine that audits."""
    named: list[tuple[FieldPath, str]] = [
        (("field_maps", index), text(name)) for index, name in enumerate(sequence(data.get("field_maps")))
    ]
    named += [
        (("management_clusters", index, "recording"), text(mapping(cluster).get("recording")))
        for index, cluster in enumerate(sequence(data.get("management_clusters")))
    ]
    hint = "a relative path begins where this file is"
    return [
        Mistake(path=at, message=f"{format_path(at)!r} names a file that does not exist", hint=hint)
        for at, name in named
        if name and not Path(_absolute(name, base_dir)).is_file()
    ]


def _with_absolute_paths(config: Config, base_dir: Path) -> Config:
    def cluster_with_absolute_paths(cluster: ManagementClusterSettings) -> ManagementClusterSettings:
        return replace(
            cluster,
            kubeconfig=_absolute(cluster.kubeconfig, base_dir),
            recording=_absolute(cluster.recording, base_dir),
            controller_logs=tuple(_absolute(pattern, base_dir) for pattern in cluster.controller_logs),
        )

    return replace(
        config,
        management_clusters=tuple(map(cluster_with_absolute_paths, config.management_clusters)),
        field_maps=tuple(_absolute(name, base_dir) for name in config.field_maps),
        outputs=tuple(replace(output, path=_absolute(output.path, base_dir)) for output in config.outputs),
        cache_dir=_absolute(config.cache_dir, base_dir),
    )


def _absolute(name: str, base_dir: Path) -> str:
    """Empty stays empty: it means that nothing was named."""
    return str(base_dir.absolute() / Path(name).expanduser()) if name else ""
