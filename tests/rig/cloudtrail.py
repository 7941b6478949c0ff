"""CloudTrail for moto: the events are those of the calls that were really made to it.

moto has no `LookupEvents`. `recording_calls` wraps moto's dispatcher, so that every write that a client makes over HTTP
becomes a record with its action, parameters, user agent, credentials, region, account, time and error, and
`LookupEvents` gives them as CloudTrail does: newest first, in pages, for one account and region.

What is real: that the call was made, by whom, with which parameters, and whether it failed. The *layout* of the records
follows the AWS documentation (CloudTrail user guide, "CloudTrail record contents", "userIdentity element" and the log
file examples of each service) and was not produced by AWS:

- EC2's older calls spell lists `{"items": [...]}` under a name of their own; its newer ones (`_WRAPPED`) keep the
  names of the API inside `{"<Action>Request": ...}`, a list of one as `{"tag": 1, ...}`
- everything else begins its keys in lower case
- user data is `<sensitiveDataRemoved>`

A console session is told by its user agent alone, and a service by the path of its role, since moto knows neither.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.parsers import create_parser
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

_READS = ("Describe", "Get", "List", "Lookup", "Head", "Search", "AssumeRole", "Simulate")
_SERVICES = frozenset({"ec2", "iam", "elb", "elbv2", "autoscaling", "eks"})
_EVENT_SOURCES = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}
_GLOBAL = {"iam": "us-east-1"}
"""Services whose events stand in one region of the account."""

_WRAPPED = frozenset(
    {
        "AssociateIamInstanceProfile",
        "CreateLaunchTemplateVersion",
        "DeleteVpcEndpoints",
        "DisassociateIamInstanceProfile",
        "ModifyInstanceMetadataOptions",
        "ModifyLaunchTemplate",
        "ModifySecurityGroupRules",
        "ModifyVolume",
        "ReplaceIamInstanceProfileAssociation",
    }
)
_LISTS = {
    "InstanceIds": ("instancesSet", "instanceId"),
    "Instances": ("instancesSet", ""),
    "Resources": ("resourcesSet", "resourceId"),
    "Tags": ("tagSet", ""),
    "Groups": ("groupSet", "groupId"),
    "UserIdGroupPairs": ("groups", ""),
}
"""EC2's own name of a list, and the key of its items where the API has plain texts."""

CONSOLE = "AWS Internal/3 aws-sdk-java/1.12.700 Linux/5.10 OpenJDK_64-Bit_Server_VM/25.402"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLI = "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4 md/command#ec2.x"
TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 (+https://www.terraform.io) terraform-provider-aws/6.2.0 aws-sdk-go-v2"
)
CAPA = "aws-sdk-go-v2/1.41.0 os/linux lang/go#1.24.5 md/GOOS#linux api/ec2#1.275.0 aws.cluster.x-k8s.io/v2.13.0"
BOTO3 = "Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux#6.8.0 lang/python#3.11.2 Botocore/1.43.11"


@dataclass(slots=True)
class Trail:
    """What was recorded, and how it is delivered."""

    records: list[dict[str, Any]] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """When calls happen, for tests that need time to pass."""
    spoil: Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]] | None = None
    """Changes an answer of `LookupEvents` (given the request) on its way; may raise what a client is to see."""
    lookups: list[Mapping[str, Any]] = field(default_factory=list)
    """The requests of `LookupEvents` so far."""

    def reset(self) -> None:
        self.records.clear()
        self.lookups.clear()
        self.spoil = None
        self.clock = lambda: datetime.now(UTC)

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Calls inside happen at that moment."""
        before, self.clock = self.clock, lambda: moment
        try:
            yield
        finally:
            self.clock = before

    def named(self, event: str) -> list[dict[str, Any]]:
        """The records of one kind of call, oldest first."""
        return [record for record in self.records if record["eventName"] == event]

    def repeat(self, record: Mapping[str, Any], at: datetime) -> None:
        """The same call once more, at another time."""
        again = copy.deepcopy(dict(record))
        self.records.append({**again, "eventID": str(uuid.uuid4()), "eventTime": _stamp(at)})

    def lookup(self, account: str, region: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One page, newest first."""
        self.lookups.append(dict(request))
        start, end = request.get("StartTime"), request.get("EndTime")
        wanted = [
            record
            for record in self.records
            if (record["recipientAccountId"], record["awsRegion"]) == (account, region)
            and all(_has(record, attribute) for attribute in request.get("LookupAttributes") or ())
            and (start is None or _moment(record) >= _seconds(start))
            and (end is None or _moment(record) <= _seconds(end))
        ]
        wanted.sort(key=_moment, reverse=True)
        first, size = int(request.get("NextToken") or 0), int(request.get("MaxResults") or 50)
        page: dict[str, Any] = {"Events": [_entry(record) for record in wanted[first : first + size]]}
        if first + size < len(wanted):
            page["NextToken"] = str(first + size)
        return self.spoil(page, request) if self.spoil is not None else page


