"""AWS over real HTTP: moto's server on a free loopback port, and an environment that knows no other AWS."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from moto.server import ThreadedMotoServer

from tests.rig.cloudtrail import TRAIL, recording_calls
from tests.rig.moto_eks import extend_eks
from tests.rig.moto_mended import mend
from tests.rig.moto_pools import extend_pools

ACCOUNT = "123456789012"
"""The account that moto answers for, unless a role of another account is assumed."""


@dataclass(frozen=True, slots=True)
class AwsEndpoint:
    url: str

    def reset(self) -> None:
        """Forgets everything that was created."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request) as answer:
            answer.read()
        TRAIL.reset()

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings under which boto3 sees nothing but this endpoint: no profile, no metadata service, no real key."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "rig",
            "AWS_SECRET_ACCESS_KEY": "rig",
            "AWS_SESSION_TOKEN": "rig",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }


@contextmanager
def running_moto() -> Iterator[AwsEndpoint]:
    """An endpoint that serves, and records the calls that it serves, until the block ends."""
    mend()
    extend_pools()
    extend_eks()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with recording_calls():
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield AwsEndpoint(f"http://{host}:{port}")
        finally:
            server.stop()
