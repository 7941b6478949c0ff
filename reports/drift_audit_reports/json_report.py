"""The result document as JSON text, and the schema that describes it."""

from __future__ import annotations

import json
from importlib.resources import files

from drift_audit.interfaces import RenderOptions
from drift_audit.model.result import SCHEMA_VERSION, AuditResult
from drift_audit_reports.document import to_document
from drift_audit_reports.escaping import json_safe


class JsonReport:
    """`-o json`. Width, colour and verbosity change nothing: the document is always whole."""

    name = "json"

    def render(self, result: AuditResult, options: RenderOptions) -> str:
        return json_safe(json.dumps(to_document(result), indent=2, ensure_ascii=False, allow_nan=False)) + "\n"

    @staticmethod
    def schema() -> str:
        return schema()


def schema() -> str:
    """The JSON Schema (draft 2020-12) of the document that this version writes."""
    resource = files("drift_audit_reports").joinpath("schema", f"result-v{SCHEMA_VERSION}.schema.json")
    return resource.read_text(encoding="utf-8")
