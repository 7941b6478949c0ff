"""The faults of the matrix as each of the three protocols shows them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from botocore.session import get_session

from tests.rig.fault_proxy import Spoil, cut, delayed, dripping, expired, malformed, reset, status
from tests.rig.upstreams import Answer, Asked

FAULTS = (
    "403",
    "429 with Retry-After",
    "500",
    "timeout",
    "connection reset",
    "truncated body",
    "malformed body",
    "another document",
    "empty page with a token",
    "repeated token",
    "page missing",
    "slow drip",
    "expired credentials",
    "wrong account",
    "one region refused",
    "clock skew",
)
_LONG = 60.0
_LOGIN_PAGE = b"<html><head/><body>Please log in</body></html>"
"""As a proxy sends it, with 200; it is well-formed XML."""
_TOKEN = "rig-token"


def _login_page(asked: Asked, answer: Answer) -> Answer:
    return Answer(status=200, headers={"Content-Type": "text/html"}, body=_LOGIN_PAGE)


# The API server


def of_api_server(fault: str) -> Spoil:
    return _API[fault]()


def _endless_pages(*, empty: bool) -> Spoil:
    """Pages that say there is one more: with nothing in them and ever new tokens, or the first one under one token."""
    numbers = count()

    def spoil(asked: Asked, answer: Answer) -> Answer:
        page = json.loads(answer.body)
        page["metadata"]["continue"] = f"{_TOKEN}-{next(numbers)}" if empty else _TOKEN
        return Answer(
            status=200,
            headers={"Content-Type": "application/json"},
            body=json.dumps({**page, "items": []} if empty else page).encode(),
        )

    return lambda asked, answer: spoil(asked, answer if answer.status == 200 else _EMPTY_PAGE)


_EMPTY_PAGE = Answer(status=200, body=b'{"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}')


def _second_page_expired() -> Spoil:
    gone = expired(with_token=False)
    more = _endless_pages(empty=False)
    return lambda asked, answer: gone(asked, answer) if asked.is_continued else more(asked, answer)


_API: dict[str, Callable[[], Spoil]] = {
    "403": lambda: status(403, "Forbidden", "not for you"),
    "429 with Retry-After": lambda: status(429, "TooManyRequests", "busy", Retry_After="0"),
    "500": lambda: status(500, "InternalError", "boom"),
    "timeout": lambda: delayed(_LONG),
    "connection reset": reset,
    "truncated body": cut,
    "malformed body": malformed,
    "another document": lambda: _login_page,
    "empty page with a token": lambda: _endless_pages(empty=True),
    "repeated token": lambda: _endless_pages(empty=False),
    "page missing": _second_page_expired,
    "slow drip": dripping,
    "expired credentials": lambda: status(401, "Unauthorized", "token has expired"),
}

# AWS


def of_aws(fault: str) -> Spoil:
    return _AWS[fault]()


def aws_error(code: str, http: int = 400, **headers: str) -> Spoil:
    """An error as the service that was asked words it."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}

    def spoil(asked: Asked, answer: Answer) -> Answer:
        if "X-Amz-Target" in asked.headers:
            kind, body = "application/x-amz-json-1.1", json.dumps({"__type": code, "message": "no"})
        elif asked.aws_service == "s3":
            kind, body = "application/xml", f"<Error><Code>{code}</Code><Message>no</Message></Error>"
        elif asked.aws_service == "ec2":
            kind = "text/xml"
            body = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
        else:
            kind = "text/xml"
            body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        return Answer(status=http, headers={"Content-Type": kind, **named}, body=body.encode())

    return spoil


def _refused_credentials() -> Spoil:
    """EC2 has its own word for an old request (EC2 API reference, Error codes)."""
    ec2, others = aws_error("RequestExpired"), aws_error("SignatureDoesNotMatch", 403)
    return lambda asked, answer: (ec2 if asked.aws_service == "ec2" else others)(asked, answer)


def _throttled() -> Spoil:
    ec2 = aws_error("RequestLimitExceeded", 503, Retry_After="1")
    others = aws_error("Throttling", 429, Retry_After="1")
    return lambda asked, answer: (ec2 if asked.aws_service == "ec2" else others)(asked, answer)


def _another_account() -> Spoil:
    """The answer with another account in place of the one that was assumed."""
    return lambda asked, answer: replace(answer, body=re.sub(rb"\b\d{12}\b", b"999999999999", answer.body))


def _more_pages(*, empty: bool, fresh: bool) -> Spoil:
    numbers = count() if fresh else None

    def spoil(asked: Asked, answer: Answer) -> Answer:
        token = f"{_TOKEN}-{next(numbers)}" if numbers else _TOKEN
        # An empty page is ours alone: what stands behind may have refused a token that it never gave.
        status = 200 if empty else answer.status
        return replace(answer, status=status, body=_with_token(asked, answer.body, token, empty=empty))

    return spoil


