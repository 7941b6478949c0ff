"""The provider is loaded by every run; Google's libraries only by those that read Google Cloud."""

from __future__ import annotations

import subprocess
import sys

from drift_audit.interfaces import CloudProvider
from drift_audit_gcp.provider import GcpProvider
from tests.unit.gcp.builders import settings


def test_loading_the_provider_and_its_rows_imports_no_sdk() -> None:
    code = (
        "import sys; sys.path[:0] = ['.', 'providers']\n"
        "from drift_audit_gcp.provider import GcpProvider\n"
        "from drift_audit_gcp.settings import GcpSettings\n"
        "GcpProvider(GcpSettings()).rows()\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('google', 'requests')])"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


def test_the_provider_is_one() -> None:
    provider = GcpProvider(settings())

    assert isinstance(provider, CloudProvider)
    assert provider.owns("GCPMachine")
    assert provider.owns("GCPManagedControlPlane")
    assert not provider.owns("AWSMachine")