TRAIL = Trail()
"""Of this process: moto's server runs in a thread of it."""


@contextmanager
def recording_calls() -> Iterator[Trail]:
    """Records the calls of every moto server of this process until the block ends."""
    dispatch = BaseResponse.call_action

    def call_action(self: BaseResponse) -> Any:
        answer = dispatch(self)
        _record(self, answer)
        return answer

    def lookup_events(self: CloudTrailResponse) -> ActionResult:
        request = _parameters(self, "LookupEvents")
        return ActionResult(TRAIL.lookup(self.current_account, self.region, request))

    BaseResponse.call_action = call_action  # type: ignore[method-assign]
    CloudTrailResponse.lookup_events = lookup_events  # type: ignore[attr-defined]
    try:
        yield TRAIL
    finally:
        BaseResponse.call_action = dispatch  # type: ignore[method-assign]
        del CloudTrailResponse.lookup_events  # type: ignore[attr-defined]
        TRAIL.reset()


def _record(response: BaseResponse, answer: Any) -> None:
    service = str(response.boto3_service_name)
    action = response._get_action()
    if service not in _SERVICES or not action or action.startswith(_READS):
        return
    model = get_service_model(service).operation_model(action)
    request = _parameters(response, action)
    parsed = _parsed(response, answer, model)
    error = parsed.get("Error", {}) if int(answer[0]) >= 400 else {}
    agent = str(response.headers.get("User-Agent", ""))
    identity = _identity(response)
    invoked_by = identity.get("invokedBy")
    console = {"sessionCredentialFromConsole": "true"} if agent.startswith("Mozilla/") else {}
    refused = {"errorCode": error.get("Code", "Unknown"), "errorMessage": error.get("Message", "")} if error else {}
    TRAIL.records.append(
        {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": _stamp(TRAIL.clock()),
            "eventSource": f"{_EVENT_SOURCES.get(service, service)}.amazonaws.com",
            "eventName": action,
            "awsRegion": _GLOBAL.get(service, response.region),
            "sourceIPAddress": invoked_by or ("AWS Internal" if agent.startswith("AWS Internal") else "127.0.0.1"),
            "userAgent": invoked_by or agent,
            **refused,
            "requestParameters": _layout(service, action, "Request", request),
            "responseElements": None if error else _layout(service, action, "Response", parsed) or {"_return": True},
            "requestID": str(uuid.uuid4()),
            "eventID": str(uuid.uuid4()),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": response.current_account,
            "eventCategory": "Management",
            **console,
        }
    )


def _parameters(response: BaseResponse, action: str) -> dict[str, Any]:
    """The request as botocore's model spells it."""
    model = get_service_model(str(response.boto3_service_name))
    request = response.normalized_request
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)](
        model.operation_model(action), map_type=dict
    )
    return dict(
        parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": response.uri_match,
            }
        )
    )


