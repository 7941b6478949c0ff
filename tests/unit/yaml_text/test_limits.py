from __future__ import annotations

import pytest

from drift_audit.yaml_text import Flavor, Limits, ProblemCode, read_documents

BOTH = pytest.mark.parametrize("flavor", Flavor)


def codes(text: str, flavor: Flavor, limits: Limits | None = None) -> list[ProblemCode]:
    read = read_documents(text, flavor=flavor, limits=limits or Limits())
    return [problem.code for problem in read.problems]


@BOTH
def test_two_hundred_thousand_brackets_are_refused_and_the_next_document_is_read(flavor: Flavor) -> None:
    read = read_documents("a: 1\n---\n" + "[" * 200_000 + "\n---\nb: 2\n", flavor=flavor)

    assert [document.data for document in read.documents] == [{"a": 1}, {"b": 2}]
    assert [(problem.code, problem.line) for problem in read.problems] == [(ProblemCode.YAML_TOO_DEEP, 3)]


@BOTH
@pytest.mark.parametrize("opening", ["{a: ", "- ", "? "])
def test_every_kind_of_nesting_counts_as_depth(opening: str, flavor: Flavor) -> None:
    assert codes(opening * 150 + "x", flavor) == [ProblemCode.YAML_TOO_DEEP]


@BOTH
def test_a_bomb_of_aliases_is_refused(flavor: Flavor) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert codes("\n".join(lines), flavor) == [ProblemCode.YAML_ALIAS_BOMB]


@BOTH
def test_a_bomb_of_merge_keys_is_refused(flavor: Flavor) -> None:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10)]

    assert codes("\n".join(lines), flavor) == [ProblemCode.YAML_ALIAS_BOMB]


@BOTH
def test_a_long_chain_of_anchors_is_too_deep_and_does_not_overflow_the_stack(flavor: Flavor) -> None:
    nested = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{x: *a{n - 1}}}" for n in range(1, 3000)]
    merged = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 3000)]

    assert codes("\n".join(nested), flavor) == [ProblemCode.YAML_TOO_DEEP]
    assert codes("\n".join(merged), flavor) == [ProblemCode.YAML_TOO_DEEP]


@BOTH
def test_honest_aliases_are_no_bomb(flavor: Flavor) -> None:
    text = "base: &b {a: 1, b: 2}\n" + "".join(f"k{n}: {{<<: *b}}\n" for n in range(1000))

    assert codes(text, flavor) == []


@BOTH
def test_size_number_of_values_and_of_documents_are_limited(flavor: Flavor) -> None:
    assert codes("a: 12345", flavor, Limits(bytes=7)) == [ProblemCode.YAML_TOO_LARGE]
    assert codes("[1, 2, 3, 4]", flavor, Limits(nodes=4)) == [ProblemCode.YAML_TOO_MANY_NODES]
    assert codes("a: 1\n---\nb: 2\n---\nc: 3\n", flavor, Limits(documents=2)) == [ProblemCode.YAML_TOO_MANY_DOCUMENTS]


@BOTH
def test_what_came_before_a_limit_is_kept(flavor: Flavor) -> None:
    read = read_documents("a: 1\n---\nb: 2\n---\nc: 3\n", flavor=flavor, limits=Limits(documents=2))

    assert [document.data for document in read.documents] == [{"a": 1}, {"b": 2}]


@BOTH
def test_a_file_of_nothing_but_broken_documents_ends_in_reasonable_time(flavor: Flavor) -> None:
    problems = read_documents("[\n---\n" * 5000, flavor=flavor).problems

    assert 0 < len(problems) <= 101
    assert problems[-1].message.startswith("too many broken documents")
