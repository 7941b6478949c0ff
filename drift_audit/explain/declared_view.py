"""Where Git declares an object, for `drift-audit explain`, or what was not read, so that nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from drift_audit.model.keys import ObjectKey
from drift_audit.model.objects import Declaration
from drift_audit.model.pairing import Origin
from drift_audit.model.result import GapEntry
from drift_audit.model.views import Gap, GitSourceView, Rendering, View, Views

_MAY_BE_DECLARED = "unknown: not all of Git could be read"


def declaration_lines(
    views: Views, cluster: str, key: ObjectKey, origin: Origin | None, unread: Sequence[str]
) -> Iterator[str]:
    """The place of the declaration; of an object that a controller made, that of what it was made from."""
    declared = list(_declarations(views, cluster, key))
    for source, head, declaration in declared:
        yield f"  declared     {_place(declaration)}  (source {source.source}, {head.renderer})"
        yield f"  revision     {head.revision}  committed {head.committed_at or '?'}"
        if source.applied is not None:
            yield f"  applied      {source.applied.revision}"
        for path, reason in declaration.opaque.items():
            yield f"  not compared {'.'.join(map(str, path))}: {reason}"
    if not declared:
        yield "  declared     " + (_MAY_BE_DECLARED if unread else "in no Git source of this audit")
        if origin is not None:
            places = [_place(declaration) for _, _, declaration in _declarations(views, cluster, origin.key)]
            yield f"  made from    {origin.key}" + (f", declared at {', '.join(places)}" if places else "")


def unread_of_git(sources: Iterable[GitSourceView], gaps: Iterable[Gap | GapEntry], cluster: str) -> Sequence[str]:
    """What could not be read of the Git sources of a management cluster, or that it has none; one sentence each."""
    found = []
    for source in sources:
        if source.management_cluster == cluster:
            found += [f"Git source {source.source}: {gap.reason}" for gap in source.all_gaps]
            if source.head is None and not source.all_gaps:
                found.append(f"Git source {source.source}")
    whole = (gap for gap in gaps if gap.view == View.GIT and f"{gap.scope}/".startswith(f"{cluster}/"))
    return list(dict.fromkeys((*found, *(gap.reason for gap in whole))))


def _declarations(views: Views, cluster: str, key: ObjectKey) -> Iterator[tuple[GitSourceView, Rendering, Declaration]]:
    for source in views.git:
        if source.management_cluster == cluster and source.head is not None:
            for declaration in source.head.declarations:
                if declaration.key == key:
                    yield source, source.head, declaration


def _place(declaration: Declaration) -> str:
    return f"{declaration.location.file}:{declaration.location.line}"
