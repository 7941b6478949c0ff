"""The provider is loaded by every run; the SDK of Azure only by those that read Azure."""

from __future__ import annotations

import subprocess
import sys

import pytest

from drift_audit.interfaces import CloudProvider
from drift_audit_azure.provider import AzureProvider
from drift_audit_azure.settings import AzureSettings, AzureSubscription
from tests.rig.azure.world import SUBSCRIPTION


def test_loading_and_judging_imports_no_sdk() -> None:
    code = (
        "import sys; sys.path[:0] = ['.', 'providers']\n"
        "from datetime import datetime, timedelta, UTC\n"
        "from drift_audit_azure.provider import AzureProvider\n"
        "from drift_audit_azure.settings import AzureSettings\n"
        "provider = AzureProvider(AzureSettings())\n"
        "provider.plan([])\n"
        "provider.correlate([], [], datetime.now(UTC), timedelta())\n"
        "provider.compare(provider.rows(), [], [], [])\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('azure', 'msal', 'requests')])"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


def test_the_provider_is_one() -> None:
    provider = AzureProvider(AzureSettings())

    assert isinstance(provider, CloudProvider)
    assert provider.owns("AzureMachine") and provider.owns("AzureManagedControlPlane")
    assert not provider.owns("AWSMachine")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (lambda: AzureSubscription(subscription="prod"), "subscription 'prod' is not a GUID"),
        (lambda: AzureSubscription(subscription=SUBSCRIPTION, tenant="t"), "tenant 't' is not a GUID"),
        (lambda: AzureSubscription(subscription=SUBSCRIPTION, locations=("West Europe",)), "is not a short name"),
        (
            lambda: AzureSettings(subscriptions=(AzureSubscription(subscription=SUBSCRIPTION),) * 2),
            "is configured 2 times",
        ),
    ],
)
def test_mistakes_of_the_configuration_are_told(settings: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        settings()  # type: ignore[operator]
