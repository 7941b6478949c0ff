"""Every topic with its calls. What AWS refuses to tell is an answer too: that nobody knows, and why."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from drift_audit.clock import now, stamp
from drift_audit.model.health import Answer, Feasible, Question, Topic
from drift_audit.model.views import CloudScopeView, ScopeRead, ScopeStatus, View
from drift_audit_aws.constraints.console import failed_to_boot
from drift_audit_aws.constraints.quotas import quota_answer
from drift_audit_aws.constraints.targets import target_answers
from drift_audit_aws.reading import Calls, chunks
from drift_audit_aws.refusals import FAILURES, refusal

logger = logging.getLogger(__name__)

_FEW_ADDRESSES = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """How one topic is asked about, for all questions of a scope at once."""

    actions: tuple[str, ...]
    """The IAM actions that it takes; the first names it in a refusal."""
    ask: Callable[[Calls, Sequence[Question]], Iterator[Answer]]


def answered(calls: MeteredCalls, view: CloudScopeView, questions: Sequence[Question]) -> CloudScopeView:
    """The view with an answer to every question, and what asking cost."""
    by_topic: dict[Topic, list[Question]] = defaultdict(list)
    for question in questions:
        by_topic[question.topic].append(question)
    answers: list[Answer] = []
    started, failed = time.monotonic(), ""
    answers += target_answers(view, by_topic.pop(Topic.TARGET_HEALTH, ()))
    for topic, asked in by_topic.items():
        told, reason = _of_topic(calls, topic, asked)
        answers += told
        failed = failed or reason
    read = ScopeRead(
        view=View.EVIDENCE,
        scope=f"{view.scope}/limits",
        status=ScopeStatus.PARTIAL if failed else ScopeStatus.COMPLETE,
        reason=failed,
        calls=calls.calls,
        throttles=calls.throttles,
        seconds=round(time.monotonic() - started, 3),
    )
    return replace(view, answers=(*view.answers, *answers), reads=(*view.reads, read))


class MeteredCalls(Calls, Protocol):
    """`reading.Calls` that knows what it has cost."""

    @property
    def calls(self) -> int: ...

    @property
    def throttles(self) -> int: ...


def _of_topic(calls: Calls, topic: Topic, asked: Sequence[Question]) -> tuple[list[Answer], str]:
    asking = ASKING.get(topic)
    if asking is None:
        return [_unknown(question, "nobody asks AWS about this") for question in asked], ""
    told: list[Answer] = []
    reason = ""
    try:
        for answer in asking.ask(calls, asked):
            told.append(replace(answer, read_at=stamp(now())))
    except FAILURES as error:
        scope = asked[0].scope
        reason = refusal(error, asking.actions[0], scope.account, scope.region).reason
    except (KeyError, TypeError, ValueError) as error:
        logger.exception("asking about %s failed", topic)
        reason = f"the answer could not be read: {type(error).__name__}"
    known = [answer.question for answer in told]
    return [
        *told,
        *(_unknown(question, reason or "AWS did not say") for question in asked if question not in known),
    ], reason


def _unknown(question: Question, why: str) -> Answer:
    return Answer(question=question, feasible=Feasible.UNKNOWN, fact=why, read_at=stamp(now()))


# The topics


def _quotas(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    """One look at each quota, whatever the number of Machines that run into it."""
    seen: dict[tuple[str, ...], Answer] = {}
    for question in asked:
        key = tuple(question.about.get(name, "") for name in ("code", "instance_type", "spot"))
        if key not in seen:
            seen[key] = quota_answer(calls, question)
        yield replace(seen[key], question=question)


def _addresses(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    free: dict[str, int] = {}
    named = sorted({question.about["subnet"] for question in asked if "subnet" in question.about})
    for some in chunks(named):
        filters = [{"Name": "subnet-id", "Values": list(some)}]
        for page in calls.client("ec2").get_paginator("describe_subnets").paginate(Filters=filters):
            free |= {each["SubnetId"]: int(each["AvailableIpAddressCount"]) for each in page.get("Subnets", ())}
    for question in asked:
        subnet = question.about.get("subnet", "")
        if subnet not in free:
            yield _unknown(question, f"the subnet {subnet or 'that was chosen'} is not known")
            continue
        left = free[subnet]
        feasible = Feasible.IMPOSSIBLE if left < 1 else Feasible.POSSIBLE if left > _FEW_ADDRESSES else Feasible.UNKNOWN
        fact = f"{left} addresses of subnet {subnet} are free"
        yield Answer(question=question, feasible=feasible, fact=fact, evidence="ec2:DescribeSubnets")


def _permissions(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    """IAM's own simulator. It knows neither resource policies nor policies of a session, and says what it lacks."""
    for question in asked:
        about = question.about
        resources = {"ResourceArns": [about["resource"]]} if about.get("resource") else {}
        told = calls.client("iam").simulate_principal_policy(
            PolicySourceArn=about["principal"], ActionNames=[about["action"]], **resources
        )
        result = told["EvaluationResults"][0]
        lacking = result.get("MissingContextValues", ())
        decision = result["EvalDecision"]
        who, action = about["principal"], about["action"]
        if decision == "allowed":
            feasible, fact = Feasible.POSSIBLE, f"the policies of {who} allow {action}"
        elif lacking and decision == "implicitDeny":
            feasible = Feasible.UNKNOWN
            fact = f"whether {who} may {action} depends on {', '.join(sorted(lacking))}"
        else:
            how = "deny" if decision == "explicitDeny" else "do not allow"
            feasible, fact = Feasible.IMPOSSIBLE, f"the policies of {who} {how} {action}"
        yield Answer(question=question, feasible=feasible, fact=fact, evidence="iam:SimulatePrincipalPolicy")


