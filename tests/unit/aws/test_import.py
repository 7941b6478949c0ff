"""The provider is loaded by every run that names it; the AWS SDK only by those that read AWS."""

from __future__ import annotations

import subprocess
import sys

from drift_audit.interfaces import CloudProvider
from drift_audit_aws.provider import AwsProvider
from tests.unit.aws.builders import settings


def test_loading_the_provider_and_its_rows_imports_no_sdk() -> None:
    code = (
        "import sys; sys.path[:0] = ['.', 'providers']\n"
        "from drift_audit_aws.provider import AwsProvider\n"
        "from drift_audit_aws.settings import AwsSettings\n"
        "AwsProvider(AwsSettings()).rows()\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('boto3', 'botocore')])"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


def test_the_provider_is_one() -> None:
    provider = AwsProvider(settings())

    assert isinstance(provider, CloudProvider)
    assert provider.owns("AWSMachine")
    assert provider.owns("AWSManagedControlPlane")
    assert not provider.owns("AzureMachine")
