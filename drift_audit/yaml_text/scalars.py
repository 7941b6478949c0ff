"""What a YAML scalar means to the tool that applies it.

kubectl parses with go-yaml 2 (through sigs.k8s.io/yaml), kustomize and Flux with go-yaml 3. Both keep
YAML 1.1 octals, `1e3` is a number to both, and neither knows base 60; they differ in booleans, dates and
keys. Source: `resolve.go` and `decode.go` of go.yaml.in/yaml/v2 and v3, and `convertToJSONableObject` of
sigs.k8s.io/yaml; the tests compare with the real programs.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

Scalar = bool | int | float | str | None


class Flavor(StrEnum):
    """Whose rules type a plain scalar."""

    KUBECTL = "kubectl"
    KUSTOMIZE = "kustomize"
    """kustomize, and Flux, which renders everything through it."""


class ScalarError(ValueError):
    """The tool would refuse the scalar."""


_STR, _INT, _FLOAT, _BOOL, _NULL, _TIME, _BINARY = "str", "int", "float", "bool", "null", "timestamp", "binary"

_COMMON: dict[str, Scalar] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_YAML_1_1: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_WORDS: dict[Flavor, dict[str, Scalar]] = {
    Flavor.KUBECTL: {**_COMMON, **_YAML_1_1},
    Flavor.KUSTOMIZE: _COMMON,
}
_NOT_JSON = frozenset(
    f"{sign}.{word}" for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")
) | frozenset((".nan", ".NaN", ".NAN"))  # fmt: skip

_MAX_INT64 = 2**63 - 1
_MAX_UINT64 = 2**64 - 1
_FLOAT_TEXT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INT_TEXTS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"([-+]?)0[xX]([0-9a-fA-F]+)\Z"), 16),
    (re.compile(r"([-+]?)0[bB]([01]+)\Z"), 2),
    (re.compile(r"([-+]?)0[oO]?([0-7]+)\Z"), 8),
    (re.compile(r"([-+]?)(0|[1-9][0-9]*)\Z"), 10),
)
_TIME_TEXT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?P<t>[Tt ])(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(?P<fraction>\d+))?(?P<zone>Z|[-+]\d\d:\d\d)?)?\Z"
)


def resolve(text: str, *, tag: str, plain: bool, flavor: Flavor) -> Scalar:
    """The JSON value of a scalar; `tag` is the short core tag (`int`) or empty.

    Raises ScalarError where both tools refuse: a tag that the text does not fit, and infinities, which
    JSON cannot hold.
    """
    if tag == _STR or (not tag and not plain):
        return text
    if tag == _BINARY:
        return _binary(text)
    kind, value = _guess(text, flavor, timestamps=tag in ("", _TIME))
    if tag in ("", kind):
        return value
    if tag == _FLOAT and kind == _INT:
        return value
    raise ScalarError(f"cannot decode {text!r} as !!{tag}")


def _guess(text: str, flavor: Flavor, *, timestamps: bool) -> tuple[str, Scalar]:
    words = _WORDS[flavor]
    if text in words:
        word = words[text]
        return (_NULL if word is None else _BOOL), word
    if text in _NOT_JSON:
        raise ScalarError(f"{text} has no form in JSON")
    first = text[0]
    if first == "." and _FLOAT_TEXT.match(text):
        return _number(text)
    if first in "0123456789+-":
        if timestamps and (stamp := _timestamp(text, flavor)) is not None:
            return _TIME, stamp
        return _number(text.replace("_", ""))
    return _STR, text


def _number(plain: str) -> tuple[str, Scalar]:
    for pattern, base in _INT_TEXTS:
        if found := pattern.match(plain):
            number = int(found[1] + found[2], base)
            if -_MAX_INT64 - 1 <= number <= _MAX_INT64:
                return _INT, number
            if number <= _MAX_UINT64 and not found[1]:
                # The API server's decoder knows int64 and float64 only.
                return _INT, float(number)
    if _FLOAT_TEXT.match(plain):
        number_64 = float(plain)
        # Beyond the range of a float, Go reports an error and the text stays a string.
        if math.isfinite(number_64):
            return _FLOAT, _as_json_number(number_64)
    return _STR, plain


def _as_json_number(value: float) -> int | float:
    """A whole number is an integer again once it went through JSON: `1.0` and `1e3` are printed without a point."""
    if value.is_integer() and abs(value) < 2**63:
        return int(Decimal(repr(value)))
    return value


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ScalarError("!!binary value is not base64 of UTF-8 text") from error


def _timestamp(text: str, flavor: Flavor) -> str | None:
    """How the tool passes a timestamp on; `None` when the text is none.

    go-yaml 2 hands the text on as it is written; kustomize turns it into RFC 3339.
    """
    found = _TIME_TEXT.match(text)
    if found is None or (found["t"] is not None and (found["t"] == " ") != (found["zone"] is None)):
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3, 5, 6, 7))
    try:
        when = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if flavor is Flavor.KUBECTL:
        return text
    fraction = (found["fraction"] or "")[:9].rstrip("0")
    zone = found["zone"] or "Z"
    if zone != "Z" and timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) == timedelta():
        zone = "Z"
    return when.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + (f".{fraction}" if fraction else "") + zone


@lru_cache(maxsize=16384)
def resolve_key(text: str, *, tag: str, plain: bool, flavor: Flavor) -> str:
    """The JSON key for a mapping's key.

    kubectl prints numbers and booleans as strings (`n:` becomes `"false"`); kustomize fails on every key
    that is not a string, so that is a ScalarError here too.
    """
    value = resolve(text, tag=tag, plain=plain, flavor=flavor)
    if isinstance(value, str) and not (flavor is Flavor.KUSTOMIZE and plain and not tag and value != text):
        return value
    if flavor is Flavor.KUSTOMIZE or value is None:
        raise ScalarError(f"the key {text!r} is not a string: quote it")
    return _KEY_TEXT[type(value)](value)


def _float_key(value: Scalar) -> str:
    short = f"{value:.6g}"
    if float(short) != value:
        raise ScalarError("the key is a number with more digits than a key can keep: quote it")
    return short


_KEY_TEXT: dict[type, Callable[[Scalar], str]] = {
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _float_key,
}
