from __future__ import annotations

import pytest

from drift_audit.model.objects import Mark
from drift_audit.model.values import mapping
from drift_audit.yaml_text import Flavor, ProblemCode, TextRead, read_documents

BOTH = pytest.mark.parametrize("flavor", Flavor)


def codes(read: TextRead) -> list[ProblemCode]:
    return [problem.code for problem in read.problems]


@BOTH
def test_a_mark_is_the_place_of_the_key_or_of_the_item(flavor: Flavor) -> None:
    text = "apiVersion: v1\nspec:\n  list:\n  - name: a\n    size: 1\n  -   plain\n  flow: {x: [1, 2]}\n"

    document = read_documents(text, flavor=flavor).documents[0]

    assert document.start == Mark(1, 1)
    assert dict(document.marks) == {
        ("apiVersion",): Mark(1, 1),
        ("spec",): Mark(2, 1),
        ("spec", "list"): Mark(3, 3),
        ("spec", "list", 0): Mark(4, 5),
        ("spec", "list", 0, "name"): Mark(4, 5),
        ("spec", "list", 0, "size"): Mark(5, 5),
        ("spec", "list", 1): Mark(6, 7),
        ("spec", "flow"): Mark(7, 3),
        ("spec", "flow", "x"): Mark(7, 10),
        ("spec", "flow", "x", 0): Mark(7, 14),
        ("spec", "flow", "x", 1): Mark(7, 17),
    }


@BOTH
def test_documents_are_counted_with_the_empty_ones(flavor: Flavor) -> None:
    read = read_documents("# only a comment\n---\n---\na: 1\n---\n\n---\nb: 2\n", flavor=flavor)

    assert [(document.index, document.data, document.start.line) for document in read.documents] == [
        (1, {"a": 1}, 4),
        (3, {"b": 2}, 8),
    ]
    assert read.problems == ()


@BOTH
@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "---\n---\n"])
def test_a_text_without_content_has_no_documents_and_no_problems(text: str, flavor: Flavor) -> None:
    assert read_documents(text, flavor=flavor) == TextRead(documents=())


@BOTH
def test_byte_order_mark_and_windows_line_ends_change_nothing(flavor: Flavor) -> None:
    read = read_documents(b"\xef\xbb\xbfa: 1\r\nb:\r\n- x\r\n", flavor=flavor)

    assert read.documents[0].data == {"a": 1, "b": ["x"]}
    assert read.documents[0].marks["b", 0] == Mark(3, 3)


@BOTH
def test_columns_count_characters_and_not_bytes(flavor: Flavor) -> None:
    document = read_documents("{ä: 1, b: 2}\n".encode(), flavor=flavor).documents[0]

    assert document.marks["b",] == Mark(1, 8)


@BOTH
def test_json_is_read_with_lines_too(flavor: Flavor) -> None:
    document = read_documents('{\n\t"kind": "X",\n\t"on": [1]\n}\n', flavor=flavor).documents[0]

    assert document.data == {"kind": "X", "on": [1]}
    assert document.marks["on",].line == 3


@BOTH
def test_an_alias_has_the_lines_of_its_anchor_and_is_shared(flavor: Flavor) -> None:
    document = read_documents("base: &b\n  size: 1\ncopy: *b\nown: 2\n", flavor=flavor).documents[0]

    assert document.data == {"base": {"size": 1}, "copy": {"size": 1}, "own": 2}
    assert document.marks["copy",] == Mark(3, 1)
    assert document.marks["copy", "size"] == Mark(2, 3)
    assert document.shared == {("copy",), ("copy", "size")}


def test_to_kubectl_a_merge_key_overrides_what_stands_above_it() -> None:
    text = "base: &b {x: 1}\nafter: {<<: *b, x: 9}\nbefore: {x: 9, <<: *b}\n"

    document = read_documents(text, flavor=Flavor.KUBECTL).documents[0]

    assert document.data == {"base": {"x": 1}, "after": {"x": 9}, "before": {"x": 1}}
    assert document.marks["before", "x"].line == 1


