"""The typing table against the real programs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from drift_audit.model.values import Json, mapping
from drift_audit.yaml_text import Flavor, read_documents
from tests.unit.yaml_text.typing_table import KEYS, SCALARS

HEADER = "apiVersion: example.com/v1\nkind: Sample\nmetadata: {name: sample}\n"
MERGES = """
base: &b {x: 1, y: 2}
other: &o {x: 5, z: 3}
after: {<<: *b, x: 9}
before: {x: 9, <<: *b}
several: {<<: [*b, *o], q: 1}
inline: {<<: {k: 1}}
alias: *b
"""


def manifest(spec: str) -> str:
    return HEADER + "spec:\n" + "".join(f"  {line}\n" for line in spec.strip().splitlines())


def by_kubectl(kubectl: Path, folder: Path, text: str) -> Json:
    """kubectl's own reading: `label --local` parses, changes nothing of the spec and prints."""
    (folder / "sample.yaml").write_text(text)
    command = [str(kubectl), "label", "--local", "-f", str(folder / "sample.yaml"), "a=b", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spec: Json = json.loads(done.stdout, parse_int=as_decoded)["spec"]
    return spec


def by_kustomize(kustomize: Path, folder: Path, text: str) -> Json:
    (folder / "sample.yaml").write_text(text)
    (folder / "kustomization.yaml").write_text("resources: [sample.yaml]\n")
    done = subprocess.run([str(kustomize), "build", str(folder)], capture_output=True, text=True, check=True)
    return spec_of(done.stdout, Flavor.KUSTOMIZE)


def spec_of(text: str, flavor: Flavor) -> Json:
    read = read_documents(text, flavor=flavor)
    assert read.problems == ()
    return mapping(read.documents[0].data)["spec"]


def as_decoded(digits: str) -> int | float:
    """A number as the API server's decoder keeps it: int64 where it fits, else a float."""
    return int(digits) if abs(int(digits)) < 2**63 else float(digits)


def exactly(value: Json) -> str:
    """`1`, `1.0`, `true` and `"1"` apart, but a float and the integer that JSON prints for it together."""
    return json.dumps(value, sort_keys=True, default=str).replace(".0,", ",").replace(".0}", "}")


def scalars() -> str:
    return "\n".join(f"v{number}: {row.token}" for number, row in enumerate(SCALARS))


def test_scalars_are_what_kubectl_makes_of_them(kubectl: Path, tmp_path: Path) -> None:
    text = manifest(scalars())

    assert exactly(spec_of(text, Flavor.KUBECTL)) == exactly(by_kubectl(kubectl, tmp_path, text))


def test_scalars_are_what_kustomize_makes_of_them(kustomize: Path, tmp_path: Path) -> None:
    text = manifest(scalars())

    assert exactly(spec_of(text, Flavor.KUSTOMIZE)) == exactly(by_kustomize(kustomize, tmp_path, text))


def test_keys_are_what_kubectl_makes_of_them(kubectl: Path, tmp_path: Path) -> None:
    keys = [token for token, at_kubectl, _ in KEYS if at_kubectl is not None and token not in ("true", "'n'")]
    text = manifest("\n".join(f"{key}: x" for key in keys))

    assert exactly(spec_of(text, Flavor.KUBECTL)) == exactly(by_kubectl(kubectl, tmp_path, text))


@pytest.mark.parametrize("key", [token for token, _, at_kustomize in KEYS if at_kustomize is None])
def test_keys_that_we_refuse_for_kustomize_fail_there_too(kustomize: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        by_kustomize(kustomize, tmp_path, manifest(f"{key}: x"))


def test_merge_keys_are_read_as_kubectl_does(kubectl: Path, tmp_path: Path) -> None:
    text = manifest(MERGES)

    assert exactly(spec_of(text, Flavor.KUBECTL)) == exactly(by_kubectl(kubectl, tmp_path, text))


def test_merge_keys_are_read_as_kustomize_does(kustomize: Path, tmp_path: Path) -> None:
    text = manifest(MERGES)

    assert exactly(spec_of(text, Flavor.KUSTOMIZE)) == exactly(by_kustomize(kustomize, tmp_path, text))
