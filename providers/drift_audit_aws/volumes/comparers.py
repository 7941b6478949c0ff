"""What of a volume differs, under the path of the very volume in the spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from drift_audit.model.fields import FieldRow
from drift_audit.model.keys import canonical_json
from drift_audit.model.values import ABSENT, Json, Observed, Present, sequence, text
from drift_audit_aws.parts import Comparer, Part
from drift_audit_aws.subject import Subject
from drift_audit_aws.volumes.devices import spec_path


def _volume(good: Callable[[Json, Json], bool]) -> Comparer:
    """The comparer of one field; `good` says whether the actual value does for the wanted one."""

    def compare(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
        if isinstance(wanted, Present) and isinstance(actual, Present) and good(wanted.value, actual.value):
            return
        path, declared = spec_path(subject, row.capi[0].rpartition(".")[2])
        yield Part(path=path, capi=wanted, cloud=actual, capi_path=declared)

    return compare


def _same(wanted: Json, actual: Json) -> bool:
    return canonical_json(wanted) == canonical_json(actual)


def _at_least(wanted: Json, actual: Json) -> bool:
    """A volume can only grow, and growing it in place is how it is enlarged without a new machine."""
    return isinstance(wanted, int) and isinstance(actual, int) and actual >= wanted


def _last_part(wanted: Json, actual: Json) -> bool:
    return text(wanted) == text(actual).rpartition("/")[2]


def _devices(subject: Subject, row: FieldRow, wanted: Observed, actual: Observed) -> Iterator[Part]:
    """Every device of the spec on which no volume is any more."""
    names = sequence(wanted.value if isinstance(wanted, Present) else ())
    attached = sequence(actual.value if isinstance(actual, Present) else ())
    for name in names:
        if name not in attached:
            yield Part(
                path=f"spec.nonRootVolumes[deviceName={name}]",
                capi=Present(name),
                cloud=ABSENT,
                capi_path=("spec", "nonRootVolumes"),
                item=text(name),
            )


COMPARERS: Mapping[str, Comparer] = {
    "volume": _volume(_same),
    "volume-at-least": _volume(_at_least),
    "volume-key": _volume(_last_part),
    "volume-devices": _devices,
}
