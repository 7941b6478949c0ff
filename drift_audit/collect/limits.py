"""Clouds that are asked about their own limits, for what is suspect: could this have worked at all?"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from drift_audit.collect.in_time import Allowance, Late, in_time
from drift_audit.collect.masking import Masker
from drift_audit.collect.unread import unexpected
from drift_audit.errors import DriftAuditError
from drift_audit.interfaces import CloudProvider, ConstraintProbe, Progress, ScopeRequest
from drift_audit.model.health import Question, Suspicion
from drift_audit.model.keys import CloudScope
from drift_audit.model.progress import began, ended
from drift_audit.model.views import CloudScopeView, ClusterView, Gap, View, Views

logger = logging.getLogger(__name__)

PARALLEL_SCOPES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Everything that asking needs."""

    providers: Mapping[str, CloudProvider]
    requests: Callable[[], Iterable[ScopeRequest]]
    """The scopes that the fleet lives in; planned only when there is a question."""
    masker: Masker
    progress: Progress
    allowance: Allowance
    longest: float
    """Seconds for one scope."""

    def asked(self, views: Views, clusters: Sequence[ClusterView], suspicion: Suspicion) -> Views:
        """The views with what the clouds of these clusters answered; the same views where nothing is worth asking."""
        if not suspicion:
            return views
        questions, gaps = self._questions(views, clusters, suspicion)
        requests = {request.scope: request for request in self.requests()} if questions else {}
        clouds = in_time(
            views.clouds,
            lambda view: self._ask(view, requests.get(view.scope), questions.get(view.scope, [])),
            lambda view, why: _unanswered(view, why) if questions.get(view.scope) else view,
            width=PARALLEL_SCOPES,
            allowance=self.allowance,
            each=lambda view: self.longest,
        )
        return replace(views, clouds=tuple(clouds), gaps=(*views.gaps, *gaps))

    def _questions(
        self, views: Views, clusters: Sequence[ClusterView], suspicion: Suspicion
    ) -> tuple[Mapping[CloudScope, list[Question]], list[Gap]]:
        """By scope; a bug of a provider costs its questions, not the audit."""
        found: dict[CloudScope, list[Question]] = defaultdict(list)
        gaps = []
        for provider in self.providers.values():
            if not isinstance(provider, ConstraintProbe):
                continue
            try:
                for question in provider.questions(suspicion, clusters, views.clouds):
                    found[question.scope].append(question)
            except DriftAuditError:
                raise
            except Exception as error:
                logger.exception("finding out what to ask %s failed", provider.name)
                gaps.append(_gap(provider.name, unexpected(provider, error)))
        return found, gaps

    def _ask(self, view: CloudScopeView, request: ScopeRequest | None, questions: Sequence[Question]) -> CloudScopeView:
        if request is None or not questions:
            return view
        provider = self.providers[view.scope.provider]
        if not isinstance(provider, ConstraintProbe):
            return view
        scope = f"{view.scope}, limits"
        self.progress(began(scope, f"asking {len(questions):,} questions"))
        try:
            return self.masker.mask_scope(provider.ask(request, view, questions), view)
        except DriftAuditError:
            raise
        except Exception as error:
            logger.exception("asking %s failed", view.scope)
            return _unanswered(view, unexpected(provider, error))
        finally:
            self.progress(ended(scope))


def _unanswered(view: CloudScopeView, why: Late) -> CloudScopeView:
    return replace(view, gaps=(*view.gaps, _gap(str(view.scope), why)))


def _gap(place: str, why: Late) -> Gap:
    return Gap(view=View.EVIDENCE, scope=f"{place}, limits", subject="", reason=why.reason, remedy=why.remedy)
