from __future__ import annotations

from typing import Any

import pytest

from archlint.core.record import dataclass
from archlint.core.rule import OptionValue
from archlint.core.span import start_of
from archlint.core.system import Subject
from archlint.core.values import Setting, Truth, Unknown, is_unknown
from archlint.ruleset.errors import ExpressionError
from archlint.ruleset.expression import compile_condition, compile_expression, compile_path


@dataclass(frozen=True, eq=False, kw_only=True)
class Part(Subject):
    kind: str = "app"
    is_public: Truth = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Thing(Subject):
    kind: str = "app"
    count: int | Unknown | None = None
    port: int | str | None = None
    timeout: Setting[float] | Unknown | None = None
    is_public: Truth = False
    labels: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    owner: Part | None = None

    @property
    def size(self) -> int:
        return len(self.labels)

    def method(self) -> bool:
        return True


OPTIONS: dict[str, OptionValue] = {"max-count": 3, "kinds": ("app", "job"), "strict": True}
AT = start_of("a.py")


def thing(**fields: Any) -> Thing:
    return Thing(at=AT, name="thing", key="thing", **fields)


def part(**fields: Any) -> Part:
    return Part(at=AT, name="part", key="part", **fields)


def value(text: str, **fields: Any) -> Any:
    return compile_condition(text, "thing", Thing, OPTIONS).evaluate(thing(**fields), None)


def refusal(text: str) -> tuple[str, int]:
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text, "thing", Thing, OPTIONS)
    return caught.value.message, caught.value.offset


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("thing.kind == 'app'", {}, True),
        ("thing.kind != 'app'", {}, False),
        ("thing.count is None", {}, True),
        ("thing.count is not None", {"count": 2}, True),
        ("thing.count == 2", {}, False),
        ("thing.count > 1", {"count": 2}, True),
        ("1 < thing.count <= options.max_count", {"count": 3}, True),
        ("1 < thing.count <= options.max_count", {"count": 4}, False),
        ("thing.count > -1", {"count": 0}, True),
        ("thing.timeout is not None and thing.timeout.value > 30", {"timeout": Setting(31.0, "code", AT)}, True),
        ("thing.timeout is not None and thing.timeout.value > 30", {}, False),
        ("thing.kind in options.kinds", {}, True),
        ("thing.kind not in ('job', 'cron')", {}, True),
        ("'a' in thing.labels", {"labels": ("a",)}, True),
        ("'pp' in thing.kind", {}, True),
        ("('a', 'b') in thing.pairs", {"pairs": (("a", "b"),)}, True),
        ("len(thing.labels) >= 2", {"labels": ("a", "b")}, True),
        ("thing.size == 1", {"labels": ("a",)}, True),
        ("any(part.is_public for part in thing.parts)", {"parts": ()}, False),
        ("all(one.is_public for one in thing.parts)", {"parts": ()}, True),
        ("any(one.kind == thing.kind for one in thing.parts if one.is_public)", {"parts": (1,)}, None),
        ("startswith(thing.kind, 'a') and endswith(thing.kind, 'p')", {}, True),
        ("lower(thing.kind) == 'app'", {"kind": "APP"}, True),
        ("matches(thing.kind, '^a.p$')", {}, True),
        ("known(thing.count)", {"count": Unknown()}, False),
        ("known(thing.count)", {}, True),
        ("options.strict and not thing.is_public", {}, True),
    ],
)
def test_conditions_over_known_values(text: str, fields: dict[str, Any], expected: bool | None) -> None:
    if expected is None:
        fields = {"parts": (part(kind="job", is_public=True), part(is_public=False))}
        expected = False
    assert value(text, **fields) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("thing.is_public and thing.kind == 'job'", False),
        ("thing.kind == 'job' and thing.is_public", False),
        ("thing.is_public or thing.kind == 'app'", True),
        ("thing.kind == 'app' or thing.is_public", True),
        ("thing.is_public and thing.kind == 'app'", None),
        ("thing.is_public or thing.kind == 'job'", None),
        ("not thing.is_public", None),
        ("thing.count is None", None),
        ("thing.count == 3", None),
        ("thing.count < 3", None),
        ("thing.count in (1, 2)", None),
        ("thing.timeout.value > 3", None),
        ("any(one.is_public for one in thing.parts)", None),
        ("all(one.is_public for one in thing.parts)", False),
        ("any(one.kind == 'job' or one.is_public for one in thing.parts)", True),
    ],
)
def test_unknown_decides_nothing_but_the_rest_may(text: str, expected: bool | None) -> None:
    unknown = Unknown("not resolved")
    parts = (part(is_public=unknown), part(kind="job"))
    result = value(text, is_public=unknown, count=unknown, timeout=unknown, parts=parts)
    if expected is None:
        assert is_unknown(result)
        assert result.reason == "not resolved"
    else:
        assert result is expected


