"""How inputs are drawn: JSON of any shape, and valid texts that were damaged. `DRIFT_AUDIT_SEED` repeats a run."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

SEED = int(os.environ.get("DRIFT_AUDIT_SEED", random.SystemRandom().randrange(2**32)))

_Test = TypeVar("_Test", bound=Callable[..., Any])

_KNOWN_KEYS = (
    *("f:spec", "f:metadata", ".", "k:{}", 'k:{"name":"x"}', "v:1", "i:0", "f:", "k:["),
    *("properties", "items", "type", "metadata", "spec", "name", "namespace", "kind", "apiVersion", "managedFields"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "additionalProperties", "default", "versions", "schema"),
)
JSON_KEYS = st.one_of(st.sampled_from(_KNOWN_KEYS), st.text(max_size=6))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "map", "set", "atomic", "object", "array", "string", "v1", "2026-01-01T00:00:00Z", "-1"]),
    st.text(max_size=12),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(JSON_KEYS, inner, max_size=5)),
    max_leaves=25,
)
OBJECTS = st.dictionaries(JSON_KEYS, JSON, max_size=6)

_PIECES = (
    *(b"\x00", b"\xff\xfe", b"[" * 3_000, b"{" * 3_000, b"- " * 500, b"&a *a", b"<<: *x", b"9" * 400, b"1e999"),
    *(b"---\n...\n", b"\t", b"\r", b"'", b'"', b"|", b">", b": ", b"? ", b"%YAML 9.9\n", b"\xe2\x80\xae"),
    *(b"2001-99-99", b"0x", b"!!binary x", b"!!timestamp x", b"!!python/object:os.system x", b"${", b"${X}"),
    *(b"<", b"</", b"&x;", b"]]>", b"<!DOCTYPE x>"),
)
_NASTY = st.sampled_from(_PIECES)


@st.composite
def damaged(draw: st.DrawFn, valid: bytes) -> bytes:
    """A valid text after some cuts, repetitions and insertions."""
    text = valid
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        to = min(len(text), at + draw(st.integers(0, 40)))
        piece = draw(st.one_of(st.just(b""), _NASTY, st.binary(max_size=4), st.just(text[at:to] * 2)))
        text = text[:at] + piece + text[to:]
    return text


def fuzzed(examples: int) -> Callable[[_Test], _Test]:
    """Settings of all these tests: no deadline for a single example, because the machine may be busy."""

    def decorate(test: _Test) -> _Test:
        chosen = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.function_scoped_fixture,
                HealthCheck.data_too_large,
            ],
        )
        decorated: _Test = seed(SEED)(chosen(test))
        return decorated

    return decorate
