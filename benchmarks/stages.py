"""One audit in this process with a stopwatch at the door of each stage.

    python -m benchmarks.stages [ARGUMENT ...]

Runs `drift-audit ARGUMENT ...` and prints the seconds as JSON. The doors are the names under which the pipeline
calls its stages; one that is renamed ends the benchmark with an error, and does not vanish from its table.
"""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

START = time.perf_counter()


class Stopwatch:
    """Wall seconds by stage. Where several threads are inside a stage, the time of each is counted."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    def at(self, owner: Any, name: str, stage: str) -> None:
        """Puts itself in front of `owner.name`."""
        inner: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(inner)
        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return inner(*arguments, **named)
            finally:
                with self._lock:
                    self.seconds[stage] += time.perf_counter() - began

        setattr(owner, name, timed)


def main(arguments: list[str]) -> int:
    import drift_audit.audit as pipeline
    import drift_audit.cli.outputs as outputs
    import drift_audit.cli.prepare as preparing
    import drift_audit.collect.fleet as fleet
    from drift_audit.cli import main as program
    from drift_audit_aws.provider import AwsProvider

    watch = Stopwatch()
    watch.at(fleet, "collect_git", "collect: Git")
    watch.at(fleet, "collect_cluster", "collect: management cluster")
    watch.at(fleet, "collect_history", "collect: history of Git")
    watch.at(fleet.Collector, "_with_clouds", "collect: clouds")
    watch.at(fleet.Collector, "reread", "read suspects again")
    watch.at(pipeline, "pair_objects", "correlate: Git and cluster")
    watch.at(AwsProvider, "correlate", "correlate: cloud")
    watch.at(pipeline, "compare_with_git", "compare: Git and cluster")
    watch.at(AwsProvider, "compare", "compare: cloud")
    watch.at(pipeline, "assemble", "explain: result document")
    watch.at(outputs, "load_report", "load the report")
    watch.at(preparing, "audit", "whole audit")
    code = program(arguments)
    spent = sum(seconds for stage, seconds in watch.seconds.items() if stage != "whole audit")
    whole = watch.seconds.pop("whole audit")
    watch.seconds["everything else in the audit"] = whole - spent
    watch.seconds["start, configuration and report"] = time.perf_counter() - START - whole
    print(json.dumps(watch.seconds))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
