"""Who wrote the lines that findings show: Git's side of "who changed it".

Asked for the lines of findings only, in one call per file and one for all files of a revision, and within a budget:
an author is worth seconds, not minutes. What a shallow or partial clone does not hold stays unknown, and nothing is
fetched for it. A recording has no repository, so the answers are kept in the view.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from drift_audit.clock import moment, stamp
from drift_audit.collect.git.command import GitCommand
from drift_audit.collect.git.problems import GitProblem
from drift_audit.collect.git.repository import open_repository
from drift_audit.config.settings import GitSource
from drift_audit.model.findings import Commit, DeclaredAt
from drift_audit.model.views import GitSourceView, Rendering

logger = logging.getLogger(__name__)

_MOST_COMMITS = 5000
"""How far back the last change of a file is looked for: the log is walked once for all files together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlameBudget:
    """What the authors of one repository may cost."""

    files: int = 300
    seconds: float = 30.0


DEFAULT_BUDGET = BlameBudget()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authors:
    """What Git told of one revision."""

    lines: Mapping[tuple[str, int], Commit] = field(default_factory=dict)
    files: Mapping[str, Commit] = field(default_factory=dict)


def collect_authors(
    views: Sequence[GitSourceView],
    sources: Mapping[tuple[str, str], GitSource],
    places: Sequence[DeclaredAt],
    *,
    cache_dir: Path,
    base_dir: Path,
    budget: BlameBudget = DEFAULT_BUDGET,
) -> tuple[GitSourceView, ...]:
    """The views with the authors of these places, the first places first; views without a source stay as they are.

    `sources` are the configured ones, by (management cluster, name).
    """
    wanted: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for place in places:
        if place.file and place.revision:
            wanted[place.repo, place.revision][place.file].add(place.line)
    urls = {
        view.repo: sources[view.management_cluster, view.source].url
        for view in views
        if (view.management_cluster, view.source) in sources
    }
    found = dict(_asked(wanted, urls, cache_dir, base_dir, budget))
    return tuple(
        replace(view, head=_with(view.head, view.repo, found), applied=_with(view.applied, view.repo, found))
        for view in views
    )


def _asked(
    wanted: Mapping[tuple[str, str], Mapping[str, set[int]]],
    urls: Mapping[str, str],
    cache_dir: Path,
    base_dir: Path,
    budget: BlameBudget,
) -> Iterator[tuple[tuple[str, str], _Authors]]:
    """What Git says of each (repository, revision)."""
    for (repo, revision), files in wanted.items():
        if repo not in urls:
            continue
        try:
            git = open_repository(urls[repo], base_dir=base_dir, cache_dir=cache_dir, fetch=False).git
            yield (repo, revision), _authors(git, revision, files, budget)
        except GitProblem as problem:
            logger.warning("git %s: its authors are not known: %s", repo, problem.reason)
        except Exception:
            # The edge of this collector: findings are worth more than their authors.
            logger.exception("git %s: unexpected failure while asking for authors", repo)


def _with(rendering: Rendering | None, repo: str, found: Mapping[tuple[str, str], _Authors]) -> Rendering | None:
    authors = found.get((repo, rendering.revision)) if rendering else None
    if rendering is None or authors is None:
        return rendering
    return replace(
        rendering,
        line_commits={**rendering.line_commits, **authors.lines},
        file_commits={**rendering.file_commits, **authors.files},
    )


def _authors(git: GitCommand, revision: str, files: Mapping[str, set[int]], budget: BlameBudget) -> _Authors:
    deadline = time.monotonic() + budget.seconds
    shallow = git.try_read("rev-parse", "--is-shallow-repository") != "false"
    some = list(files)[: budget.files]
    newest = last_changes(git, revision, some, shallow=shallow, timeout=budget.seconds)
    lines: dict[tuple[str, int], Commit] = {}
    for file in some:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        told = blame_lines(git, revision, file, files[file], shallow=shallow, timeout=left)
        lines |= {(file, line): commit for line, commit in told.items()}
    return _Authors(lines=lines, files=newest)


def blame_lines(
    git: GitCommand, revision: str, file: str, lines: Iterable[int], *, shallow: bool, timeout: float
) -> Mapping[int, Commit]:
    """By line, the commit that wrote it last; nothing where Git cannot say.

    A shallow clone blames its oldest commit for everything before it, which is not known to be true.
    """
    asked = [f"-L{line},{line}" for line in sorted(set(lines)) if line > 0]
    if not asked:
        return {}
    arguments = ("blame", "--line-porcelain", "--no-textconv", *asked, revision, "--", file)
    told = _told(git, arguments, timeout)
    return dict(_blamed(told, doubted=shallow))


def _blamed(told: str, *, doubted: bool) -> Iterator[tuple[int, Commit]]:
    header: list[str] = []
    facts: dict[str, str] = {}
    for entry in told.split("\n"):
        if entry.startswith("\t"):
            if not (doubted and "boundary" in facts):
                yield int(header[2]), _commit(header[0], facts)
            header, facts = [], {}
        elif not header:
            header = entry.split(" ")
        else:
            key, _, value = entry.partition(" ")
            facts[key] = value


def _commit(commit: str, facts: Mapping[str, str]) -> Commit:
    seconds = facts.get("author-time", "")
    date = stamp(datetime.fromtimestamp(int(seconds), UTC)) if seconds.isdigit() else ""
    return Commit(id=commit, author=facts.get("author", ""), date=date)


def last_changes(
    git: GitCommand, revision: str, files: Sequence[str], *, shallow: bool, timeout: float
) -> Mapping[str, Commit]:
    """By file, the newest commit that changed it; through one process that needs no content of any file."""
    if not files:
        return {}
    arguments = (
        "--literal-pathspecs",
        "log",
        "-z",
        "--name-only",
        "--no-renames",
        "--format=%x01%H%x00%P%x00%an%x00%aI%x00",
        f"--max-count={_MOST_COMMITS}",
        "--end-of-options",
        revision,
        "--",
        *files,
    )
    missing, found = set(files), dict[str, Commit]()
    for entry in _told(git, arguments, timeout).split("\x01")[1:]:
        commit, parents, author, date, *names = entry.split("\0")
        if shallow and not parents:
            continue
        when = moment(date)
        made = Commit(id=commit, author=author, date=stamp(when) if when else "")
        changed = missing & {name.strip("\n") for name in names}
        found |= dict.fromkeys(changed, made)
        missing -= changed
        if not missing:
            break
    return found


def _told(git: GitCommand, arguments: Sequence[str], timeout: float) -> str:
    try:
        return git.read(*arguments, timeout=timeout).decode(errors="replace")
    except GitProblem as problem:
        logger.debug("no authors: %s", problem.reason)
        return ""
