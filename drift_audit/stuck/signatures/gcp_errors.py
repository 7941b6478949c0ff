"""Codes of Google Cloud: Compute Engine error messages; GKE `StatusCondition.Code` and node pool errors.

CAPG v1.13.1 writes hardly any condition: the text stands in the events of its objects, `Reconcile error - googleapi:
Error 403: QUOTA_EXCEEDED - ...` (controllers/gcpmachine_controller.go).
"""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.stuck.signatures.cloud_errors import CloudError, Refusal

_CODES: Sequence[tuple[Refusal, str]] = (
    (Refusal.QUOTA, "GCE_QUOTA_EXCEEDED QUOTA_EXCEEDED quotaExceeded RESOURCE_EXHAUSTED"),
    (Refusal.CAPACITY, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS ZONE_RESOURCE_POOL_EXHAUSTED GCE_STOCKOUT"),
    (Refusal.CAPACITY, "STOCKOUT"),
    (Refusal.ADDRESSES, "IP_SPACE_EXHAUSTED_WITH_DETAILS IP_SPACE_EXHAUSTED IP_IN_USE_BY_ANOTHER_RESOURCE"),
    (Refusal.DEPENDENCY, "GKE_SERVICE_ACCOUNT_DELETED RESOURCE_NOT_FOUND NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS"),
    (Refusal.ENCRYPTION, "CLOUD_KMS_KEY_ERROR CLOUD_KMS_KEY_DESTROYED"),
    (Refusal.POLICY, "conditionNotMet"),
    (Refusal.ACCOUNT, "accessNotConfigured SERVICE_DISABLED"),
    (Refusal.REQUEST, "INVALID_ARGUMENT INVALID_USAGE"),
    (Refusal.THROTTLED, "rateLimitExceeded userRateLimitExceeded"),
)

ERRORS: Sequence[CloudError] = (
    CloudError("Quota", Refusal.QUOTA, r"Quota '(?P<what>\w+)' exceeded"),
    # Before the dependencies: an image is one, and worth its own name.
    CloudError("image not found", Refusal.IMAGE, r"[Tt]he resource 'projects/[^']*/images/[^']*' was not found"),
    *(CloudError(code, means) for means, codes in _CODES for code in codes.split()),
    CloudError("no resources left", Refusal.CAPACITY, r"does not have enough resources available to fulfill"),
    CloudError("not found", Refusal.DEPENDENCY, r"[Tt]he resource 'projects/[^']*' was not found"),
    CloudError("organization policy", Refusal.POLICY, r"[Cc]onstraint (?P<what>constraints/[\w.]+) violated"),
    CloudError("organization policy", Refusal.POLICY, r"violates constraint (?P<what>constraints/[\w.]+)"),
    CloudError("HTTP 429", Refusal.THROTTLED, r"googleapi: Error 429\b"),
)
