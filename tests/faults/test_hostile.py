"""Names and values that attack whoever reads them do nothing, in any report and from any verb.

A report in a structured format must keep its structure: hostile text may change what its parts say, and not which
parts there are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import click
import pytest
from markdown_it import MarkdownIt

from drift_audit.cli import program as command_line
from drift_audit.interfaces import RenderOptions
from drift_audit.plugins import load_report, report_names
from tests.faults.bench import LIVE, Lane
from tests.rig.client import reference
from tests.rig.controllers import CORE
from tests.rig.fault_proxy import proxy_before
from tests.rig.upstreams import aws
from tests.unit.reports.hostile import hostile_result

ATTACKS = {
    "html": "</td></script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "html attribute": '" onmouseover="alert(1)" \'><svg/onload=alert(1)>',
    "markdown": "`|` **b** [x](javascript:alert(1)) ![i](https://evil.example/i) <!-- @admin #1 </details>\n# h\n| a |",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\x\x9b31m",
    "formula": '=HYPERLINK("https://evil.example","x")',
    "formula by sign": "+1+cmd|' /C calc'!A0",
    "bidi": "\u202egnp.exe\u2066\u200b\ufeff",
    "lines": "a\r\nb\nc\u2028d\u2029e\x85f\x0bg",
    "nul": "a\x00b\ud800c",
    "long": "x" * 20_000,
    "path": "../../../../etc/passwd\\..\\C:",
    "template": "{{7*191}}{%print(7*191)%}${7*191}#{7*191}<%=7*191%>",
    "xml": "]]><x/>&lt;&xxe;<!DOCTYPE a [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>",
    "format": "%s%n{0}{self.__class__}\\u202e",
}
HARMLESS = "harmless"
_SIGNS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def told_signs(text: str) -> list[str]:
    """Characters that a terminal, an editor or a browser would act on."""
    return sorted(set(_SIGNS.findall(text.replace("\r\n", "\n"))))


class Outline(HTMLParser):
    """The elements of a page with the names of their attributes, and every address in it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.parts.append((tag, tuple(name for name, _ in attributes)))
        self.addresses |= {(value or "").strip().lower() for name, value in attributes if name in ("href", "src")}


def _of_html(text: str) -> object:
    page = Outline()
    page.feed(text)
    assert not [address for address in page.addresses if address.startswith(("javascript:", "data:text", "vbscript:"))]
    return sorted(set(page.parts))


def _of_markdown(text: str) -> object:
    page = Outline()
    page.feed(MarkdownIt("commonmark").enable("table").render(text))
    return sorted({tag for tag, _ in page.parts})


def _of_xml(text: str) -> object:
    assert "<!DOCTYPE" not in text and "<!ENTITY" not in text
    return sorted({(element.tag, *sorted(element.attrib)) for element in ElementTree.fromstring(text).iter()})


def _of_csv(text: str) -> object:
    rows = list(csv.reader(io.StringIO(text)))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")) and cell != "-"]
    return (len(rows), {len(row) for row in rows})


def _of_json(text: str) -> object:
    """JSON has no structure that a value could break once it can be read at all."""
    return sorted(json.loads(text))


STRUCTURES: dict[str, Callable[[str], object]] = {
    "html": _of_html,
    "markdown": _of_markdown,
    "md": _of_markdown,
    "junit": _of_xml,
    "csv": _of_csv,
    "json": _of_json,
    "sarif": _of_json,
    "orphans-csv": _of_csv,
    "orphans-json": _of_json,
    "tree-json": _of_json,
}
WHOLE_LINES = ("console", "table", "tree", "orphans")
BYTE_ORDER_MARK = "\ufeff"
MARKED = ("csv", "orphans-csv")
"""Formats that begin with a byte order mark, without which Excel reads UTF-8 as something else."""


