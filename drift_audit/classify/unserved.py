"""Declared kinds of a team's own that nobody could look at: a slip of the pen would watch nothing, and look healthy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drift_audit.config.settings import Config, Dependency
from drift_audit.model.views import ClusterView, Gap, KindListing, ScopeStatus, View


def unserved_gaps(views: Sequence[ClusterView], config: Config) -> Iterator[Gap]:
    """A gap for each dependency of a kind that no management cluster serves, and for each that was not asked for.

    One management cluster that serves the kind is enough: not every site has machines of its own.
    """
    places = config.dependency_places or ("",) * len(config.dependencies)
    read = [view for view in views if view.kinds]
    for dependency, place in zip(config.dependencies, places, strict=True):
        known = [(view, view.kinds.get((dependency.group, dependency.kind))) for view in read]
        listings = [listing for _, listing in known if listing is not None]
        if listings and not any(listing.served or not listing.complete for listing in listings):
            yield _not_served(dependency, place, listings)
        for view, listing in known:
            if listing is None:
                yield _not_asked_for(dependency, place, view)


def _not_served(dependency: Dependency, place: str, listings: Sequence[KindListing]) -> Gap:
    near = next((listing.alike for listing in listings if listing.alike), ())
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return _gap(
        dependency,
        place,
        scope=f"dependencies/{dependency.name}",
        reason=f"no management cluster serves {_kind(dependency)}: nothing of it is watched",
        remedy=f"{meant}Correct kind and group of dependency {dependency.name!r}, or take it out.",
    )


def _not_asked_for(dependency: Dependency, place: str, view: ClusterView) -> Gap:
    return _gap(
        dependency,
        place,
        scope=f"{view.management_cluster}/{dependency.kind}",
        reason=f"{_kind(dependency)} was not asked for when {view.management_cluster} was recorded",
        remedy=f"Record again with dependency {dependency.name!r} in the configuration.",
    )


def _gap(dependency: Dependency, place: str, *, scope: str, reason: str, remedy: str) -> Gap:
    return Gap(
        view=View.CAPI,
        scope=scope,
        subject=f"{dependency.kind}.{dependency.group}",
        reason=f"{place}: {reason}" if place else reason,
        remedy=remedy[:1].upper() + remedy[1:],
        status=ScopeStatus.SKIPPED,
    )


def _kind(dependency: Dependency) -> str:
    return f"{dependency.kind}.{dependency.group}".rstrip(".")
