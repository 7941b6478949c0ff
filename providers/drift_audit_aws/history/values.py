"""Whether a change wrote what a finding shows: yes, no, or nobody can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drift_audit.model.changes import ChangeEvent
from drift_audit.model.fields import FieldRow
from drift_audit.model.findings import Finding, ShownValue, ValueState
from drift_audit.model.keys import format_path
from drift_audit.model.values import Json, mapping, sequence, text
from drift_audit_aws.history.events import Effect
from drift_audit_aws.history.records import PERMISSIONS, TAG_FIELDS
from drift_audit_aws.ownership import CLOUD_PROVIDER_TAG_PREFIX, OWNED_TAG_PREFIX, ROLE_TAG
from drift_audit_aws.security_groups.rules import Rule, rule_of, shown

_STATES_AFTER: Mapping[str, frozenset[str]] = {
    "ec2:StartInstances": frozenset({"pending", "running"}),
    "ec2:StopInstances": frozenset({"stopped", "stopping"}),
}
"""The states of an instance after a call, which tells them by its name alone."""

_TAGS_BY_MEANING: Mapping[str, str] = {
    "cloud-provider": CLOUD_PROVIDER_TAG_PREFIX,
    "cluster": OWNED_TAG_PREFIX,
    "role": ROLE_TAG,
}
"""How keys begin that field maps call by what they mean: `tags[cluster]`."""


def fields_of(names: Iterable[str], row: FieldRow | None) -> list[str]:
    """Those of the written fields that lie at, above or below what the row reads: `Tags` and `Tags[].Key`."""
    read = [path.replace("[]", "") for path in row.cloud] if row is not None else []
    return [name for name in names if any(_related(name, other) for other in read)]


def _related(left: str, right: str) -> bool:
    return f"{left}.".startswith(f"{right}.") or f"{right}.".startswith(f"{left}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The part of a finding that a change is held against."""

    path: str
    cloud: ShownValue
    group_names: Mapping[str, str] = field(default_factory=dict)
    """Role by id of security groups, as the finding's path names them."""

    @classmethod
    def of(cls, finding: Finding, group_names: Mapping[str, str]) -> Question:
        return cls(path=finding.path, cloud=finding.values.cloud, group_names=group_names)

    @property
    def item(self) -> str:
        """What stands in brackets: a rule, a tag, an interface."""
        return self.path.partition("[")[2].rpartition("]")[0]

    @property
    def gone(self) -> bool:
        return self.cloud.state is ValueState.ABSENT


def wrote(event: ChangeEvent, name: str, effect: Effect, asked: Question) -> bool | None:
    """True when the field that the event wrote is now as it left it, `None` when that cannot be compared."""
    if asked.cloud.state is ValueState.UNKNOWN:
        return None
    if event.action in _STATES_AFTER:
        return asked.cloud.value in _STATES_AFTER[event.action]
    written = event.writes.get(name)
    if name in TAG_FIELDS:
        return _wrote_tag(mapping(written), effect, asked)
    if name in PERMISSIONS:
        return _wrote_rule([rule_of(item) for item in sequence(written)], effect, asked)
    if written is None:
        return _by_effect(effect, asked)
    if effect is not Effect.SET and isinstance(written, list):
        return True if {str(item) for item in written} & {str(item) for item in _items(asked.cloud.value)} else None
    return _same(written, asked.cloud.value)


def _by_effect(effect: Effect, asked: Question) -> bool | None:
    """What a call shows that tells no value: that something came, or that it went."""
    without = asked.gone or asked.cloud.value is False
    match effect:
        case Effect.REMOVE:
            return True if without else None
        case Effect.ADD if asked.cloud.value is True:
            return True
        case Effect.ADD:
            return False if without else None
        case _:
            return None


def _wrote_tag(tags: Mapping[str, Json], effect: Effect, asked: Question) -> bool:
    if effect is Effect.REMOVE:
        return asked.gone and any(_is_tag(asked.path, key) for key in tags)
    return any(_is_tag(asked.path, key) and value == asked.cloud.value for key, value in tags.items())


def _is_tag(path: str, key: str) -> bool:
    """True when the path of a finding is about this key."""
    if path.endswith((format_path(("tags", key)).removeprefix("tags"), f"[{key}]")):
        return True
    prefix = _TAGS_BY_MEANING.get(path.rpartition("[")[2].rstrip("]"))
    return prefix is not None and key.startswith(prefix)


def _wrote_rule(rules: list[Rule], effect: Effect, asked: Question) -> bool | None:
    direction = "to" if asked.path.startswith("egress") else "from"
    about = [each for each in rules if asked.item in _spellings(each, asked.group_names, direction)]
    if asked.path.endswith(".description"):
        described = [each for each in about if each.description == text(asked.cloud.value)]
        return None if effect is Effect.SET and not rules else effect is not Effect.REMOVE and bool(described)
    if asked.gone:
        # A rule that was edited by its id is another one now; the record does not tell what it was before.
        return None if effect is Effect.SET else effect is Effect.REMOVE and bool(about)
    return effect is not Effect.REMOVE and bool(about)


def _spellings(each: Rule, names: Mapping[str, str], direction: str) -> set[str]:
    return {shown(each, names, direction), shown(each, {}, direction)}


def _items(value: Json) -> list[Json]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _same(written: Json, found: Json) -> bool | None:
    """Equal however it is spelled; `None` for shapes that do not compare."""
    if isinstance(written, list) and isinstance(found, (list, tuple)):
        return {_spelled(item) for item in written} == {_spelled(item) for item in found}
    if isinstance(written, (list, Mapping)) or isinstance(found, (list, tuple, Mapping)):
        return None
    return _spelled(written) == _spelled(found)


def _spelled(value: Json) -> str:
    """A name for an ARN that ends in it, one case for `true` and `True`."""
    return str(value).rpartition("/")[2].casefold()
