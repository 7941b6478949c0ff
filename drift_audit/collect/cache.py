"""Where this machine keeps what audits need again."""

from __future__ import annotations

import os
from pathlib import Path

from drift_audit.config.settings import Config


def cache_folder(config: Config) -> Path:
    """The configured folder, else the user's own; it need not exist."""
    if config.cache_dir:
        return Path(config.cache_dir).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "drift-audit"
