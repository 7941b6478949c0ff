"""Runs a command, sends its output to standard error, and prints what the system says that it took, as JSON.

A program for itself, which imports next to nothing; see `measuring.run`.
"""

import json
import os
import sys
import time

started = time.perf_counter()
process = os.posix_spawn(
    sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)], setsigmask=()
)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - started
# Linux counts in KiB, macOS in bytes.
unit = 1024 if sys.platform != "darwin" else 1024 * 1024
figures = {
    "code": os.waitstatus_to_exitcode(status),
    "wall": wall,
    "cpu": usage.ru_utime + usage.ru_stime,
    "peak_mib": usage.ru_maxrss / unit,
}
print(json.dumps(figures))
