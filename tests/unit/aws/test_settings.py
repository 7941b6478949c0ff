"""The section `clouds: aws:`, validated as the configuration does it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from drift_audit_aws.settings import AwsSettings

ADAPTER = TypeAdapter(AwsSettings)


def test_a_whole_section_is_accepted() -> None:
    found = ADAPTER.validate_python(
        {
            "accounts": [
                {
                    "account": "012345678901",
                    "role_arn": "arn:aws:iam::012345678901:role/audit",
                    "external_id": "x",
                    "regions": ["eu-west-1"],
                    "identities": [
                        "AWSClusterStaticIdentity/prod",
                        "mgmt/AWSClusterControllerIdentity/default",
                    ],
                }
            ],
            "calls_per_second": 2,
        }
    )

    entry = found.account("012345678901")
    assert entry is not None
    assert entry.session_name == "drift-audit"
    assert found.account("000000000000") is None


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"accounts": [{"account": "1234"}]}, "is not 12 digits"),
        ({"accounts": [{"account": 123456789012}]}, "valid string"),
        ({"accounts": [{"account": "123456789012"}] * 2}, "configured 2 times"),
        ({"accounts": [{"account": "123456789012", "identities": ["Secret/x"]}]}, "is not KIND/NAME"),
        (
            {
                "accounts": [
                    {"account": account, "identities": ["AWSClusterRoleIdentity/x"]}
                    for account in ("123456789012", "210987654321")
                ]
            },
            "mapped to 2 accounts",
        ),
        ({"page_size": 1}, "page_size"),
        ({"calls_per_second": 0}, "must be positive"),
    ],
)
def test_a_mistake_is_named(section: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ADAPTER.validate_python(section)
