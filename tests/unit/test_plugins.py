"""Plug-ins are found by entry points, imported when asked for, and held to their protocol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drift_audit import plugins
from drift_audit.errors import PluginError
from tests.unit.cli.installed import install, install_ourselves

REPORT = """
    class Plain:
        name = "plain"

        def render(self, result, options):
            return "plain text"


    class Silent:
        name = "silent"


    def function():
        pass
"""

PROVIDER = """
    from dataclasses import dataclass


    @dataclass
    class Settings:
        account: str = "default"


    @dataclass
    class Demanding:
        account: str


    class Cloud:
        name = "acme"

        def __init__(self, settings):
            self.settings = settings

        @classmethod
        def settings_type(cls):
            return Settings

        def owns(self, kind): ...
        def plan(self, clusters): ...
        def collect(self, request, progress): ...
        def reread(self, request, view, suspects): ...
        def correlate(self, clusters, clouds, now): ...
        def rows(self): ...
        def compare(self, rows, clusters, clouds, links): ...


    class Choosy(Cloud):
        name = "choosy"

        @classmethod
        def settings_type(cls):
            return Demanding


    class Half:
        name = "half"
        def owns(self, kind): ...
        def collect(self, request, progress): ...
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages that is on the path; what the test imports from it is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition("_")[0] == "acme"]:
        del sys.modules[name]


def report(site: Path, value: str, name: str = "plain", distribution: str = "acme-reports") -> None:
    install(site, distribution, {"drift_audit.reports": {name: value}}, modules={"acme_reports": REPORT})


def provider(site: Path, value: str, name: str = "acme", extras: tuple[str, ...] = ()) -> None:
    install(
        site,
        "acme-cloud",
        {"drift_audit.providers": {name: value}},
        modules={"acme_cloud": PROVIDER},
        extras={name: extras} if extras else None,
    )


def test_our_own_plugins_are_found_through_the_same_door(site: Path) -> None:
    install_ourselves(site)

    assert "aws" in plugins.provider_names()
    assert {"console", "json", "markdown", "md", "table"} <= set(plugins.report_names())
    assert {"drift_audit_aws", "drift_audit_reports"} <= set(plugins.plugin_packages())


def test_names_are_known_without_importing_anything(site: Path) -> None:
    install(
        site,
        "acme-cloud",
        {"drift_audit.providers": {"acme": "acme_broken:Cloud"}, "drift_audit.reports": {"plain": "acme_broken:Plain"}},
        modules={"acme_broken": "raise RuntimeError('imported')"},
    )

    assert "acme" in plugins.provider_names()
    assert "plain" in plugins.report_names()
    assert "acme" in plugins.ProviderSettings()
    assert "acme_broken" not in sys.modules


def test_a_report_comes_ready_to_render(site: Path) -> None:
    install(
        site, "acme-reports", {"drift_audit.reports": {"plain": "acme_reports:Plain"}}, modules={"acme_reports": REPORT}
    )

    report = plugins.load_report("plain")

    assert report.name == "plain"


def test_short_names_of_reports_are_understood(site: Path) -> None:
    report(site, "acme_reports:Plain", name="markdown", distribution="drift-audit")

    assert plugins.load_report("md").name == "plain"


def test_an_unknown_report_names_the_installed_ones(site: Path) -> None:
    install_ourselves(site)

    with pytest.raises(
        PluginError, match=r"no report format is called 'pdf' \(installed: .*console, .*json, .*markdown"
    ):
        plugins.load_report("pdf")


