"""The AWS provider: what Cluster API Provider AWS (CAPA) makes of a fleet.

boto3 is imported when the first scope is collected, not before.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drift_audit.interfaces import Candidate, Correlation, Fact, Link, Progress, ScopePlan, ScopeRequest, UndoneEdit
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Finding
from drift_audit.model.health import Question, Suspicion
from drift_audit.model.keys import ResourceKey
from drift_audit.model.views import CloudScopeView, ClusterView
from drift_audit_aws.compare import compare_links
from drift_audit_aws.constraints.questions import questions_about
from drift_audit_aws.correlate import correlate_fleet
from drift_audit_aws.fieldmap import load_rows
from drift_audit_aws.fleet import Fleet, read_fleet
from drift_audit_aws.history.matching import candidates_of
from drift_audit_aws.history.undone import undone_edits
from drift_audit_aws.kinds import KINDS
from drift_audit_aws.placing import PROVIDER
from drift_audit_aws.plan import plan_scopes
from drift_audit_aws.settings import AwsAccount, AwsSettings
from drift_audit_aws.user_rows import read_user_rows

if TYPE_CHECKING:
    from drift_audit_aws.session import AccountSession, Sessions

_FIELDS = Path(__file__).with_name("fields")


class AwsProvider:
    """Implements `drift_audit.interfaces.CloudProvider`, `ChangeHistory` and `ConstraintProbe`."""

    name = PROVIDER

    @classmethod
    def settings_type(cls) -> type[AwsSettings]:
        return AwsSettings

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._added: dict[tuple[Path, ...], tuple[FieldRow, ...]] = {}
        self._known: tuple[tuple[ClusterView, ...], Fleet] | None = None

    def owns(self, kind: str) -> bool:
        return kind in KINDS

    def plan(self, clusters: Sequence[ClusterView]) -> ScopePlan:
        return plan_scopes(self._fleet(clusters), self._settings)

    def collect(self, request: ScopeRequest, progress: Progress) -> CloudScopeView:
        from drift_audit_aws.collect import collect_scope
        from drift_audit_aws.history.collect import with_swept_history

        session, page_size = self._session(request), self._settings.page_size
        return with_swept_history(
            session,
            request,
            self._settings.history,
            progress,
            lambda: collect_scope(session, request, page_size, progress),
        )

    def reread(self, request: ScopeRequest, view: CloudScopeView, suspects: Sequence[ResourceKey]) -> CloudScopeView:
        from drift_audit_aws.collect import reread_scope
        from drift_audit_aws.history.collect import with_global_history

        session = self._session(request)
        again = reread_scope(session, request, view, suspects, self._settings.page_size)
        return with_global_history(session, request, self._settings.history, again, suspects)

    def correlate(
        self,
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        now: datetime,
        orphan_min_age: timedelta,
    ) -> Correlation:
        return correlate_fleet(self._fleet(clusters), _own(clouds), orphan_min_age, now)

    def rows(self, files: Sequence[Path] = ()) -> Sequence[FieldRow]:
        return (*_own_rows(), *self._user_rows(tuple(files)))

    def _user_rows(self, files: tuple[Path, ...]) -> tuple[FieldRow, ...]:
        """Read once: an audit judges twice, and must not judge by two states of a file."""
        if files not in self._added:
            self._added[files] = read_user_rows(files, _own_rows())
        return self._added[files]

    def compare(
        self,
        rows: Sequence[FieldRow],
        clusters: Sequence[ClusterView],
        clouds: Sequence[CloudScopeView],
        links: Sequence[Link],
        *,
        equal_too: bool = False,
    ) -> Sequence[Fact]:
        return tuple(compare_links(rows, self._fleet(clusters), _own(clouds), links, equal_too=equal_too))

    def _fleet(self, clusters: Sequence[ClusterView]) -> Fleet:
        """The fleet in these views, read once as long as they are the very same ones."""
        views = tuple(clusters)
        if self._known is None or not _same(self._known[0], views):
            self._known = views, read_fleet(views)
        return self._known[1]

    def candidates(
        self, findings: Sequence[Finding], rows: Sequence[FieldRow], clouds: Sequence[CloudScopeView]
    ) -> Mapping[str, Sequence[Candidate]]:
        return candidates_of(findings, rows, _own(clouds))

    def undone(
        self, rows: Sequence[FieldRow], clouds: Sequence[CloudScopeView], links: Sequence[Link]
    ) -> Sequence[UndoneEdit]:
        return tuple(undone_edits(rows, _own(clouds), links))

    def questions(
        self, suspicion: Suspicion, clusters: Sequence[ClusterView], clouds: Sequence[CloudScopeView]
    ) -> Sequence[Question]:
        return questions_about(suspicion, self._fleet(clusters), _own(clouds))

    def ask(self, request: ScopeRequest, view: CloudScopeView, questions: Sequence[Question]) -> CloudScopeView:
        from drift_audit_aws.collect import ask_scope

        return ask_scope(self._session(request), view, questions)

    @functools.cached_property
    def _sessions(self) -> Sessions:
        from drift_audit_aws.session import Sessions

        return Sessions(self._settings)

    def _session(self, request: ScopeRequest) -> AccountSession:
        account = self._settings.account(request.scope.account)
        return self._sessions.of(account or AwsAccount(account=request.scope.account))


def _same(left: Sequence[ClusterView], right: Sequence[ClusterView]) -> bool:
    return len(left) == len(right) and all(one is other for one, other in zip(left, right, strict=True))


def _own(clouds: Sequence[CloudScopeView]) -> list[CloudScopeView]:
    return [cloud for cloud in clouds if cloud.scope.provider == PROVIDER]


@functools.cache
def _own_rows() -> tuple[FieldRow, ...]:
    return tuple(row for path in sorted(_FIELDS.glob("*.yaml")) for row in load_rows(path))
