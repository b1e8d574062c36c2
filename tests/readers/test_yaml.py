from __future__ import annotations

import pytest
from reading import place, source

from archlint.core import tree
from archlint.core.tree import Node, Scalar
from archlint.readers.yaml import parse, read_documents


def only(text: str) -> Node:
    documents = parse(text, "a.yaml")
    assert documents.gaps == ()
    (document,) = documents.trees
    return document


def at(node: Node | None) -> tuple[int, int, int, int]:
    assert node is not None
    return place(node.at)


def test_block_collections_end_with_their_last_content() -> None:
    root = only("a:\n  - 1\n  - x: y\n\n# comment\n\nb: 2\n")
    assert at(root) == (1, 1, 7, 5)
    assert at(tree.get(root, "a")) == (2, 3, 3, 9)
    assert at(tree.get(root, "a", 1)) == (3, 5, 3, 9)
    assert at(tree.get(root, "a", 1, "x")) == (3, 8, 3, 9)


def test_block_scalars_end_with_their_last_line() -> None:
    root = only("a: |\n  one\n  two\n\n\nb: >-\n  c\n")
    assert at(tree.get(root, "a")) == (1, 4, 3, 6)
    assert tree.value(root, "a") == "one\ntwo\n"
    assert at(tree.get(root, "b")) == (6, 4, 7, 4)


def test_flow_and_quoted_values_keep_their_ends() -> None:
    root = only("a: {b: [1, 'x y'],\n  c: \"d\"}\n")
    assert at(tree.get(root, "a")) == (1, 4, 2, 10)
    assert at(tree.get(root, "a", "b", 1)) == (1, 12, 1, 17)


def test_columns_count_code_points_and_carriage_returns_do_not_matter() -> None:
    root = only("é: 😀\r\nb: |\r\n  x\r\n")
    assert at(tree.get(root, "é")) == (1, 4, 1, 5)
    assert at(tree.get(root, "b")) == (2, 4, 3, 4)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("0644", 0o644),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("22:22", "22:22"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("'8080'", "8080"),
        ("!!str 8080", "8080"),
        ("!Ref x", "x"),
        (".inf", ".inf"),
        ("99999999999999999999", 1e20),
        ("08", 8.0),
    ],
)
def test_scalars_are_typed_as_kubernetes_reads_them(text: str, value: object) -> None:
    found = tree.value(only(f"a: {text}"), "a")
    assert (found, type(found)) == (value, type(value))


def test_text_is_kept_as_written() -> None:
    assert tree.text(only("mode: 0644"), "mode") == "0644"


def test_the_last_of_a_repeated_key_wins() -> None:
    root = only("a: 1\nb: 2\na: 3\n")
    assert [(one.key, one.at.line) for one in tree.entries(root)] == [("b", 2), ("a", 3)]


def test_aliases_and_merges_keep_the_place_where_the_value_was_written() -> None:
    root = only("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nsame: *b\n")
    assert tree.plain(tree.get(root, "use")) == {"x": 1, "y": 3}
    assert at(tree.get(root, "use", "x")) == (1, 14, 1, 15)
    assert at(tree.get(root, "same")) == (1, 10, 1, 22)
    assert at(root) == (1, 1, 5, 9)


def test_of_several_merged_mappings_the_earlier_one_wins() -> None:
    root = only("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n")
    assert tree.plain(tree.get(root, "c")) == {"x": 1, "y": 2}


def test_a_broken_document_costs_only_itself() -> None:
    documents = parse("a: 1\n---\nb: [\n---\nc: 'x\n---\nd: 4\n", "a.yaml")
    assert [tree.plain(one) for one in documents.trees] == [{"a": 1}, {"d": 4}]
    assert [place(one.at) for one in documents.trees] == [(1, 1, 1, 5), (7, 1, 7, 5)]
    assert [(gap.kind, gap.at.line) for gap in documents.gaps] == [("syntax", 4), ("syntax", 6)]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n---\n", "\ufeff"])
def test_empty_documents_are_nothing(text: str) -> None:
    assert parse(text, "a.yaml") == ((), ())


def test_a_tab_as_indentation_is_a_gap_at_its_line() -> None:
    (gap,) = parse("a:\n\tb: 1\n", "a.yaml").gaps
    assert (gap.kind, gap.at.line) == ("syntax", 2)


def test_json_is_read_with_its_surrogate_pairs() -> None:
    root = only('{\n\t"a": "\\ud83d\\ude00", "b": "\\/"}')
    assert tree.plain(root) == {"a": "😀", "b": "/"}


def test_an_alias_bomb_is_a_gap() -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]" for n in range(9)]
    documents = parse("\n".join(lines), "a.yaml")
    assert documents.trees == ()
    assert [gap.kind for gap in documents.gaps] == ["alias-limit"]


def test_an_alias_to_itself_is_a_gap() -> None:
    assert [gap.kind for gap in parse("a: &a [*a]", "a.yaml").gaps] == ["alias-limit"]


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 1_000])
def test_deep_nesting_is_a_gap(text: str) -> None:
    (gap,) = parse(text, "a.yaml").gaps
    assert "nested deeper" in gap.reason


def test_bytes_that_are_no_utf_8_are_a_gap_at_their_line() -> None:
    (gap,) = read_documents(source("a.yaml", b"a: 1\nb: caf\xe9\n")).gaps
    assert (gap.kind, gap.at.line) == ("encoding", 2)


def test_a_next_line_character_is_no_line_break() -> None:
    root = only('a: "x\x85y"\nb: 1\n')
    assert at(tree.get(root, "b")) == (2, 4, 2, 5)


def test_implicit_nulls_stand_behind_the_colon() -> None:
    node = tree.get(only("a:\nb: 1\n"), "a")
    assert node == Scalar(node.at, None, "") and place(node.at) == (1, 3, 1, 3)  # type: ignore[union-attr]
