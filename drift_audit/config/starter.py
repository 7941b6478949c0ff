"""The configuration that `drift-audit init` writes: `starter.yaml`, next to this module."""

from __future__ import annotations

from pathlib import Path


def starter_config() -> str:
    """A valid configuration for one management cluster, with the other keys as comments."""
    return Path(__file__).with_name("starter.yaml").read_text(encoding="utf-8")