def test_a_field_of_none_is_unknown_and_says_what_is_missing() -> None:
    assert value("thing.owner.kind == 'app'") == Unknown("thing.owner is not there")


def test_an_unknown_without_a_reason_is_called_by_its_path() -> None:
    assert value("thing.is_public", is_public=Unknown()) == Unknown("thing.is_public is unknown")


def test_values_that_have_no_common_order_are_unknown() -> None:
    assert is_unknown(value("thing.port > 1024", port="http"))


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("thing.kindd == 'app'", "Thing has no field 'kindd'; did you mean 'kind'?", 6),
        ("thng.kind == 'app'", "unknown name 'thng'; did you mean 'thing'?", 0),
        ("options.max_cuont > 3", "the rule has no option 'max_cuont'; did you mean 'max_count'?", 8),
        ("thing.count > max_count", "options are read by 'options.max_count'", 14),
        ("thing.kind is None", "thing.kind is never None: it is text", 0),
        ("thing.count == None", "compare with None by 'is' or 'is not'", 15),
        ("thing.kind is 'app'", "'is' compares with None only; write '=='", 14),
        ("thing.kind == 3", "thing.kind is text and never equals a number", 0),
        ("thing.kind < 3", "thing.kind is text, not a number", 0),
        ("thing.labels < 3", "thing.labels is a list of text: it has no order", 0),
        ("thing.kind in (1, 2)", "thing.kind is text and never in a list of a number", 0),
        ("thing.kind", "thing.kind is text, not true or false: compare it by 'is not None', '==' or '<'", 0),
        ("thing.labels", "thing.labels is a list of text, not true or false: compare it by len(…) > 0", 0),
        ("not thing.labels", "thing.labels is a list of text, not true or false: compare it by len(…) > 0", 4),
        ("thing.__class__ == 'x'", "'__class__': names that start with an underscore cannot be used in a rule", 6),
        ("thing.method()", "thing.method() cannot be called in a rule", 0),
        ("lenn(thing.labels) > 3", "lenn() cannot be called in a rule; did you mean 'len'?", 0),
        ("thing.count + 1 > 2", "arithmetic cannot be used in a rule", 0),
        ("2 ** 9 > 2", "arithmetic cannot be used in a rule", 0),
        ("thing.labels[0] == 'a'", "a subscript cannot be used in a rule", 0),
        ("(lambda: True)()", "lambda: True() cannot be called in a rule", 0),
        ("True if thing.is_public else False", "'if … else' cannot be used in a rule", 0),
        ("[x for x in thing.labels] == 'a'", "'for' outside any() and all() cannot be used in a rule", 0),
        (
            "any(any(y == x for y in thing.labels) for x in thing.labels)",
            "only one level of 'for' can be used in a rule",
            7,
        ),
        ("any(x == 'a' for x in thing.kind)", "thing.kind is text, not a list", 22),
        ("any(thing == 'a' for thing in thing.labels)", "'thing' is taken: give the element another name", 21),
        ("matches(thing.kind, thing.kind)", "the second part of matches() is a text in quotes", 20),
        ("matches(thing.count, 'a')", "thing.count is a number or none, not text", 8),
        ("matches(thing.kind, '(a+)+')", "regular expression: a repeat inside a repeat cannot be used in a rule", 20),
        ("thing.kind ==", "not an expression: invalid syntax", 13),
        ("import.kind == 'a'", "not an expression: invalid syntax; the subject is called 'thing' here", 0),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(text: str, message: str, offset: int) -> None:
    said, at = refusal(text)
    assert said.split(" (it has")[0] == message
    assert at == offset


def test_offsets_count_characters_and_not_bytes() -> None:
    assert refusal("thing.kind == 'größe' and thing.kindd == 'a'")[1] == 32


@pytest.mark.parametrize("text", ["(" * 500 + "True" + ")" * 500, " and ".join(["True"] * 400), "True" + " " * 3_000])
def test_expressions_are_bounded(text: str) -> None:
    assert refusal(text)


def test_the_options_that_are_read_are_told() -> None:
    expression = compile_expression("thing.count > options.max_count", "thing", Thing, OPTIONS)
    assert expression.options == {"max-count"}


def test_a_path_is_nothing_but_dotted_names() -> None:
    assert compile_path("thing.owner.kind", "thing", Thing, OPTIONS).evaluate(thing(owner=part()), None) == "app"
    with pytest.raises(ExpressionError, match="only dotted names"):
        compile_path("len(thing.labels)", "thing", Thing, OPTIONS)