def test_a_provider_that_keeps_its_promise_is_loaded(site: Path) -> None:
    provider(site, "acme_cloud:Cloud")

    assert plugins.load_provider_class("acme").name == "acme"
    assert plugins.ProviderSettings()["acme"].__name__ == "Settings"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            "acme_cloud:Half",
            "is no CloudProvider: it lacks compare, correlate, plan, reread, rows, settings_type",
        ),
        ("acme_cloud:Gone", "cannot be imported: module 'acme_cloud' has no attribute 'Gone'"),
        ("acme_gone:Cloud", "cannot be imported: No module named 'acme_gone'"),
        ("acme_cloud:PROVIDER", "cannot be imported"),
        ("acme_cloud:Choosy", "calls itself 'choosy'"),
    ],
)
def test_a_provider_that_breaks_its_promise_is_named_with_what_is_missing(site: Path, value: str, told: str) -> None:
    provider(site, value)

    with pytest.raises(PluginError) as caught:
        plugins.load_provider_class("acme")

    assert f"entry point drift_audit.providers:acme = {value} of acme-cloud 1.0" in str(caught.value)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "told"), [("acme_reports:Silent", "it lacks render"), ("acme_reports:function", "is no class")]
)
def test_a_report_that_breaks_its_promise_is_named(site: Path, value: str, told: str) -> None:
    report(site, value, name="odd")

    with pytest.raises(PluginError, match=told):
        plugins.load_report("odd")


def test_two_plugins_of_one_name_are_refused_rather_than_chosen_by_chance(site: Path) -> None:
    for name in ("one", "two"):
        install(site, f"acme-{name}", {"drift_audit.reports": {"plain": f"acme_{name}:Plain"}})

    with pytest.raises(PluginError, match="installed more than once: acme_one:Plain, acme_two:Plain"):
        plugins.load_report("plain")


def test_a_missing_sdk_is_one_line_with_the_remedy(site: Path) -> None:
    provider(site, "acme_cloud:Cloud", extras=("acme-sdk-that-nobody-has>=2", "pytest"))

    assert plugins.load_provider_class("acme").name == "acme"
    assert not plugins.has_sdk("acme")
    with pytest.raises(PluginError) as caught:
        plugins.require_sdk("acme")
    assert str(caught.value) == "provider 'acme' needs acme-sdk-that-nobody-has: pip install 'acme-cloud[acme]'"


def test_an_sdk_that_is_imported_too_early_gives_the_same_line(site: Path) -> None:
    install(
        site,
        "acme-cloud",
        {"drift_audit.providers": {"acme": "acme_early:Cloud"}},
        modules={"acme_early": "import acme_sdk_that_nobody_has"},
        extras={"acme": ("acme-sdk-that-nobody-has",)},
    )

    with pytest.raises(
        PluginError, match=r"provider 'acme' needs acme_sdk_that_nobody_has: pip install 'acme-cloud\[acme\]'"
    ):
        plugins.load_provider_class("acme")


def test_our_aws_extra_is_read_from_the_metadata(site: Path) -> None:
    install_ourselves(site)

    plugins.require_sdk("aws")

    assert plugins.has_sdk("aws")


def test_providers_are_created_with_their_section_or_their_defaults(site: Path) -> None:
    provider(site, "acme_cloud:Cloud")
    from acme_cloud import Settings  # type: ignore[import-not-found]

    configured = plugins.create_providers({"acme": Settings(account="mine")}, live=True)["acme"]
    default = plugins.create_providers({}, live=True)["acme"]

    assert vars(configured)["settings"].account == "mine"
    assert vars(default)["settings"].account == "default"


def test_an_unconfigured_provider_that_cannot_work_is_left_out(site: Path) -> None:
    provider(site, "acme_cloud:Cloud", extras=("acme-sdk-that-nobody-has",))
    provider(site / "other", "acme_cloud:Choosy", name="choosy")

    assert "acme" not in plugins.create_providers({}, live=True)


def test_a_recording_is_judged_without_any_sdk(site: Path) -> None:
    provider(site, "acme_cloud:Cloud", extras=("acme-sdk-that-nobody-has",))

    assert "acme" in plugins.create_providers({}, live=False)


def test_a_configured_provider_without_its_sdk_is_an_error(site: Path) -> None:
    provider(site, "acme_cloud:Cloud", extras=("acme-sdk-that-nobody-has",))

    with pytest.raises(PluginError, match="provider 'acme' needs acme-sdk-that-nobody-has"):
        plugins.create_providers({"acme": object()}, live=True)


def test_a_provider_whose_settings_have_no_defaults_waits_for_its_configuration(site: Path) -> None:
    provider(site, "acme_cloud:Choosy", name="choosy")

    assert "choosy" not in plugins.create_providers({}, live=True)