def _images(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    named = sorted({question.about["image"] for question in asked if "image" in question.about})
    states: dict[str, str] = {}
    for some in chunks(named):
        filters = [{"Name": "image-id", "Values": list(some)}]
        for page in calls.client("ec2").get_paginator("describe_images").paginate(Filters=filters):
            states |= {each["ImageId"]: each.get("State", "") for each in page.get("Images", ())}
    for question in asked:
        image = question.about.get("image", "")
        if not image:
            yield _unknown(question, "the specification names no image: CAPA looks one up by name")
            continue
        state = states.get(image, "")
        feasible = Feasible.POSSIBLE if state == "available" else Feasible.IMPOSSIBLE
        fact = f"image {image} is {state}" if state else f"image {image} does not exist in {question.scope.region}"
        yield Answer(question=question, feasible=feasible, fact=fact, evidence="ec2:DescribeImages")


def _capacity(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    """Where a type is offered at all; how many are left is told to nobody."""
    named = sorted({question.about["instance_type"] for question in asked if "instance_type" in question.about})
    zones: dict[str, set[str]] = defaultdict(set)
    for some in chunks(named):
        filters = [{"Name": "instance-type", "Values": list(some)}]
        pages = calls.client("ec2").get_paginator("describe_instance_type_offerings")
        for page in pages.paginate(LocationType="availability-zone", Filters=filters):
            for each in page.get("InstanceTypeOfferings", ()):
                zones[each["InstanceType"]].add(each["Location"])
    for question in asked:
        kind, zone = question.about.get("instance_type", ""), question.about.get("zone", "")
        offered = sorted(zones[kind])
        where = ", ".join(offered) or "no zone"
        lacks = not offered or (zone and zone not in offered)
        fact = f"{kind or 'the instance type'} is offered in {where}; AWS tells nobody how many are left"
        feasible = Feasible.IMPOSSIBLE if kind and lacks else Feasible.UNKNOWN
        yield Answer(question=question, feasible=feasible, fact=fact, evidence="ec2:DescribeInstanceTypeOfferings")


def _instances(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    named = sorted({question.about["instance"] for question in asked})
    found: dict[str, Mapping[str, Any]] = {}
    for some in chunks(named, 100):
        # There is no filter for ids, and an unknown one fails the call: then each half is asked again.
        found |= _statuses(calls, list(some))
    for question in asked:
        status = found.get(question.about["instance"])
        if status is None:
            yield _unknown(question, f"instance {question.about['instance']} does not exist")
            continue
        state = status["InstanceState"]["Name"]
        checks = {
            "system": status.get("SystemStatus", {}).get("Status", "unknown"),
            "instance": status.get("InstanceStatus", {}).get("Status", "unknown"),
        }
        events = [
            f"{event['Code']} on {event['NotBefore']}"
            for event in status.get("Events", ())
            if not event.get("Description", "").startswith("[Completed]")
        ]
        told = ", ".join(f"{name} check {value}" for name, value in checks.items())
        planned = f"; planned: {', '.join(events)}" if events else ""
        impaired = state != "running" or "impaired" in checks.values()
        yield Answer(
            question=question,
            feasible=Feasible.IMPOSSIBLE if impaired else Feasible.POSSIBLE,
            fact=f"instance {question.about['instance']} is {state}, {told}{planned}",
            evidence="ec2:DescribeInstanceStatus",
        )


def _statuses(calls: Calls, ids: list[str]) -> dict[str, Mapping[str, Any]]:
    from botocore.exceptions import ClientError

    pages = calls.client("ec2").get_paginator("describe_instance_status")
    try:
        told = [
            each
            for page in pages.paginate(InstanceIds=ids, IncludeAllInstances=True)
            for each in page.get("InstanceStatuses", ())
        ]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "InvalidInstanceID.NotFound":
            raise
        if len(ids) == 1:
            return {}
        half = len(ids) // 2
        return {**_statuses(calls, ids[:half]), **_statuses(calls, ids[half:])}
    return {each["InstanceId"]: each for each in told}


def _consoles(calls: Calls, asked: Sequence[Question]) -> Iterator[Answer]:
    for question in asked:
        told = calls.client("ec2").get_console_output(InstanceId=question.about["instance"])
        lines = [line for line in str(told.get("Output") or "").splitlines() if line.strip()]
        fact = f"its console ends with: {' | '.join(lines)}" if lines else "its console tells of no failure"
        feasible = Feasible.IMPOSSIBLE if failed_to_boot(lines) else Feasible.UNKNOWN
        yield Answer(question=question, feasible=feasible, fact=fact, evidence="ec2:GetConsoleOutput")


ASKING: Mapping[Topic, Asking] = {
    Topic.QUOTA: Asking(
        (
            "servicequotas:GetServiceQuota",
            "servicequotas:GetAWSDefaultServiceQuota",
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeAddresses",
            "ec2:DescribeVpcs",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
        ),
        _quotas,
    ),
    Topic.ADDRESSES: Asking(("ec2:DescribeSubnets",), _addresses),
    Topic.PERMISSION: Asking(("iam:SimulatePrincipalPolicy",), _permissions),
    Topic.IMAGE: Asking(("ec2:DescribeImages",), _images),
    Topic.CAPACITY: Asking(("ec2:DescribeInstanceTypeOfferings",), _capacity),
    Topic.INSTANCE: Asking(("ec2:DescribeInstanceStatus",), _instances),
    Topic.CONSOLE: Asking(("ec2:GetConsoleOutput",), _consoles),
}
