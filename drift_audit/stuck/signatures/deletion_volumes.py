"""Layer 10, the volumes: a Machine that is being deleted waits until the Node has none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drift_audit.model.findings import Severity
from drift_audit.model.health import Clock, Layer
from drift_audit.model.objects import CapiObject
from drift_audit.model.values import mapping, sequence, text
from drift_audit.stuck.case import Case, Proof
from drift_audit.stuck.deletion import VOLUMES, stage_in, waits_for_ever
from drift_audit.stuck.signature import Sign, Signature

_FAILED = re.compile(r"error waiting for node volumes detaching, Machine's node \"?[^\"]*\"?: (?P<why>.*)", re.DOTALL)
"""Event FailedWaitForVolumeDetach: the condition then says no more than to read the log."""


def _volumes(case: Case) -> Sign | None:
    stage = stage_in(case, VOLUMES)
    if stage is None:
        return None
    attached = list(_attachments(case))
    drivers = sorted({driver for live in attached if (driver := text(live.at("spec", "attacher")))})
    failed = case.said(_FAILED, "event", "log")
    errors = [failed[1]["why"].strip()] if failed else []
    errors += [error for live in attached if (error := text(live.at("status", "detachError", "message")))]
    told = "; ".join(line.removeprefix("* ") for line in stage.message.splitlines()[1:])
    return Sign(
        fact=f"volumes are not detached{': ' + told if told else ''}{': ' + errors[0] if errors else ''}"
        f"{waits_for_ever(case, 'nodeVolumeDetachTimeout')}",
        since=stage.since,
        proofs=(
            stage.proof,
            *((failed[0].proof,) if failed else ()),
            *(Proof("workload", _attached(live)) for live in attached),
            *_on_node(case),
        ),
        variant=", ".join(drivers),
        values=(("driver", ", ".join(drivers) or "of these volumes"),),
    )


def _attachments(case: Case) -> Iterator[CapiObject]:
    """VolumeAttachments of the Node; CAPI waits for the attached ones."""
    name = text(case.live.at("status", "nodeRef", "name"))
    for key, live in case.workload.objects.items() if case.workload else ():
        of_node = key.kind == "VolumeAttachment" and text(live.at("spec", "nodeName")) == name
        if of_node and live.at("status", "attached") is True:
            yield live


def _attached(live: CapiObject) -> str:
    error = text(live.at("status", "detachError", "message"))
    volume = text(live.at("spec", "source", "persistentVolumeName"))
    return f"VolumeAttachment {live.name} of {volume} is attached{': ' + error if error else ''}"


def _on_node(case: Case) -> tuple[Proof, ...]:
    attached = sequence(case.node.at("status", "volumesAttached")) if case.node is not None else ()
    names = [text(mapping(each).get("name")) for each in attached]
    return (Proof("workload", f"Node status.volumesAttached: {', '.join(names)}"),) if names else ()


SIGNATURES: Sequence[Signature] = (
    Signature(
        id="DEL-VOLUME",
        layer=Layer.DELETION,
        severity=Severity.HIGH,
        title="Volumes stay attached to a Node that is to go",
        kinds=("Machine",),
        looks=_volumes,
        mechanism=(
            "The CSI driver or its controller does not detach them; without a timeout the Machine waits for ever."
        ),
        next_steps=(
            "In the workload cluster: `kubectl get volumeattachments -o wide`, and the Pods of the CSI driver "
            "{driver}.",
            "Mend the driver; in Git, set nodeVolumeDetachTimeoutSeconds.",
        ),
        source="CAPI core/reconcilers/machine/machine_controller.go, shouldWaitForNodeVolumes",
        clock=Clock.VOLUME_DETACH,
    ),
)
