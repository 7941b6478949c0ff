"""The fixture server at work, and a service account whose key leads to it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.rig.fault_proxy import FaultProxy, proxy_before
from tests.rig.gcp.cloud import Cloud
from tests.rig.upstreams import Asked

AUDITOR = "drift-audit@fleet-project.iam.gserviceaccount.com"


@dataclass(frozen=True, slots=True)
class GcpServer:
    """Google Cloud on a loopback port. Faults are those of `fault_proxy`."""

    cloud: Cloud
    proxy: FaultProxy
    key_file: Path

    @property
    def url(self) -> str:
        return self.proxy.url

    @property
    def asked(self) -> list[Asked]:
        """Every request but those for tokens."""
        return [asked for asked in self.proxy.asked if asked.path != "/token"]

    def reset(self) -> None:
        """Forgets everything that was made, asked and spoiled."""
        self.proxy.reset()
        self.cloud.forget()


@contextmanager
def running_gcp(folder: Path) -> Iterator[GcpServer]:
    """A server until the block ends; the key of its service account lies in the folder."""
    cloud = Cloud()
    with proxy_before(cloud) as proxy:
        key_file = folder / "key.json"
        key_file.write_text(
            json.dumps(
                {
                    "type": "service_account",
                    "project_id": "fleet-project",
                    "private_key_id": "rig",
                    "private_key": _private_key(),
                    "client_email": AUDITOR,
                    "client_id": "1",
                    "token_uri": f"{proxy.url}/token",
                }
            )
        )
        yield GcpServer(cloud=cloud, proxy=proxy, key_file=key_file)


@functools.cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