def _parsed(response: BaseResponse, answer: Any, model: Any) -> dict[str, Any]:
    """The answer as the client will read it."""
    status, headers, body = answer
    raw = body.encode() if isinstance(body, str) else bytes(body)
    protocol = get_service_model(str(response.boto3_service_name)).metadata["protocol"]
    parsed = create_parser(protocol).parse(
        {"status_code": int(status), "headers": {**headers}, "body": raw}, model.output_shape
    )
    return {key: value for key, value in parsed.items() if key != "ResponseMetadata"}


# Who


def _identity(response: BaseResponse) -> dict[str, Any]:
    key, account = response.access_key, response.current_account
    role = sts_backends[account][response.partition].get_assumed_role_from_access_key(key)
    if role is not None:
        return _assumed(account, key, role.arn, role.role_arn, role.session_name, role.user_id)
    users = iam_backends[account][response.partition].users.values()
    user = next((user for user in users for owned in user.access_keys if owned.access_key_id == key), None)
    name = user.name if user is not None else key
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper()[:16]}",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": key,
        "userName": name,
    }


def _assumed(account: str, key: str, arn: str, role_arn: str, session: str, user_id: str) -> dict[str, Any]:
    path, _, name = role_arn.partition(":role/")[2].rpartition("/")
    service = path.rpartition("/")[2] if path.startswith("aws-service-role/") else ""
    return {
        "type": "AssumedRole",
        "principalId": user_id,
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": user_id.partition(":")[0],
                "arn": role_arn,
                "accountId": account,
                "userName": name,
            },
            "attributes": {"creationDate": _stamp(TRAIL.clock()), "mfaAuthenticated": "false"},
        },
        **({"invokedBy": service} if service else {}),
    }


# How records spell what was sent and answered


def _layout(service: str, action: str, part: str, value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        return {}
    if service != "ec2":
        return dict(_lower(value))
    if action in _WRAPPED:
        inner = _kept(value) if part == "Request" else _items(value)
        return {f"{action}{part}": inner}
    return dict(_items(value))


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_lower(item) for item in value]
    return _plain(value)


def _items(value: Any, item: str = "") -> Any:
    """EC2's older spelling."""
    if isinstance(value, dict):
        return {
            _LISTS.get(key, (key[:1].lower() + key[1:],))[0]: (
                "<sensitiveDataRemoved>" if key == "UserData" else _items(inner, _LISTS.get(key, ("", ""))[1])
            )
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return {"items": [{item: each} if item else _items(each) for each in value]}
    return _plain(value)


def _kept(value: Any) -> Any:
    """EC2's newer spelling, which keeps the names of the API and has no plain lists."""
    if isinstance(value, dict):
        singular = {key: key.removesuffix("s") if isinstance(inner, list) else key for key, inner in value.items()}
        return {singular[key]: _kept(inner) for key, inner in value.items()}
    if isinstance(value, list):
        tagged = [
            {"tag": number, **(_kept(each) if isinstance(each, dict) else {"content": each})}
            for number, each in enumerate(value, start=1)
        ]
        return tagged[0] if len(tagged) == 1 else tagged
    return _plain(value)


def _plain(value: Any) -> Any:
    return _stamp(value) if isinstance(value, datetime) else value


def _entry(record: dict[str, Any]) -> dict[str, Any]:
    """One event of `LookupEvents`."""
    identity = record["userIdentity"]
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": "false",
        "AccessKeyId": identity.get("accessKeyId", ""),
        "EventTime": _moment(record),
        "EventSource": record["eventSource"],
        "Username": identity.get("userName") or identity.get("arn", "").rpartition("/")[2],
        "Resources": [],
        "CloudTrailEvent": json.dumps(record, separators=(",", ":")),
    }


def _has(record: dict[str, Any], attribute: Mapping[str, str]) -> bool:
    wanted = attribute["AttributeValue"]
    match attribute["AttributeKey"]:
        case "ReadOnly":
            return str(record["readOnly"]).lower() == wanted
        case "EventName":
            return bool(record["eventName"] == wanted)
        case key:
            raise ValueError(f"the rig's CloudTrail cannot look up by {key}")


def _moment(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["eventTime"])


def _seconds(value: Any) -> datetime:
    """A moment of the request, which moto parses without a zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
