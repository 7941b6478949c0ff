"""What an audit reaches and what it does not, for `drift-audit doctor`: per Git source, cluster and cloud scope."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from drift_audit.model.views import (
    CloudScopeView,
    ClusterView,
    Gap,
    GitSourceView,
    Reach,
    ScopeRead,
    ScopeStatus,
    SuspectView,
    View,
    Views,
    WorkloadView,
)

_OK, _PARTLY, _NO = "ok", "partly", "NO"
_NAME_WIDTH = 34


def describe_reach(views: Views, gaps: Sequence[Gap]) -> str:
    """The text of `drift-audit doctor`: what was reached, why the rest was not, and the rights that would mend it."""
    lines = [
        *_section("Git", (_git_line(source, gaps) for source in views.git)),
        *_section("Management clusters", map(_cluster_line, views.clusters)),
        *_section("Clouds", map(_cloud_line, views.clouds)),
        *_section("Closer look, at what is suspect or stands for it", map(_closer_line, views.suspects)),
        *_section("Workload clusters", map(_workload_line, views.workloads)),
        *_problems(gaps),
        *_rights(views, gaps),
    ]
    if not gaps:
        lines.append("Everything that the configuration names can be read.")
    return "".join(f"{_harmless(line)}\n" for line in lines)


def reaches_nothing(views: Views) -> bool:
    """True when not one management cluster could be read."""
    return not any(view.objects or any(listing.complete for listing in view.kinds.values()) for view in views.clusters)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield title
        yield from found
        yield ""


def _line(state: str, name: str, detail: str) -> str:
    return f"  {state:<7}{name:<{_NAME_WIDTH}} {detail}".rstrip()


def _git_line(source: GitSourceView, gaps: Sequence[Gap]) -> str:
    """Not wholly read also where something was read, and no object is in it."""
    scope = f"{source.management_cluster}/{source.source}"
    name = f"{source.management_cluster}: {source.source}"
    if source.head is None:
        return _line(_NO, name, f"{source.repo} {source.ref}")
    told = source.gaps or source.head.gaps or any(gap.view is View.GIT and gap.scope == scope for gap in gaps)
    state = _PARTLY if told else _OK
    declared = _counted(len(source.head.declarations), "declaration")
    return _line(state, name, f"{source.ref} at {source.head.revision[:12]}, {declared}, {source.head.renderer}")


def _cluster_line(view: ClusterView) -> str:
    complete = sum(listing.complete for listing in view.kinds.values())
    if not view.kinds:
        return _line(_NO, view.management_cluster, "")
    state = _OK if complete == len(view.kinds) and not view.gaps else _PARTLY
    kinds = f"{complete} of {len(view.kinds)} kinds" if complete < len(view.kinds) else f"{complete} kinds"
    objects = _counted(len(view.objects), "object")
    return _line(
        state, view.management_cluster, f"Kubernetes {view.server_version}, {kinds}, {objects}, {_cost(view.reads)}"
    )


def _cloud_line(view: CloudScopeView) -> str:
    name = str(view.scope)
    if view.identity != view.scope.account:
        said = f"the credentials are for account {view.identity}" if view.identity else "the account was not verified"
        return _line(_NO, name, said)
    complete = sum(listing.complete for listing in view.listings.values())
    state = _OK if complete == len(view.listings) and not view.gaps else _PARTLY
    types = f"{complete} of {len(view.listings)}" if complete < len(view.listings) else str(complete)
    resources = _counted(len(view.resources), "resource")
    return _line(state, name, f"account verified, {types} resource types, {resources}, {_cost(view.reads)}")


def _closer_line(view: SuspectView) -> str:
    beside = [read for read in view.reads if not read.scope.endswith("/kubeconfig")]
    failed = [read for read in beside if read.status is not ScopeStatus.COMPLETE]
    state = _OK if not failed else _NO if len(failed) == len(beside) else _PARTLY
    found = f"{_counted(len(view.events), 'event')}, {_counted(len(view.logs), 'message')} of controllers"
    return _line(state, view.management_cluster, f"{found}, {_cost(view.reads)}")


def _workload_line(view: WorkloadView) -> str:
    name = str(view.cluster)
    if view.reach is not Reach.REACHED:
        return _line(_NO if view.gaps else _OK, name, f"{view.reach.replace('_', ' ')} {view.endpoint}".rstrip())
    nodes = sum(key.kind == "Node" for key in view.objects)
    version = f"Kubernetes {view.server_version}, " if view.server_version else ""
    kinds = f"{_counted(len(view.listed), 'kind')}, {_counted(nodes, 'Node')}"
    return _line(_PARTLY if view.gaps else _OK, name, f"{view.endpoint}, {version}{kinds}, {_cost(view.reads)}")


def _cost(reads: Sequence[ScopeRead]) -> str:
    calls = sum(read.calls for read in reads)
    throttles = sum(read.throttles for read in reads)
    throttled = f", {throttles} throttled" if throttles else ""
    return f"{_counted(calls, 'call')}{throttled}"


def _problems(gaps: Sequence[Gap]) -> Iterator[str]:
    """Each reason once, with everything that it keeps from being read."""
    scopes: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for gap in gaps:
        skipped = gap.status is ScopeStatus.SKIPPED
        scopes[gap.reason, gap.remedy, skipped].append(f"{gap.view}: {gap.scope}")
    for title, wanted in (("Cannot be read", False), ("Not audited yet", True)):
        found = {reason: where for reason, where in scopes.items() if reason[2] is wanted}
        if not found:
            continue
        yield title
        for (reason, remedy, _), where in found.items():
            more = f" and {len(where) - 1} more" if len(where) > 1 else ""
            yield f"  {where[0]}{more}"
            yield f"      {reason}"
            yield f"      {remedy}"
        yield ""


def _rights(views: Views, gaps: Sequence[Gap]) -> Iterator[str]:
    """The missing rights alone, in the form in which they are granted."""
    rules: dict[str, set[str]] = defaultdict(set)
    actions: dict[str, set[str]] = defaultdict(set)
    workloads: dict[str, set[str]] = defaultdict(set)
    accounts = {str(view.scope): f"{view.scope.provider} account {view.scope.account}" for view in views.clouds}
    for gap in gaps:
        if gap.right and (gap.view is View.WORKLOAD or gap.subject.startswith(_SECRET)):
            workloads[_granted_in(gap)].add(gap.right)
        elif gap.right and (gap.view is View.CAPI or _is_beside_suspects(gap, views)):
            rules[gap.scope.partition("/")[0].partition(", ")[0]].add(gap.right)
        elif gap.right:
            scope = next((account for name, account in accounts.items() if f"{gap.scope}/".startswith(f"{name}/")), "")
            actions[scope or gap.scope].add(gap.right)
    for cluster, missing in sorted(rules.items()):
        yield f"Rules to add to the audit's ClusterRole in management cluster {cluster}"
        yield from (f"  - {{{rule}}}" for rule in sorted(missing))
        yield ""
    for place, missing in sorted(workloads.items()):
        yield f"Rules to add {place}"
        yield from (f"  - {{{rule}}}" for rule in sorted(missing))
        yield ""
    for account, allowed in sorted(actions.items()):
        yield f"Statement to add to the policy of the audit's role in {account}"
        statement = {"Effect": "Allow", "Action": sorted(allowed), "Resource": "*"}
        yield from (f"  {line}" for line in json.dumps(statement, indent=2).splitlines())
        yield ""


_SECRET = "Secret/"
"""Only kubeconfigs are asked for among the Secrets."""


def _is_beside_suspects(gap: Gap, views: Views) -> bool:
    """Whether it is what a management cluster, and no cloud, keeps to itself beside suspects."""
    return gap.view is View.EVIDENCE and any(gap in beside.gaps for beside in views.suspects)


def _granted_in(gap: Gap) -> str:
    """Where a right is granted: the kubeconfig of a workload cluster lies in its management cluster."""
    management_cluster, namespace, name, *_ = gap.scope.split("/")
    if gap.subject.startswith(_SECRET):
        return f"by a RoleBinding in namespace {namespace} of management cluster {management_cluster}"
    return f"for the user of the kubeconfig, in workload cluster {management_cluster}/{namespace}/{name}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _harmless(told: str) -> str:
    """Without control sequences and direction marks: names and messages are other people's text."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in told)
