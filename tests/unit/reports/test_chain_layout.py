"""The picture of a chain of causes: every hop is there, in order, and all text stands inside its box."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from drift_audit.model.findings import ChainLink
from drift_audit_reports.chains import Story, story_of
from drift_audit_reports.eliding import width
from drift_audit_reports.html_report.chain_layout import ChainPicture, broken, chain_picture, measured
from tests.unit.reports.fleets import hop, never_joined, stuck_finding

links = st.builds(
    ChainLink,
    layer=st.sampled_from(["edit", "node join", "consequence"]) | st.text(max_size=40),
    object=st.text(),
    fact=st.text(),
    evidence=st.text(),
    since=st.text(max_size=30),
)
names = st.lists(st.text(), max_size=8).map(tuple)


def picture(*findings: object) -> ChainPicture:
    story = story_of(findings)  # type: ignore[arg-type]
    assert story is not None
    found = chain_picture(story)
    assert found is not None
    return found


def test_the_chain_is_read_from_the_edit_down_to_the_alarm() -> None:
    _, findings = never_joined()

    seen = picture(*findings)

    assert [box.css for box in seen.hops] == ["drifted", "stuck", "after", "after", "rest"]
    assert [box.lines[0].text for box in seen.hops[:3]] == ["■ cause: edit", "■ cause: node join", "↓ because of it"]
    assert "likewise on 11 more" in [line.text for line in seen.hops[1].lines]
    assert len(seen.arrows) == len(seen.hops) - 1
    assert seen.text.index("sg-0f5b2c7d9e1a34680") < seen.text.index("MachineDeployment/fleet/eu-4-md-0")


def test_a_chain_without_end_is_cut_and_says_so() -> None:
    many = tuple(hop("consequence", f"Thing/{number}", "not well") for number in range(40))

    seen = picture(stuck_finding(chain=many, affected=()))

    assert len(seen.hops) == 13
    assert seen.hops[-1].lines[0].text == "… 28 more hops: see the list"


def test_without_a_chain_there_is_no_picture() -> None:
    story = story_of([stuck_finding(chain=())])

    assert story is not None and chain_picture(story) is None


@given(st.lists(links, min_size=1, max_size=20).map(tuple), names, st.integers(0, 5))
def test_no_hop_overlaps_another_and_no_line_leaves_its_hop(
    chain: tuple[ChainLink, ...], affected: tuple[str, ...], alike: int
) -> None:
    seen = chain_picture(
        Story(
            links=chain,
            alike=alike,
            mechanism="",
            certainty="",
            proofs=(),
            affected=affected,
            ruled_out=(),
            possible=(),
        )
    )

    assert seen is not None
    assert all(one.y + one.height < other.y for one, other in pairwise(seen.hops))
    assert seen.hops[-1].y + seen.hops[-1].height <= seen.height
    for box in seen.hops:
        assert all(box.y + 12 <= line.y <= box.y + box.height - 4 for line in box.lines)
        assert all(measured(line.text) <= 26 for line in box.lines if line.css != "name")
        assert all(width(line.text) <= 43 for line in box.lines if line.css == "name")


@given(st.text(), st.integers(7, 60))
def test_no_broken_line_is_wider_than_its_room(text: str, room: int) -> None:
    assert all(measured(line) <= room for line in broken(text, room))


def test_what_does_not_fit_into_four_lines_is_cut_in_the_last() -> None:
    lines = broken("word " * 100, 20)

    assert len(lines) == 4
    assert "…" in lines[-1]
