"""Clients of AWS that look like those who change a fleet: people, tools, pipelines, the controller, services.

All of them make real calls over HTTP; only what a call carries by nature (user agent, role, session) tells them apart.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from tests.rig.cloudtrail import BOTO3, BROWSER, CAPA, CLI, CONSOLE, TERRAFORM
from tests.rig.moto_server import AwsEndpoint
from tests.unit.aws.builders import ACCOUNT, REGION

CAPA_ROLE = "controllers.cluster-api-provider-aws.sigs.k8s.io"
SSO = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody with a role, a session name and a tool."""

    role: str
    session: str
    agent: str

    def client(self, endpoint: AwsEndpoint, service: str = "ec2", region: str = REGION, account: str = ACCOUNT) -> Any:
        """A client that acts as this caller."""
        session = _session()
        sts = session.client("sts", endpoint_url=endpoint.url, region_name=region)
        role = f"arn:aws:iam::{account}:role/{self.role}"
        assumed = sts.assume_role(RoleArn=role, RoleSessionName=self.session)["Credentials"]
        sts.close()
        return session.client(
            service,
            region_name=region,
            endpoint_url=endpoint.url,
            aws_access_key_id=assumed["AccessKeyId"],
            aws_secret_access_key=assumed["SecretAccessKey"],
            aws_session_token=assumed["SessionToken"],
            config=Config(user_agent=self.agent),
        )


@functools.cache
def _session() -> Any:
    """One for all clients: a new session reads the service models again."""
    return boto3.Session(aws_access_key_id="rig", aws_secret_access_key="rig")


ALICE_CONSOLE = Who(SSO, "alice@example.com", BROWSER)
BOB_CONSOLE = Who("Operators", "bob", CONSOLE)
CAROL_CLI = Who(SSO, "carol@example.com", CLI)
TERRAFORM_RUN = Who("deployer", "terraform-prod", TERRAFORM)
SCRIPT = Who("cleanup-lambda", "botocore-session-1763640000", BOTO3)
CONTROLLER = Who(CAPA_ROLE, "capa-session", CAPA)
BORROWER = Who(CAPA_ROLE, "mallory", CLI)
SCALING = Who("aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "AutoScaling", "")
ON_NODE = Who("nodes.cluster-api-provider-aws.sigs.k8s.io", "i-0123456789abcdef0", CLI)
