"""What somebody may have meant who asked for a kind that is not served."""

from __future__ import annotations

import pytest

from drift_audit.collect.cluster.alike import alike

SERVED = [
    ("", "Secret"),
    ("cert-manager.io", "Certificate"),
    ("cert-manager.io", "CertificateRequest"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("cluster.x-k8s.io", "Cluster"),
    ("ipam.cluster.x-k8s.io", "IPAddressClaim"),
    ("metal3.io", "BareMetalHost"),
    ("metal3.io", "HostFirmwareSettings"),
]


@pytest.mark.parametrize(
    ("group", "kind", "meant"),
    [
        ("metal3.io", "BareMetlHost", "BareMetalHost.metal3.io"),
        ("metal3.io", "baremetalhosts", "BareMetalHost.metal3.io"),
        ("metal3.com", "BareMetalHost", "BareMetalHost.metal3.io"),
        ("infrastructure.cluster.x-k8s.io", "BareMetalHost", "BareMetalHost.metal3.io"),
        ("cert-manger.io", "Certificate", "Certificate.cert-manager.io"),
        ("ipam.cluster.x-k8s.io", "IpAddressClaim", "IPAddressClaim.ipam.cluster.x-k8s.io"),
        ("v1", "Secret", "Secret"),
    ],
)
def test_slips_of_the_pen_lead_to_what_is_served(group: str, kind: str, meant: str) -> None:
    assert alike((group, kind), SERVED)[0] == meant


@pytest.mark.parametrize(("group", "kind"), [("example.com", "Ticket"), ("metal3.io", "Ticket"), ("", "")])
def test_nothing_is_guessed_where_nothing_is_alike(group: str, kind: str) -> None:
    assert alike((group, kind), SERVED) == ()


def test_a_few_are_told_the_most_alike_first() -> None:
    many = [("example.com", f"Widget{letter}") for letter in "abcdef"]

    assert alike(("example.com", "Widgetc"), many) == (
        "Widgetc.example.com",
        "Widgeta.example.com",
        "Widgetb.example.com",
    )
