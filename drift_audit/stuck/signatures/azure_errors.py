"""Codes of Azure Resource Manager: Microsoft Learn, common Azure deployment errors; ASO v2
internal/reconcilers/arm/errorclassification.

CAPZ v1.26.0 writes `virtualmachine failed to create or update. err: ...` with the answer of the SDK, which has a line
`ERROR CODE: ...` (azure/scope/machine.go, UpdatePutStatus).
"""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.stuck.signatures.cloud_errors import CloudError, Refusal

_CODES: Sequence[tuple[Refusal, str]] = (
    (Refusal.QUOTA, "QuotaExceeded ResourceQuotaExceeded ErrCode_InsufficientVCPUQuota InsufficientVCPUQuota"),
    (Refusal.QUOTA, "PublicIPCountLimitReached"),
    (Refusal.CAPACITY, "ZonalAllocationFailed AllocationFailed OverconstrainedAllocationRequest SkuNotAvailable"),
    (Refusal.CAPACITY, "OverconstrainedZonalAllocationRequest SKUNotFound RegionIsOfferRestricted"),
    (
        Refusal.ADDRESSES,
        "SubnetIsFull InsufficientSubnetSize PrivateIPAddressInReservedRange PrivateIPAddressNotInSubnet",
    ),
    (Refusal.IMAGE, "PlatformImageNotFound ImageNotFound GalleryImageNotFound"),
    (Refusal.DEPENDENCY, "ResourceGroupNotFound InvalidResourceReference ParentResourceNotFound PrincipalNotFound"),
    (Refusal.DEPENDENCY, "UserAssignedIdentityMissing FailedIdentityOperation"),
    (Refusal.ENCRYPTION, "KeyVaultAccessForbidden"),
    (Refusal.POLICY, "RequestDisallowedByPolicy ScopeLocked ReadOnlyDisabledSubscription"),
    (Refusal.ACCOUNT, "MissingSubscriptionRegistration SubscriptionNotRegistered NoRegisteredProviderFound"),
    (Refusal.ACCOUNT, "SubscriptionNotFound InvalidSubscriptionRegistrationState MarketplacePurchaseEligibilityFailed"),
    (Refusal.REQUEST, "InvalidParameter PropertyChangeNotAllowed InvalidRequestFormat MissingRequiredParameter"),
    (Refusal.REQUEST, "ReservedResourceName"),
    (Refusal.THROTTLED, "TooManyRequests SubscriptionRequestsThrottled"),
)

ERRORS: Sequence[CloudError] = (
    *(CloudError(code, means) for means, codes in _CODES for code in codes.split()),
    # The code alone is also that of locked disks and of machines that are being deleted.
    CloudError(
        "OperationNotAllowed", Refusal.QUOTA, r"\bOperationNotAllowed\b(?=.*(?:[Qq]uota|Current Limit|\bCores\b))"
    ),
    CloudError("HTTP 429", Refusal.THROTTLED, r"RESPONSE 429\b"),
)
