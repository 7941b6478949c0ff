"""Address blocks in one spelling: `10.0.0.1` is `10.0.0.1/32`, and `10.0.0.7/24` is `10.0.0.0/24`."""

from __future__ import annotations

from ipaddress import ip_network

from drift_audit.model.values import Json, sequence, text


def plain_block(value: Json) -> str:
    """The block as Google answers it; what is none is left as it is."""
    try:
        return str(ip_network(text(value), strict=False))
    except ValueError:
        return text(value)


def plain_blocks(values: Json) -> tuple[str, ...]:
    return tuple(map(plain_block, sequence(values)))
