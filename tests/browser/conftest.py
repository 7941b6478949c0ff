"""The browser, and reports of the fleets as files that it can open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import drift_audit
from drift_audit.audit import judge
from drift_audit.collect.recording import read_recording
from drift_audit.config.settings import Config
from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import AuditResult
from drift_audit.plugins import create_providers
from drift_audit_reports.html_report.report import HtmlReport
from tests.browser.chromium import running_chromium
from tests.conftest import required_parts
from tests.unit.reports.fleets import healthy_fleet, stuck_fleet
from tests.unit.reports.hostile import hostile_result
from tests.unit.reports.trees import big_fleet, half_read_and_pictured, pictured, troubled_and_pictured

DEMO = Path(drift_audit.__file__).with_name("demo") / "fleet.dar"
SCRIPT_ATTACK = (
    "\"'><img src=https://evil.example/x onerror=alert(1)><script>window.owned=1;alert(2)</script>"
    "<style>*{display:none}</style><iframe src=javascript:alert(3)></iframe></details></svg>\u202e\x1b[2J"
)


def demo_fleet() -> AuditResult:
    """The embedded fleet: whole causes with actors and authors, as `drift-audit demo` shows them."""
    recording = read_recording(DEMO)
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    config = Config(management_clusters=()).judged_by(recording.judging)
    providers = create_providers({}, live=False)
    return judge(recording.views, config, providers=providers, clock=lambda: moment, started_at=moment)


FLEETS: dict[str, Callable[[], AuditResult]] = {
    "demo": demo_fleet,
    "troubled": troubled_and_pictured,
    "half-read": half_read_and_pictured,
    "healthy": healthy_fleet,
    "stuck": lambda: pictured(stuck_fleet()),
    "hostile": lambda: pictured(hostile_result(SCRIPT_ATTACK)),
    "long-names": lambda: pictured(hostile_result("x" * 5_000)),
    "big": lambda: big_fleet(clusters=500, causes=100, per_cause=100),
    "many-causes": lambda: big_fleet(clusters=500, causes=10_000, per_cause=1),
}

Report = Callable[[str], Path]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright; one per test process."""
    with required_parts(), running_chromium() as started:
        yield started


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of a fleet as a file, rendered once."""
    folder = tmp_path_factory.mktemp("reports")

    @cache
    def written(name: str) -> Path:
        path = folder / f"{name}.html"
        path.write_text(HtmlReport().render(FLEETS[name](), RenderOptions()), encoding="utf-8")
        return path

    return written
