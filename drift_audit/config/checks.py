"""What the types cannot say about a configuration. Every check sees the whole file and yields all it finds.

The checks read the document, not the typed settings, so that they also run over a file whose types are wrong:
a user gets all mistakes at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date
from urllib.parse import urlsplit

from drift_audit.config.dependencies import dependencies_can_be_judged
from drift_audit.config.settings import StuckThresholds
from drift_audit.config.source import ConfigSource, Mistake, nearest, value_at
from drift_audit.model.findings import Verdict
from drift_audit.model.keys import FieldPath, format_path
from drift_audit.model.values import JsonObject, mapping, sequence, text

MANAGER_CLASSES = ("human", "script", "gitops", "controller", "autoscaler")

Check = Callable[[ConfigSource], Iterator[Mistake]]


def check_document(source: ConfigSource, report_formats: Collection[str] | None) -> list[Mistake]:
    """Everything wrong beyond types. `None` for the formats: no report plug-in was asked."""
    found = [mistake for check in _CHECKS for mistake in check(source)]
    if report_formats is not None:
        found += _unknown_formats(source, report_formats)
    return found


def management_clusters_exist(source: ConfigSource) -> Iterator[Mistake]:
    listed = mapping(source.data).get("management_clusters")
    if isinstance(listed, (list, tuple)) and not listed:
        yield Mistake(
            path=("management_clusters",), message="'management_clusters' is empty: there is nothing to audit"
        )


def one_way_to_reach(source: ConfigSource) -> Iterator[Mistake]:
    for path, cluster in _items(source, "management_clusters"):
        ways = [key for key in ("recording", "in_cluster", "context", "kubeconfig") if cluster.get(key)]
        exclusive = [way for way in ways if way in ("recording", "in_cluster")]
        if exclusive and len(ways) > 1:
            others = " and ".join(repr(way) for way in ways[1:])
            yield Mistake(
                path=(*path, ways[1]),
                message=f"{_name(source, path)} has {ways[0]!r} together with {others}",
                hint="a management cluster is reached in one way: by a kubeconfig, from inside, or by a recording",
            )


def recordings_bring_their_own(source: ConfigSource) -> Iterator[Mistake]:
    """What is to be read live would be passed over without a word."""
    for path, cluster in _items(source, "management_clusters"):
        for key in ("git", "namespaces", "label_selector") if cluster.get("recording") else ():
            if cluster.get(key):
                yield Mistake(
                    path=(*path, key),
                    message=f"{_name(source, path)} has 'recording' together with {key!r}",
                    hint="a recording is judged whole, with the Git that it was made with: remove the key",
                )


def names_are_unique(source: ConfigSource) -> Iterator[Mistake]:
    yield from _repeated(source, _items(source, "management_clusters"), "management cluster")
    yield from _repeated(source, _items(source, "suppressions"), "suppression rule")
    for path, cluster in _items(source, "management_clusters"):
        yield from _repeated(source, _below(cluster, path, "git"), f"Git source of {_name(source, path)}")


def git_sources_are_safe(source: ConfigSource) -> Iterator[Mistake]:
    for path, cluster in _items(source, "management_clusters"):
        for at, git in _below(cluster, path, "git"):
            # The URL itself is never part of a message: it may hold a password.
            yield from _git_url(git, source, at)
            folder = text(git.get("path"))
            if folder.startswith("/") or ".." in folder.split("/"):
                yield Mistake(
                    path=(*at, "path"),
                    message=f"the path of Git source {_name(source, at)} leaves the repository",
                    hint="name a directory inside it, such as 'clusters/prod'",
                )
            operation = text(git.get("applier")).rpartition("/")[2] if "/" in text(git.get("applier")) else "Apply"
            if operation not in ("Apply", "Update"):
                yield Mistake(
                    path=(*at, "applier"),
                    message=f"the applier of Git source {_name(source, at)} ends in {operation!r}, no operation",
                    hint="as managedFields has it, such as 'kustomize-controller/Apply', or without an operation",
                )
            if text(git.get("ref")).startswith("-"):
                yield Mistake(path=(*at, "ref"), message=f"the ref of Git source {_name(source, at)} begins with '-'")


def _git_url(git: JsonObject, source: ConfigSource, at: FieldPath) -> Iterator[Mistake]:
    url, where = text(git.get("url")), (*at, "url")
    subject = f"the URL of Git source {_name(source, at)}"
    if "url" in git and not url.strip() and isinstance(git["url"], str):
        yield Mistake(path=where, message=f"{subject} is empty")
    if url.startswith("-") or re.match(r"[A-Za-z0-9_.+-]+::", url):
        yield Mistake(path=where, message=f"{subject} asks git to run a helper or is an option; that is refused")
    if "://" not in url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        yield Mistake(path=where, message=f"{subject} is not a URL")
        return
    if parts.scheme.lower() not in ("https", "http", "ssh", "git", "file"):
        yield Mistake(path=where, message=f"{subject} has an unknown scheme", hint="use https, ssh, git, http or file")
    if parts.password is not None or (parts.username is not None and parts.scheme.lower() in ("https", "http")):
        yield Mistake(
            path=where,
            message=f"{subject} holds credentials",
            hint="remove them, and let git's credential helper, GIT_ASKPASS or an SSH key supply them",
        )

    if parts.scheme.lower() in ("https", "http") and (parts.query or parts.fragment):
        yield Mistake(
            path=where,
            message=f"{subject} has a query, where tokens are put",
            hint="remove all from '?' or '#' on, and use git's credential helper, GIT_ASKPASS or an SSH key",
        )


def suppressions_are_accountable(source: ConfigSource) -> Iterator[Mistake]:
    for path, rule in _items(source, "suppressions"):
        for key in ("owner", "reason"):
            if isinstance(rule.get(key), str) and not text(rule[key]).strip():
                yield Mistake(
                    path=(*path, key),
                    message=f"suppression rule {_name(source, path)} has an empty {key!r}",
                    hint="say who answers for it" if key == "owner" else "say why it is accepted",
                )
        if isinstance(rule.get("match"), dict):
            yield from _match(mapping(rule["match"]), (*path, "match"), _name(source, path))


def _match(match: JsonObject, path: FieldPath, name: str) -> Iterator[Mistake]:
    if not any(_narrows(text(pattern)) for pattern in match.values()):
        yield Mistake(
            path=path,
            message=f"suppression rule {name} matches every finding",
            hint="give at least one pattern that does not match everything, such as 'cluster' or 'path'",
        )
    verdict = text(match.get("verdict"))
    if verdict and not re.search(r"[*?\[]", verdict) and verdict not in list(Verdict):
        yield Mistake(
            path=(*path, "verdict"),
            message=f"suppression rule {name} names a verdict that does not exist",
            hint=nearest(verdict, list(Verdict)),
        )


def _narrows(pattern: str) -> bool:
    """False for an empty pattern and for one of wildcards only: `*`, `*/*`, `?*`."""
    return bool(pattern.strip("*?/ "))


def expiry_is_a_date(source: ConfigSource) -> Iterator[Mistake]:
    """Text in the one spelling: pydantic would also read a number of seconds, or a time of day."""
    for path, rule in _items(source, "suppressions"):
        if rule.get("expires") is not None and expiry_of(rule) is None:
            yield Mistake(
                path=(*path, "expires"),
                message=f"{format_path((*path, 'expires'))!r} must be a date written as YYYY-MM-DD",
            )


def expiry_of(rule: JsonObject) -> date | None:
    written = text(rule.get("expires"))
    try:
        return date.fromisoformat(written) if len(written) == len("2027-01-31") else None
    except ValueError:
        return None


def managers_are_usable(source: ConfigSource) -> Iterator[Mistake]:
    for path, rule in _items(source, "managers"):
        try:
            re.compile(text(rule.get("match")))
        except re.error as error:
            yield Mistake(
                path=(*path, "match"),
                message=f"{format_path((*path, 'match'))!r} is no regular expression: {error.msg}",
            )
        named = rule.get("manager_class")
        if isinstance(named, str) and named not in MANAGER_CLASSES:
            yield Mistake(
                path=(*path, "manager_class"),
                message=f"{format_path((*path, 'manager_class'))!r} must be one of {', '.join(MANAGER_CLASSES)}",
                hint=nearest(source.shown((*path, "manager_class")), MANAGER_CLASSES),
            )


def owners_are_named(source: ConfigSource) -> Iterator[Mistake]:
    owners = mapping(mapping(source.data).get("owners"))
    for index, key in enumerate(sequence(owners.get("keys"))):
        where: FieldPath = ("owners", "keys", index)
        if isinstance(key, str) and not re.fullmatch(r"[A-Za-z0-9./_:-]+", key):
            yield Mistake(path=where, message=f"{format_path(where)!r} is no key of a label, an annotation or a tag")
    for path, rule in _below(owners, ("owners",), "namespaces"):
        for key in ("namespace", "owner"):
            if isinstance(rule.get(key), str) and not text(rule[key]).strip():
                yield Mistake(path=(*path, key), message=f"{format_path((*path, key))!r} is empty")


def outputs_do_not_collide(source: ConfigSource) -> Iterator[Mistake]:
    seen: set[str] = set()
    for path, output in _items(source, "outputs"):
        target = text(output.get("path"))
        if target in seen:
            yield Mistake(path=path, message=f"two outputs go to {'the same file' if target else 'standard output'}")
        seen.add(target)


def _unknown_formats(source: ConfigSource, report_formats: Collection[str]) -> Iterator[Mistake]:
    for path, output in _items(source, "outputs"):
        named = output.get("format")
        if isinstance(named, str) and named not in report_formats:
            yield Mistake(
                path=(*path, "format"),
                message=f"no report format is called {source.shown((*path, 'format'))!r}",
                hint=nearest(source.shown((*path, "format")), report_formats),
            )


def numbers_are_in_range(source: ConfigSource) -> Iterator[Mistake]:
    for path, cluster in _items(source, "management_clusters"):
        for key in ("page_size", "timeout_seconds", "deadline_seconds"):
            yield from _at_least(1, cluster, path, key)
        for at, git in _below(cluster, path, "git"):
            yield from _at_least(1, git, at, "timeout_seconds")
    workload = mapping(mapping(source.data).get("workload"))
    for key in ("page_size", "timeout_seconds", "deadline_seconds"):
        yield from _at_least(1, workload, ("workload",), key)
    for key in ("deadline_seconds", "cloud_deadline_seconds"):
        yield from _at_least(1, mapping(source.data), (), key)
    thresholds = mapping(mapping(source.data).get("thresholds"))
    for key in thresholds:
        yield from _at_least(0, thresholds, ("thresholds",), key)
    yield from _clocks_run(mapping(thresholds.get("stuck")))


def _clocks_run(stuck: JsonObject) -> Iterator[Mistake]:
    classes = StuckThresholds().scale
    for name, factor in mapping(stuck.get("scale")).items():
        if name not in classes:
            where = ("thresholds", "stuck", "scale", name)
            message = f"{format_path(where)!r} is no class of machines: it would stretch nothing"
            yield Mistake(path=where, message=message, hint=nearest(name, classes))
        if isinstance(factor, (int, float)) and not factor > 0:
            where = ("thresholds", "stuck", "scale", name)
            yield Mistake(path=where, message=f"{format_path(where)!r} must be more than 0")
    for name, limits in mapping(stuck.get("clocks")).items():
        where = ("thresholds", "stuck", "clocks", name)
        warn, critical = mapping(limits).get("warn"), mapping(limits).get("critical")
        if isinstance(warn, (int, float)) and isinstance(critical, (int, float)) and not 0 < warn <= critical:
            yield Mistake(path=where, message=f"{format_path(where)!r} must have 0 < warn <= critical")


def _at_least(least: int, section: JsonObject, path: FieldPath, key: str) -> Iterator[Mistake]:
    number = section.get(key)
    if isinstance(number, str) and re.fullmatch(r"-?\d{1,18}", number):
        number = int(number)
    if isinstance(number, int) and not isinstance(number, bool) and number < least:
        yield Mistake(path=(*path, key), message=f"{format_path((*path, key))!r} must be at least {least}")


def logs_name_files(source: ConfigSource) -> Iterator[Mistake]:
    for path, cluster in _items(source, "management_clusters"):
        for index, pattern in enumerate(sequence(cluster.get("controller_logs"))):
            if isinstance(pattern, str) and not pattern.strip("*?/. "):
                yield Mistake(
                    path=(*path, "controller_logs", index),
                    message=f"{_name(source, path)} has a pattern of controller logs that names no file",
                    hint="name the files of the controllers, such as '/var/log/capi/*.log'",
                )


def required_text_is_not_blank(source: ConfigSource) -> Iterator[Mistake]:
    named = [*_items(source, "management_clusters"), *_items(source, "suppressions")]
    for path, cluster in _items(source, "management_clusters"):
        named += _below(cluster, path, "git")
    for path, item in named:
        if isinstance(item.get("name"), str) and not text(item["name"]).strip():
            yield Mistake(path=(*path, "name"), message=f"{format_path((*path, 'name'))!r} is empty")


_CHECKS: tuple[Check, ...] = (
    management_clusters_exist,
    one_way_to_reach,
    recordings_bring_their_own,
    names_are_unique,
    required_text_is_not_blank,
    git_sources_are_safe,
    numbers_are_in_range,
    logs_name_files,
    managers_are_usable,
    suppressions_are_accountable,
    expiry_is_a_date,
    owners_are_named,
    dependencies_can_be_judged,
    outputs_do_not_collide,
)


def _items(source: ConfigSource, key: str) -> Iterator[tuple[FieldPath, JsonObject]]:
    return _below(mapping(source.data), (), key)


def _below(section: JsonObject, path: FieldPath, key: str) -> Iterator[tuple[FieldPath, JsonObject]]:
    for index, item in enumerate(sequence(section.get(key))):
        yield (*path, key, index), mapping(item)


def _name(source: ConfigSource, path: FieldPath) -> str:
    """The item's name as it is written, or its place."""
    return repr(text(value_at(source.written, (*path, "name"))) or format_path(path))


def _repeated(source: ConfigSource, items: Iterator[tuple[FieldPath, JsonObject]], what: str) -> Iterator[Mistake]:
    seen: set[str] = set()
    for path, item in items:
        name = text(item.get("name"))
        if name and name in seen:
            message = f"a second {what} is called {_name(source, path)}"
            yield Mistake(path=(*path, "name"), message=message, hint="names must differ")
        seen.add(name)
