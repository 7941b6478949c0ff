"""Errors of AWS inside the messages of CAPA.

CAPA wraps what the SDK returns and puts the whole text into its conditions (`errors.Wrap` in
controllers/awsmachine_controller.go); a message can hold several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BY_SDK_V2 = re.compile(r"operation error (?P<service>[^:]+): (?P<operation>\w+),.*?api error (?P<code>[\w.]+): ")
_BY_SDK_V1 = re.compile(r"\b(?P<code>[A-Z]\w+(?:\.\w+)*): [^\n]*\n\s*status code: \d+, request id")
_DENIED = re.compile(
    r"User: (?P<principal>arn:\S+) is not authorized to perform: (?P<action>[\w-]+:\w+)"
    r"(?: on resource: (?P<resource>\S+))?"
)
_ASSUMED = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/\s]+)/")
_SERVICES = {"Elastic Load Balancing": "elasticloadbalancing", "Elastic Load Balancing v2": "elasticloadbalancing"}


@dataclass(frozen=True, slots=True)
class AwsError:
    """One error of AWS."""

    code: str
    """`VcpuLimitExceeded`."""
    action: str = ""
    """`ec2:RunInstances`; empty where the text does not say."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Who may not do what."""

    principal: str
    """The ARN of the role or user, as IAM simulates it: of an assumed role, the role's."""
    action: str
    resource: str


def errors_in(message: str) -> Iterator[AwsError]:
    """Every error of AWS that the text holds, in its order."""
    for match in _BY_SDK_V2.finditer(message):
        service = _SERVICES.get(match["service"], match["service"].replace(" ", "").lower())
        yield AwsError(match["code"], f"{service}:{match['operation']}")
    for match in _BY_SDK_V1.finditer(message):
        yield AwsError(match["code"])


def denials_in(message: str) -> Iterator[Denial]:
    """Every refused action that the text names together with who was refused."""
    for match in _DENIED.finditer(message):
        principal = match["principal"]
        if assumed := _ASSUMED.match(principal):
            principal = f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{assumed['role']}"
        yield Denial(principal, match["action"], (match["resource"] or "").rstrip(",.;"))
