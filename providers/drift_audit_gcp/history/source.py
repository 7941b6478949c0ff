"""What the record is called in reports, and the permission that reading it takes."""

from __future__ import annotations

SOURCE = "Compute Engine operations"
PERMISSION = "compute.globalOperations.list"