def _second_page_lost() -> Spoil:
    first = _more_pages(empty=False, fresh=False)
    lost = aws_error("InvalidNextToken")
    return lambda asked, answer: (lost if _goes_on(asked) else first)(asked, answer)


def one_empty_page() -> Spoil:
    """An empty page first, which says that there is one more; AWS may send such pages whenever it filters."""
    first = _more_pages(empty=True, fresh=False)
    return lambda asked, answer: answer if _goes_on(asked) else first(asked, answer)


def _goes_on(asked: Asked) -> bool:
    """True for a request for a further page."""
    return _TOKEN in asked.target or _TOKEN.encode() in asked.body


def _with_token(asked: Asked, body: bytes, token: str, *, empty: bool) -> bytes:
    pages = paging_of(asked.aws_action)
    assert pages is not None
    if "X-Amz-Target" in asked.headers:
        page: dict[str, Any] = {} if empty else json.loads(body)
        return json.dumps({**page, pages.output: token, pages.truncated or "More": True}).encode()
    operation = asked.aws_action.partition(":")[2]
    bare = asked.aws_service in ("ec2", "s3")
    outer = f"{operation}Response" if asked.aws_service == "ec2" else f"{operation}Result"
    more = f"<{pages.truncated}>true</{pages.truncated}>" if pages.truncated else ""
    inserted = f"<{pages.element}>{token}</{pages.element}>{more}"
    if empty:
        rest = f"<{outer}>{inserted}</{outer}>"
        whole = rest if bare else f"<{operation}Response>{rest}</{operation}Response>"
        return whole.encode()
    text = body.decode()
    for element in filter(None, (pages.element, pages.truncated)):
        text = re.sub(rf"<{element}>[^<]*</{element}>|<{element}\s*/>", "", text)
    assert f"</{outer}>" in text, text[-200:]
    return text.replace(f"</{outer}>", f"{inserted}</{outer}>").encode()


class Paging:
    """How an operation goes on to its next page, as botocore's own description says."""

    def __init__(self, service: str, operation: str, described: dict[str, Any]) -> None:
        model = get_session().get_service_model(service).operation_model(operation)
        tokens = described["output_token"]
        self.output: str = tokens[0] if isinstance(tokens, list) else tokens
        member = model.output_shape.members[self.output.partition(" ")[0]]  # type: ignore[union-attr]
        self.element: str = member.serialization.get("name") or self.output
        self.truncated: str = described.get("more_results", "")


@functools.cache
def paging_of(action: str) -> Paging | None:
    """`None` for an operation that gives everything at once."""
    service, _, operation = action.partition(":")
    known = {"elasticloadbalancing": "elbv2"}.get(service, service)
    operation = {"ListAllMyBuckets": "ListBuckets"}.get(operation, operation)
    try:
        described = get_session().get_paginator_model(known).get_paginator(operation)
    except ValueError:
        return None
    return Paging(known, operation, described)


_AWS: dict[str, Callable[[], Spoil]] = {
    "403": lambda: aws_error("UnauthorizedOperation", 403),
    "429 with Retry-After": _throttled,
    "500": lambda: aws_error("InternalError", 500),
    "timeout": lambda: delayed(_LONG),
    "connection reset": reset,
    "truncated body": cut,
    "malformed body": lambda: lambda asked, answer: replace(answer, body=b"<Describe><broken"),
    "another document": lambda: _login_page,
    "empty page with a token": lambda: _more_pages(empty=True, fresh=True),
    "repeated token": lambda: _more_pages(empty=False, fresh=False),
    "page missing": _second_page_lost,
    "slow drip": dripping,
    "expired credentials": lambda: aws_error("ExpiredToken", 403),
    "wrong account": _another_account,
    "one region refused": lambda: aws_error("OptInRequired", 401),
    "clock skew": _refused_credentials,
}

# Git over HTTPS


def of_git(fault: str) -> Spoil:
    return _GIT[fault]()


def _plain(code: int, **headers: str) -> Spoil:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda asked, answer: Answer(status=code, headers={"Content-Type": "text/plain", **named}, body=b"no\n")


_GIT: dict[str, Callable[[], Spoil]] = {
    "403": lambda: _plain(403),
    "429 with Retry-After": lambda: _plain(429, Retry_After="1"),
    "500": lambda: _plain(500),
    "timeout": lambda: delayed(_LONG),
    "connection reset": reset,
    "truncated body": cut,
    "malformed body": lambda: lambda asked, answer: replace(answer, body=b"0000\xff<html>"),
    "another document": lambda: _login_page,
    "slow drip": dripping,
    "expired credentials": lambda: _plain(401, WWW_Authenticate='Basic realm="git"'),
}
