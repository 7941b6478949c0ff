"""Codes of AWS: Amazon EC2 API reference, error codes; EKS API reference, nodegroup and cluster health issues.

CAPA v2.13.0 wraps the whole error of the SDK: `operation error EC2: RunInstances, ... api error CODE: ...`.
"""

from __future__ import annotations

from collections.abc import Sequence

from drift_audit.stuck.signatures.cloud_errors import CloudError, Refusal

_CODES: Sequence[tuple[Refusal, str]] = (
    (Refusal.QUOTA, "VcpuLimitExceeded InstanceLimitExceeded MaxSpotInstanceCountExceeded HostLimitExceeded"),
    (Refusal.QUOTA, "AddressLimitExceeded VolumeLimitExceeded NetworkInterfaceLimitExceeded ResourceLimitExceeded"),
    (Refusal.QUOTA, "SecurityGroupsPerInterfaceLimitExceeded ResourceLimitExceededException TooManyTargets"),
    (Refusal.CAPACITY, "InsufficientInstanceCapacity InsufficientHostCapacity InsufficientReservedInstanceCapacity"),
    (Refusal.CAPACITY, "InsufficientCapacity SpotMaxPriceTooLow ReservationCapacityExceeded"),
    (Refusal.CAPACITY, "UnfulfillableCapacity UnsupportedAvailabilityZoneException"),
    (Refusal.ADDRESSES, "InsufficientFreeAddressesInSubnet PrivateIpAddressLimitExceeded InsufficientFreeAddresses"),
    (Refusal.ADDRESSES, "InsufficientCidrBlocks InvalidIPAddress.InUse"),
    (Refusal.IMAGE, "InvalidAMIID.NotFound InvalidAMIID.Unavailable InvalidAMIID.Malformed AmiIdNotFound"),
    (Refusal.IMAGE, "ParameterNotFound"),
    (Refusal.DEPENDENCY, "InvalidSubnetID.NotFound InvalidSubnet InvalidGroup.NotFound InvalidVpcID.NotFound"),
    (Refusal.DEPENDENCY, "InvalidKeyPair.NotFound InvalidLaunchTemplateName.NotFoundException"),
    (Refusal.DEPENDENCY, "InvalidLaunchTemplateId.NotFound InvalidPlacementGroup.Unknown InvalidSnapshot.NotFound"),
    (Refusal.DEPENDENCY, "InvalidHostID.NotFound InvalidCapacityReservationId.NotFound TargetGroupNotFound"),
    (Refusal.DEPENDENCY, "LoadBalancerNotFound Ec2SubnetNotFound Ec2SecurityGroupNotFound Ec2LaunchTemplateNotFound"),
    (Refusal.DEPENDENCY, "IamNodeRoleNotFound IamInstanceProfileNotFound AutoScalingGroupNotFound VpcIdNotFound"),
    (Refusal.ENCRYPTION, "InvalidKMSKey.InvalidState KmsKeyDisabled KmsKeyNotFound KmsKeyMarkedForDeletion"),
    (Refusal.ENCRYPTION, "KmsGrantRevoked KMSInvalidStateException"),
    (Refusal.ACCOUNT, "PendingVerification OptInRequired"),
    (Refusal.REQUEST, "InvalidParameterCombination InvalidParameterValue InvalidBlockDeviceMapping"),
    (Refusal.REQUEST, "InvalidInstanceType InvalidUserData.Malformed InvalidParameterException UnsupportedOperation"),
    (Refusal.REQUEST, "Ec2SubnetInvalidConfiguration Ec2LaunchTemplateVersionMismatch MissingParameter"),
    (Refusal.THROTTLED, "RequestLimitExceeded ThrottlingException TooManyRequestsException RequestThrottled"),
)

ERRORS: Sequence[CloudError] = (
    *(CloudError(code, means) for means, codes in _CODES for code in codes.split()),
    # EC2 says `Unsupported` of a type that a zone does not offer.
    CloudError("Unsupported", Refusal.CAPACITY, r"api error Unsupported\b"),
    # CAPA's own words where it looks images up: pkg/cloud/services/ec2/ami.go.
    CloudError("no AMI found", Refusal.IMAGE, r"found no AMIs (?:with name|within the region)|[Ff]ailed to find ami\b"),
    CloudError("no AMI found", Refusal.IMAGE, r"no images returned when looking up ID"),
    CloudError("no SSM parameter", Refusal.IMAGE, r"[Ff]ailed to get ami SSM parameter"),
    CloudError("IAM instance profile", Refusal.DEPENDENCY, r"Invalid IAM Instance Profile (?:name|ARN)"),
    CloudError("Client.InternalError", Refusal.ENCRYPTION, r"\bClient\.InternalError\b"),
    CloudError("account blocked", Refusal.ACCOUNT, r"api error Blocked\b"),
    CloudError("root volume too small", Refusal.REQUEST, r"root volume size \(\d+\) must be greater"),
    CloudError("Throttling", Refusal.THROTTLED, r"\bThrottling(?:\.\w+)?: |api error Throttling\b"),
)
