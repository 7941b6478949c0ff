"""What AWS refused, as one sentence for people and one for the person who can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PaginationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

Failure: TypeAlias = ClientError | BotoCoreError | ResponseParserError
FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What a call raises that got no usable answer; botocore derives the last one from nothing of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call gave no answer."""

    code: str
    """The error code of AWS, or the name of the client's exception."""
    reason: str
    remedy: str
    right: str = ""
    """The IAM action, where nothing but the right to it is missing."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    reason: str
    remedy: str


_DENIED = _Sentence(
    "{action} is not allowed for the audit's credentials in account {account}",
    "Allow {action} in the policy of the role that reads account {account}.",
)
_NOT_ASSUMED = _Sentence(
    "the audit may not assume the role configured for account {account}",
    "Let the role's trust policy name the audit's identity, allow that identity sts:AssumeRole, and check external_id.",
)
_EXPIRED = _Sentence(
    "the audit's credentials for account {account} have expired",
    "Renew the credentials, or configure role_arn so that they renew themselves.",
)
_TOO_OLD = _Sentence(
    "the audit's credentials for account {account} have expired, or the clock of this machine is wrong",
    "Renew the credentials, or configure role_arn so that they renew themselves; compare the clock with a time server.",
)
_INVALID = _Sentence(
    "AWS does not accept the audit's credentials for account {account}",
    "Check the access key or the profile configured for account {account}, and the clock of this machine.",
)
_THROTTLED = _Sentence(
    "{action} was throttled in {region} until all attempts were used up",
    "Lower calls_per_second, or run the audit when the controllers of account {account} are quieter.",
)
_REGION_OFF = _Sentence(
    "region {region} is not enabled for account {account}, or not for these credentials",
    "Enable the region in the account's settings, or take it out of the configured regions.",
)
_UNAVAILABLE = _Sentence(
    "{action} failed inside AWS in {region}",
    "Run the audit again; if it stays, look at the AWS health dashboard of {region}.",
)

_BY_CODE: dict[str, _Sentence] = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidSignatureException": _INVALID,
    "RequestExpired": _TOO_OLD,
    "RequestTimeTooSkewed": _TOO_OLD,
    "InvalidClientTokenId": _INVALID,
    "SignatureDoesNotMatch": _INVALID,
    "UnrecognizedClientException": _INVALID,
    "AuthFailure": _REGION_OFF,
    "OptInRequired": _REGION_OFF,
    "RegionDisabledException": _REGION_OFF,
    "InternalError": _UNAVAILABLE,
    "InternalFailure": _UNAVAILABLE,
    "ServiceUnavailable": _UNAVAILABLE,
    "Unavailable": _UNAVAILABLE,
}

THROTTLES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Error codes by which AWS asks for patience (botocore/retries/standard.py, ThrottledRetryableChecker)."""


def refusal(error: Failure, action: str, account: str, region: str) -> Refusal:
    """One sentence about the failure and one about the remedy.

    `action` is the IAM action of the call, such as `ec2:DescribeInstances`.
    """
    code = _code(error)
    sentence = _sentence(error, code)
    words = {"action": action, "account": account, "region": region}
    return Refusal(
        code=code,
        reason=sentence.reason.format(**words),
        remedy=sentence.remedy.format(**words),
        right=action if sentence is _DENIED else "",
    )


def _code(error: Failure) -> str:
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "Unknown")
    return type(error).__name__


def _sentence(error: Failure, code: str) -> _Sentence:
    if code in THROTTLES:
        return _THROTTLED
    if isinstance(error, ClientError) and error.operation_name == "AssumeRole" and _BY_CODE.get(code) is _DENIED:
        return _NOT_ASSUMED
    if isinstance(error, ClientError):
        return _BY_CODE.get(code) or _Sentence(
            f"{{action}} failed with {_escaped(code)} in {{region}}", "Look the error code up in the AWS documentation."
        )
    match error:
        case NoCredentialsError() | PartialCredentialsError():
            return _Sentence(
                "no AWS credentials were found for account {account}",
                "Give the audit credentials: a profile, environment variables, or the role of its pod or instance.",
            )
        case ProfileNotFound():
            return _Sentence(
                "the profile configured for account {account} does not exist",
                "Add it to the AWS configuration files, or correct the profile's name.",
            )
        case PaginationError():
            return _Sentence(
                "{action} gave the same page again in {region}", "Run the audit again; the listing was not finished."
            )
        case ResponseParserError():
            return _Sentence(
                "the answer to {action} in {region} is not what AWS sends",
                "Check the proxies and gateways between the audit and AWS, and endpoint_url.",
            )
        case ConnectionError() | HTTPClientError():
            return _Sentence(
                "the AWS endpoint for {action} in {region} could not be reached",
                "Check the network, the proxy and the DNS between the audit and AWS.",
            )
        case _:
            return _Sentence(f"{{action}} failed in {{region}}: {code}", "Run the audit again and read its log.")


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
