"""All spellings of a resource come to one."""

from __future__ import annotations

import pytest

from drift_audit_gcp.links import id_of, path_of, project_of, relative

INSTANCE = "projects/p1/zones/europe-west3-a/instances/n"


@pytest.mark.parametrize(
    "link",
    [
        f"https://www.googleapis.com/compute/v1/{INSTANCE}",
        f"https://compute.googleapis.com/compute/v1/{INSTANCE}",
        f"https://www.googleapis.com/compute/beta/{INSTANCE}",
        f"http://127.0.0.1:8080/compute/v1/{INSTANCE}",
        INSTANCE,
        "zones/europe-west3-a/instances/n",
        "projects/123/zones/europe-west3-a/instances/n",
    ],
)
def test_a_link_is_the_same_however_it_is_spelled(link: str) -> None:
    assert relative(link, "p1", {"123": "p1"}) == INSTANCE
    assert id_of(link) in ("europe-west3-a/n", "")


def test_ids_lead_back_to_their_paths() -> None:
    for path, collection in (
        (INSTANCE, "instances"),
        ("projects/p1/regions/europe-west3/subnetworks/s", "subnetworks"),
        ("projects/p1/regions/us-east1/routers/r", "routers"),
        ("projects/p1/global/firewalls/f", "firewalls"),
    ):
        assert path_of("p1", collection, id_of(path)) == path
        assert project_of(path) == "p1"


@pytest.mark.parametrize("link", ["", None, 7, "projects", "projects/p1", "x/y/z", "https://example.com/"])
def test_what_is_no_link_names_nothing(link: object) -> None:
    assert id_of(link) == ""  # type: ignore[arg-type]
