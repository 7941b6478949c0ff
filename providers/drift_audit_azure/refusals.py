"""What Azure refused, as one sentence for people and one for the person who can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)


class ArmRefusal(Exception):
    """An answer of ARM that is no good one."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


class StrangeAnswer(Exception):
    """A good status with a body that is not what was asked for: half a page, or the login page of a proxy."""


Failure: TypeAlias = AzureError | ArmRefusal | StrangeAnswer
FAILURES = (AzureError, ArmRefusal, StrangeAnswer)
"""What a call raises that got no usable answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call gave no answer."""

    code: str
    reason: str
    remedy: str
    right: str = ""
    """The action of ARM, where nothing but the right to it is missing."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    reason: str
    remedy: str


_DENIED = _Sentence(
    "{action} is not allowed for the audit's identity in subscription {account}",
    "Assign a role with {action} to the audit's identity, on subscription {account} or on its resource groups.",
)
_TOKEN = _Sentence(
    "Azure does not accept the audit's token for subscription {account}",
    "Check the tenant and the credential configured for subscription {account}, and the clock of this machine.",
)
_NO_TOKEN = _Sentence(
    "the audit has no token for subscription {account}",
    "Give the audit credentials that clouds.azure.credential finds: az login, a managed or a workload identity.",
)
_THROTTLED = _Sentence(
    "{action} was throttled in subscription {account} until all attempts were used up",
    "Lower calls_per_second, or run the audit when the controllers of subscription {account} are quieter.",
)
_UNKNOWN_SUBSCRIPTION = _Sentence(
    "subscription {account} does not exist, or the audit's identity has no role in it",
    "Assign Reader on subscription {account} to the audit's identity, or correct the subscription's id.",
)
_UNAVAILABLE = _Sentence(
    "{action} failed inside Azure in subscription {account}",
    "Run the audit again; if it stays, look at the health of the service in the Azure portal.",
)

_BY_CODE: dict[str, _Sentence] = {
    "AuthorizationFailed": _DENIED,
    "LinkedAuthorizationFailed": _DENIED,
    "AccessDenied": _DENIED,
    "Forbidden": _DENIED,
    "InvalidAuthenticationToken": _TOKEN,
    "InvalidAuthenticationTokenTenant": _TOKEN,
    "ExpiredAuthenticationToken": _TOKEN,
    "AuthenticationFailed": _TOKEN,
    "SubscriptionNotFound": _UNKNOWN_SUBSCRIPTION,
    "InvalidSubscriptionId": _UNKNOWN_SUBSCRIPTION,
}
_BY_STATUS: dict[int, _Sentence] = {401: _TOKEN, 403: _DENIED, 429: _THROTTLED}
GONE = 404


def refusal(error: Failure, action: str, account: str) -> Refusal:
    """One sentence about the failure and one about the remedy; `action` is that of the call."""
    sentence = _sentence(error)
    words = {"action": action, "account": account}
    return Refusal(
        code=error.code if isinstance(error, ArmRefusal) else type(error).__name__,
        reason=sentence.reason.format(**words),
        remedy=sentence.remedy.format(**words),
        right=action if sentence is _DENIED else "",
    )


def _sentence(error: Failure) -> _Sentence:
    if isinstance(error, ArmRefusal):
        return _of_status(error)
    match error:
        case ClientAuthenticationError():
            return _NO_TOKEN
        case StrangeAnswer() | IncompleteReadError() | DecodeError():
            return _Sentence(
                "the answer to {action} in subscription {account} is not what Azure sends",
                "Check the proxies and gateways between the audit and Azure, and endpoint_url; run the audit again.",
            )
        case ServiceRequestError() | ServiceResponseError():
            return _Sentence(
                "Azure Resource Manager could not be reached for {action} in subscription {account}, or not in time",
                "Check the network, the proxy and the DNS between the audit and Azure.",
            )
        case _:
            return _Sentence(
                f"{{action}} failed in subscription {{account}}: {type(error).__name__}",
                "Run the audit again and read its log.",
            )


def _of_status(error: ArmRefusal) -> _Sentence:
    found = _BY_CODE.get(error.code) or _BY_STATUS.get(error.status)
    if found is not None:
        return found
    if error.status >= 500:
        return _UNAVAILABLE
    code = error.code.replace("{", "{{").replace("}", "}}")
    return _Sentence(
        f"{{action}} failed with {code} ({error.status}) in subscription {{account}}",
        "Look the error code up in the documentation of Azure Resource Manager.",
    )
