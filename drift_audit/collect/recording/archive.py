"""The file of a recording: a ZIP archive of JSON members, and a manifest with the digest of each.

A ZIP archive, so that anyone can look inside with what is at hand. Equal members give equal bytes. Everything in a
file that is read is hostile until its digest and its limits were checked.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from drift_audit.errors import OutputError, RecordingError

FORMAT = "drift-audit recording"
FORMAT_VERSION = 1
REDACTION = (
    "Secret values, credentials, user data and private keys were replaced before anything was written: by "
    "<masked: length, keyed hash> or by <redacted>."
)
_MANIFEST = "manifest.json"
_LEVEL = 4
"""Of zlib. Level 6 takes twice the time for 5 % less."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE_BY_OWNER = 0o600 << 16
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

MOST_MEMBERS = 20_000
LARGEST_MANIFEST = 16 << 20
LARGEST_TOTAL = 8 << 30
"""Bytes after decompression."""
_LARGEST_RATIO = 200
"""JSON of a large fleet shrinks to a thirtieth; what shrinks much further is made to fill the memory."""
_RATIO_FROM = 32 << 20

_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, ValueError, NotImplementedError)
"""What `zipfile` raises for damaged archives; `RuntimeError` comes from the flag for encryption."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member as the manifest lists it."""

    name: str
    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a recording says about itself."""

    format: str
    version: int
    tool: str
    """Name and version of the program that wrote it."""
    created_at: str
    config_digest: str
    digest: str
    """Over names, sizes and digests of all members: the same views have the same digest."""
    redaction: str
    members: tuple[Member, ...]


class _Heading(msgspec.Struct):
    """The part of a manifest that every format version has."""

    format: str
    version: int
    tool: str = "an unknown version"


def content_digest(members: Iterable[Member]) -> str:
    lines = sorted(f"{member.sha256} {member.size} {member.name}\n" for member in members)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_archive(
    path: Path, members: Iterable[tuple[str, bytes]], *, tool: str, created_at: str, config_digest: str
) -> Manifest:
    """Writes the members one by one and the manifest last; an existing file is replaced only by a whole new one.

    The file is readable by its owner alone, since it is the inventory of a fleet. Raises `OutputError`.
    """
    with _replacing(path) as handle, zipfile.ZipFile(handle, "w", allowZip64=True) as archive:
        listed: list[Member] = []
        for name, data in members:
            listed.append(Member(name=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data)))
            _add(archive, name, data)
        manifest = Manifest(
            format=FORMAT,
            version=FORMAT_VERSION,
            tool=tool,
            created_at=created_at,
            config_digest=config_digest,
            digest=content_digest(listed),
            redaction=REDACTION,
            members=tuple(listed),
        )
        _add(archive, _MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3  # Unix, wherever it is written
    entry.external_attr = _READABLE_BY_OWNER
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data, compresslevel=_LEVEL)


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file beside `path` that takes its place at the end of the block, unless the block fails."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise OutputError(f"{path}: the recording cannot be written: {error.strerror}") from error
    scratch = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
        scratch.replace(path)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise OutputError(f"{path}: the recording cannot be written: {error.strerror}") from error
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


class Archive:
    """An open recording whose manifest fits what the file holds."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        self._entries = self._checked_entries()
        self.manifest = self._read_manifest()
        self._members = {member.name: member for member in self.manifest.members}
        self._check_members()

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes:
        """The member's bytes, once they have the size and the digest that the manifest names."""
        member = self._members[name]
        data = self._bytes(name)
        if len(data) != member.size or hashlib.sha256(data).hexdigest() != member.sha256:
            raise self.damaged(f"{name} does not have the digest that the manifest names")
        return data

    def damaged(self, what: str) -> RecordingError:
        return RecordingError(f"{self._path}: the recording is damaged: {what}")

    def _checked_entries(self) -> dict[str, zipfile.ZipInfo]:
        listed = self._archive.infolist()
        entries = {entry.filename: entry for entry in listed}
        if len(entries) != len(listed):
            raise self.damaged("a member stands in it twice")
        if len(listed) > MOST_MEMBERS:
            raise RecordingError(f"{self._path}: more than {MOST_MEMBERS} members; no recording has so many")
        for entry in listed:
            if entry.compress_type not in _COMPRESSIONS or entry.flag_bits & 0x1:
                raise self.damaged(f"{entry.filename} is not stored as recordings are")
            if entry.file_size > max(_RATIO_FROM, _LARGEST_RATIO * entry.compress_size):
                raise RecordingError(
                    f"{self._path}: {entry.filename} would grow to {entry.file_size >> 20} MiB from "
                    f"{entry.compress_size >> 10} KiB; it is made to fill the memory"
                )
        if sum(entry.file_size for entry in listed) > LARGEST_TOTAL:
            raise RecordingError(f"{self._path}: larger than {LARGEST_TOTAL >> 30} GiB after decompression")
        return entries

    def _read_manifest(self) -> Manifest:
        entry = self._entries.get(_MANIFEST)
        if entry is None or entry.file_size > LARGEST_MANIFEST:
            raise RecordingError(f"{self._path}: this is not a recording of drift-audit: it has no manifest")
        text = self._bytes(_MANIFEST)
        try:
            heading = msgspec.json.decode(text, type=_Heading)
            if heading.format != FORMAT:
                raise RecordingError(f"{self._path}: this is not a recording of drift-audit")
            if heading.version != FORMAT_VERSION:
                raise RecordingError(
                    f"{self._path}: written by {heading.tool} in format {heading.version}; this version reads "
                    f"format {FORMAT_VERSION}: use the version of drift-audit that wrote it"
                )
            return msgspec.json.decode(text, type=Manifest)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise self.damaged("its manifest is not valid") from error

    def _check_members(self) -> None:
        if self._entries.keys() - {_MANIFEST} != self._members.keys():
            raise self.damaged("it does not hold exactly the members that its manifest lists")
        if content_digest(self.manifest.members) != self.manifest.digest:
            raise self.damaged("the digest of the manifest does not fit its list")

    def _bytes(self, name: str) -> bytes:
        try:
            return self._archive.read(self._entries[name])
        except (*_DAMAGE, RuntimeError, OSError) as error:
            raise self.damaged(f"{name} cannot be decompressed") from error


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The recording, checked as a whole; each member is checked when it is read. Raises `RecordingError`."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise RecordingError(f"{path}: there is no such recording") from None
    except _DAMAGE as error:
        raise RecordingError(
            f"{path}: this is not a recording of drift-audit, or it was cut short on the way"
        ) from error
    except OSError as error:
        raise RecordingError(f"{path}: the recording cannot be read: {error.strerror}") from error
    with archive:
        yield Archive(path, archive)