def test_to_kustomize_what_is_written_wins_over_a_merge_key() -> None:
    text = "base: &b {x: 1}\nafter: {<<: *b, x: 9}\nbefore: {x: 9, <<: *b}\n"

    document = read_documents(text, flavor=Flavor.KUSTOMIZE).documents[0]

    assert document.data == {"base": {"x": 1}, "after": {"x": 9}, "before": {"x": 9}}
    assert document.marks["before", "x"].line == 3
    assert document.shared == frozenset()


@BOTH
def test_of_several_merged_mappings_the_first_gives_the_value(flavor: Flavor) -> None:
    text = "a: &a {p: 1, q: 1}\nb: &b {p: 2, r: 2}\nm: {<<: [*b, *a], own: 3}\n"

    document = read_documents(text, flavor=flavor).documents[0]

    assert mapping(document.data)["m"] == {"p": 2, "q": 1, "r": 2, "own": 3}
    assert ("m", "p") in document.shared
    assert ("m", "own") not in document.shared


@BOTH
def test_a_duplicate_key_is_a_problem_with_both_lines(flavor: Flavor) -> None:
    read = read_documents("good: 1\n---\nspec:\n  a: 1\n  b: 2\n  a: 3\n---\nalso: good\n", flavor=flavor)

    assert [document.data for document in read.documents] == [{"good": 1}, {"also": "good"}]
    assert codes(read) == [ProblemCode.YAML_DUPLICATE_KEY]
    assert (read.problems[0].line, read.problems[0].column) == (6, 3)
    assert "first in line 4" in read.problems[0].message


def test_two_merge_keys_are_a_duplicate_to_kustomize_only() -> None:
    text = "m:\n  <<: {a: 1}\n  <<: {b: 2}\n"

    assert read_documents(text, flavor=Flavor.KUBECTL).documents[0].data == {"m": {"a": 1, "b": 2}}
    assert codes(read_documents(text, flavor=Flavor.KUSTOMIZE)) == [ProblemCode.YAML_DUPLICATE_KEY]


@BOTH
def test_a_broken_document_does_not_hide_the_others(flavor: Flavor) -> None:
    text = "a: 1\n---\nb: {c: [\n---\nd: 4\n---\ne: !python/object 1\n---\nf: 6\n"

    read = read_documents(text, flavor=flavor)

    assert [document.data for document in read.documents] == [{"a": 1}, {"d": 4}, {"f": 6}]
    assert codes(read) == [ProblemCode.YAML_ERROR, ProblemCode.YAML_TAG]
    assert [document.start.line for document in read.documents] == [1, 5, 9]
    assert read.problems[1].line == 7


@BOTH
def test_text_that_is_not_utf_8_is_a_problem_with_its_line(flavor: Flavor) -> None:
    read = read_documents(b"a: 1\nb: \xff\xfe\n", flavor=flavor)

    assert read.documents == ()
    assert codes(read) == [ProblemCode.YAML_NOT_UTF8]
    assert read.problems[0].line == 2


@BOTH
def test_lone_surrogates_in_a_text_are_a_problem(flavor: Flavor) -> None:
    assert codes(read_documents("a: \ud800\n", flavor=flavor)) == [ProblemCode.YAML_NOT_UTF8]


@BOTH
def test_control_characters_are_a_problem_with_their_line(flavor: Flavor) -> None:
    read = read_documents("ä: 1\nb: \x07\n", flavor=flavor)

    assert codes(read) == [ProblemCode.YAML_ERROR]
    assert (read.problems[0].line, read.problems[0].column) == (2, 4)


@BOTH
@pytest.mark.parametrize("tagged", ["!foo 1", "!!python/object:os.system x", "!!set {a: }", "!foo {a: 1}", "!foo [1]"])
def test_tags_beyond_the_core_are_refused(tagged: str, flavor: Flavor) -> None:
    assert codes(read_documents(f"a: {tagged}\n", flavor=flavor)) == [ProblemCode.YAML_TAG]


@BOTH
@pytest.mark.parametrize("text", ["a: *nowhere\n", "a: &a [*a]\n"])
def test_an_alias_must_lead_somewhere_else(text: str, flavor: Flavor) -> None:
    assert len(read_documents(text, flavor=flavor).problems) == 1


@BOTH
def test_merging_something_else_than_a_mapping_is_a_problem(flavor: Flavor) -> None:
    assert codes(read_documents("a: {<<: 1}\n", flavor=flavor)) == [ProblemCode.YAML_ERROR]