def rendered(name: str, attack: str) -> str:
    return load_report(name).render(hostile_result(attack), RenderOptions(width=100, verbose=True))


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
@pytest.mark.parametrize("name", report_names())
def test_hostile_text_does_nothing_in_a_report(name: str, attack: str) -> None:
    text = rendered(name, attack)

    text.encode("utf-8", "backslashreplace")
    assert told_signs(text.removeprefix(BYTE_ORDER_MARK) if name in MARKED else text) == []
    assert str(7 * 191) not in text
    if structure := STRUCTURES.get(name):
        assert structure(text) == structure(rendered(name, HARMLESS))


def test_every_installed_format_is_looked_at_closely() -> None:
    """A new format needs a line in `STRUCTURES`, or among those that are plain lines."""
    assert set(report_names()) <= {*STRUCTURES, *WHOLE_LINES}


# The verbs, over a fleet in which somebody wrote all of this


@pytest.fixture(scope="module")
def attacked(lanes: Sequence[Lane]) -> Iterator[Lane]:
    """A lane before the fleet as it is now, with hostile text in Git, in the cluster and in the cloud."""
    lane = lanes[0]
    fleet = lane.stage.fleet
    everything = "".join(attack for name, attack in ATTACKS.items() if name not in ("nul", "long"))
    human = fleet.management_cluster.human.as_manager("kubectl-annotate")
    target = reference(CORE, "Cluster", "two", fleet.namespace)
    notes = {f"attack.example.com/{index}": text for index, text in enumerate([everything, "y" * 3_000])}
    human.merge_patch(target, {"metadata": {"annotations": notes}})
    ec2: Any = fleet.ec2("two")
    printable = "".join(sign for sign in everything if sign.isprintable() and sign.isascii())[:200]
    group = fleet.states["two"].security_groups["node"]
    ec2.create_tags(Resources=[group], Tags=[{"Key": printable[:100], "Value": everything[:250].replace("\x00", "")}])
    fleet.repo.branch("hostile")
    names = ("-rf", "{{7*191}}.yaml", "a|b`c`.yaml", "=1+1.yaml", "\u202etxt.yaml", "\x1b[2Jx.yaml", "a\nb.yaml")
    fleet.repo.commit({f"clusters/{name}": "kind: [\n" for name in names}, everything.replace("\x00", ""))
    fleet.repo.branch("main")
    yield lane
    human.merge_patch(target, {"metadata": {"annotations": dict.fromkeys(notes)}})


def _arguments(verb: click.Command, namespace: str) -> list[str]:
    """Something for everything that the verb asks for."""
    named = {"KIND/NAMESPACE/NAME": f"Cluster/{namespace}/two"}
    given = []
    for parameter in verb.params:
        if isinstance(parameter, click.Argument):
            given.append(named.get(parameter.human_readable_name, f"{namespace}/two"))
        elif parameter.required:
            given += [parameter.opts[0], "out.dar"]
    return given


FLEET_VERBS = sorted(
    name for name, verb in command_line.commands.items() if any("--context" in option.opts for option in verb.params)
)


@pytest.mark.parametrize("verb", FLEET_VERBS)
def test_hostile_text_does_nothing_in_what_a_verb_prints(verb: str, attacked: Lane) -> None:
    stage = attacked.stage
    with proxy_before(stage.powerful) as api, proxy_before(aws(stage.fleet.aws)) as cloud:
        folder = stage.new_folder()
        config = attacked.config(folder)
        live = next(each for each in config["management_clusters"] if each["name"] == LIVE)
        live["git"] = [*live["git"], {**live["git"][0], "name": "hostile", "ref": "hostile"}]
        api.kubeconfig(folder, context=LIVE, user={"token": "rig"})
        config["clouds"]["aws"]["endpoint_url"] = cloud.url
        (folder / "drift-audit.yaml").write_text(json.dumps({**config, "management_clusters": [live]}))
        environ = {**stage.environ, "HOME": str(folder), "TMPDIR": str(folder / "tmp")}

        arguments = _arguments(command_line.commands[verb], stage.fleet.namespace)
        ended = attacked.program.run([verb, "-vv", *arguments], folder, environ)

    assert ended.out or ended.err
    assert told_signs(ended.out) == []
    assert told_signs(ended.err) == []
    assert "Traceback" not in ended.err
    assert str(7 * 191) not in ended.out
