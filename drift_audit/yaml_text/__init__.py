"""YAML with places: what a text means to kubectl or to kustomize, and on which line each field stands."""

from drift_audit.yaml_text.documents import TextDocument, TextRead, read_documents
from drift_audit.yaml_text.limits import DEFAULT_LIMITS, Limits, ProblemCode, TextProblem
from drift_audit.yaml_text.scalars import Flavor

__all__ = [
    "DEFAULT_LIMITS",
    "Flavor",
    "Limits",
    "ProblemCode",
    "TextDocument",
    "TextProblem",
    "TextRead",
    "read_documents",
]
