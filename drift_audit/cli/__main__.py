"""`python -m drift_audit.cli`: the same program without the installed script."""

from __future__ import annotations

import sys

from drift_audit.cli import main

if __name__ == "__main__":
    sys.exit(main())
