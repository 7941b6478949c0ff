"""What Google refused, as one sentence for people and one for the person who can mend it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import requests
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

from drift_audit_gcp.session import BadKey, GoogleError

FAILURES = (GoogleError, BadKey, GoogleAuthError, requests.RequestException)
"""What a call raises that got no usable answer."""

_PERMISSION = re.compile(r"Required '([\w.]+)' permission")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call gave no answer."""

    reason: str
    remedy: str
    right: str = ""
    """The permission, where nothing but that is missing."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    reason: str
    remedy: str


_DENIED = _Sentence(
    "{permission} is not allowed for the audit's credentials in project {project}",
    "Grant {permission} in project {project}, with the role of deploy/gcp or roles/compute.viewer.",
)
_OFF = _Sentence(
    "Compute Engine is switched off in project {project}",
    "Enable compute.googleapis.com there, or take the project out of the configuration.",
)
_THROTTLED = _Sentence(
    "{permission} was throttled in project {project} until all attempts were used up",
    "Lower calls_per_second, or run the audit when the controllers of project {project} are quieter.",
)
_NOBODY = _Sentence(
    "project {project} does not exist, or the audit's credentials may see nothing of it",
    "Correct the project id, or grant compute.projects.get in project {project}.",
)
_INVALID = _Sentence(
    "Google does not accept the audit's credentials for project {project}",
    "Renew them: the service account may be disabled, its key deleted, or the clock of this machine wrong.",
)
_UNAVAILABLE = _Sentence(
    "{permission} failed inside Google Cloud in project {project}",
    "Run the audit again; if it stays, look at the status page of Google Cloud.",
)
_GARBLED = _Sentence(
    "the answer to {permission} in project {project} is not what Google sends",
    "Check the proxies and gateways between the audit and Google, and endpoint_url.",
)
_EXPIRED = _Sentence(
    "the listing for {permission} in project {project} could not be continued: its page token was refused",
    "Run the audit again; the listing was not finished.",
)
_UNREACHED = _Sentence(
    "the endpoint for {permission} in project {project} could not be reached, or broke off",
    "Check the network, the proxy and the DNS between the audit and Google.",
)
_NO_CREDENTIALS = _Sentence(
    "no Google credentials were found for project {project}",
    "Give the audit credentials: credentials_file, GOOGLE_APPLICATION_CREDENTIALS, or the identity of its pod.",
)
_NO_TOKEN = _Sentence(
    "Google gave the audit no token for project {project}",
    "Check the key, and for `impersonate` the role roles/iam.serviceAccountTokenCreator on that account.",
)
_BAD_KEY = _Sentence(
    "the credentials configured for project {project} cannot be used",
    "Check credentials_file of the project: it has to be readable, and the JSON key of a service account.",
)


def refusal(error: Exception, permission: str, project: str) -> Refusal:
    """One sentence about the failure and one about the remedy. `permission` is that of the call."""
    sentence = _sentence(error)
    if isinstance(error, GoogleError) and (named := _PERMISSION.search(error.message)):
        permission = named[1]
    words = {"permission": permission, "project": project}
    return Refusal(
        reason=sentence.reason.format(**words),
        remedy=sentence.remedy.format(**words),
        right=permission if sentence is _DENIED else "",
    )


def _sentence(error: Exception) -> _Sentence:
    match error:
        case GoogleError():
            return _of_answer(error)
        case DefaultCredentialsError():
            return _NO_CREDENTIALS
        case TransportError() | requests.RequestException():
            return _UNREACHED
        case BadKey():
            return _BAD_KEY
        case _:
            return _NO_TOKEN


def _of_answer(error: GoogleError) -> _Sentence:
    if error.throttled:
        return _THROTTLED
    match error.status, error.reason:
        case _, "garbled" | "repeated":
            return _GARBLED
        case 403, "accessNotConfigured":
            return _OFF
        case 401, _:
            return _INVALID
        case 403, _:
            return _DENIED
        case 404, _:
            return _NOBODY
        case 400 | 410, _:
            return _EXPIRED
        case status, _ if status >= 500:
            return _UNAVAILABLE
    return _GARBLED
