"""What a templated value can and cannot have become."""

from __future__ import annotations

import pytest

from drift_audit.compare.rendering import can_render_to
from drift_audit.model.values import Json


@pytest.mark.parametrize(
    ("template", "live"),
    [
        ("${ANYTHING}", ["even", {"a": "list"}]),
        ("${NAME:=default}", 3),
        ("hostname ${HOST}", "hostname node-1"),
        ("${A}-${B}", "x-y"),
        ("a$${b}", "a${b}"),
        (["echo ${X}", "echo 1"], ["echo ", "echo 1"]),
        ({"a": "${X}"}, {"a": True}),
        ("{{ .Values.x }}", "anything"),
        ("ENC[AES256_GCM,data:x]", "secret"),
        ({"${KEY}": "v"}, {"k": "v"}),
        ("<masked: 12 bytes, 3f9a1c>", "<masked: 6 bytes, 000000>"),
        ("https://${USER}@host", "<masked: 20 bytes, 3f9a1c>"),
        ("is-${X}", "is-true"),
        (7, 7),
    ],
)
def test_a_value_that_may_be_the_template_rendered(template: Json, live: Json) -> None:
    assert can_render_to(template, live)


@pytest.mark.parametrize(
    ("template", "live"),
    [
        ("hostname ${HOST}", "rm -rf /"),
        ("hostname ${HOST}", ["hostname", "x"]),
        (["hostname ${HOST}", "echo 1"], ["rm -rf /"]),
        (["hostname ${HOST}", "echo 1"], ["hostname a", "echo 2"]),
        ({"a": "${X}", "b": 1}, {"a": "x", "b": 2}),
        ({"a": "${X}"}, {"a": "x", "c": 1}),
        ("a.b ${X}", "aXb y"),
        (7, 8),
    ],
)
def test_a_value_that_no_variables_explain(template: Json, live: Json) -> None:
    assert not can_render_to(template, live)
