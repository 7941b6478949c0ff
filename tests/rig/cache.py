"""Where built programs and converted manifests are kept, safe for many processes at once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class MissingPart(Exception):
    """A part of the rig that this machine lacks; the text says which, and how to get it."""


def cache_directory() -> Path:
    """The folder of the rig's cache, outside the clone: `$DRIFT_AUDIT_RIG_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("DRIFT_AUDIT_RIG_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "drift-audit-rig"


def digest_of(*parts: bytes | str) -> str:
    """A short key of the contents; lengths are mixed in, so that no two lists of parts run together."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()[:16]


def cached(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The path `<cache>/<name>-<key>`, made by `make` (which gets a path to write to) unless it exists.

    Several processes may ask at once: one makes it under a file lock, the others wait, and the finished
    file or folder appears in one rename.
    """
    target = cache_directory() / f"{name}-{key}"
    if target.exists():
        return target
    with _locked(cache_directory() / "locks" / f"{name}.lock"):
        if target.exists():
            return target
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=cache_directory()) as scratch:
            made = Path(scratch) / name
            make(made)
            made.rename(target)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
