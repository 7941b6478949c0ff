"""The tail of an instance's console, without anything that could be a secret.

cloud-init and kubeadm write there why a Machine does not join. A console can also hold the join token, so that the
answer loses everything but the lines that tell of a failure before botocore's parser logs or reads it (event
`before-parse`), and what looks like a token in those.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

OPERATION = "GetConsoleOutput"
LINES = 12

_OUTPUT = re.compile(rb"<output>([^<]*)</output>")
_TELLING = re.compile(
    r"(?i)error|fail|x509|no route|timed? ?out|refused|unauthorized|forbidden|denied|cannot|unable|panic|oom|no space"
    r"|not found"
)
_FATAL = re.compile(
    r"(?i)error execution phase|\[ERROR \w|failed to run module scripts|kubeadm\b.*\b(?:error|fail|not found)"
    r"|i/o timeout|no route to host|connection refused|could not resolve host|x509: |couldn't validate the identity"
    r"|failed to pull|kernel panic"
)
"""What ends a boot (kubeadm's phases, cloud-init's modules, the network on the way to the API server); consoles of
machines that are well have lines that speak of errors, too."""
_SECRET = re.compile(
    r"(?i)\b[a-z0-9]{6}\.[a-z0-9]{16}\b|(?<=sha256:)[0-9a-f]{64}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
    r"|(?<=token[ =:])\s*\S+|(?<=password[ =:])\s*\S+|(?<=certificate-key )\S+|\b[A-Za-z0-9+/]{60,}={0,2}"
)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def without_secrets(body: bytes) -> bytes:
    """The answer with the telling lines alone as its output; without any output where it cannot be read."""

    def reduced(match: re.Match[bytes]) -> bytes:
        try:
            console = base64.b64decode(match[1], validate=False).decode(errors="replace")
        except (binascii.Error, ValueError):
            return b"<output></output>"
        return b"<output>" + base64.b64encode("\n".join(telling_lines(console)).encode()) + b"</output>"

    if b"</GetConsoleOutputResponse>" not in body:  # half an answer may hold half a token
        return b"<unreadable"
    return _OUTPUT.sub(reduced, body)


def failed_to_boot(lines: Iterable[str]) -> bool:
    """True where one of the lines tells what kept the machine from joining."""
    return any(_FATAL.search(line) for line in lines)


def telling_lines(console: str) -> list[str]:
    """The last lines that tell of a failure, masked."""
    lines = (_CONTROL.sub("", line).strip() for line in console.replace("\r", "\n").split("\n"))
    told = [line for line in lines if _TELLING.search(line)]
    return [_SECRET.sub("<masked>", line)[:300] for line in told[-LINES:]]
