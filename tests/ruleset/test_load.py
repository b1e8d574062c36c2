from __future__ import annotations

from pathlib import Path

import pytest

from archlint.config import Config, ConfigError, ExceptionConfig, RuleConfig
from archlint.core.rule import Autofix, Rule, Severity
from archlint.ruleset import RuleError, load, load_builtin, select
from archlint.ruleset.load import load_folder
from archlint.ruleset.schema import first_document, read_rule

RULE = """\
summary: Orders calls something over HTTP
why: |
  Orders hears of everything by events.
fix: Publish an event, and let the other service take it.
severity: warning
since: "0.1"
references: [https://example.org/events]
options:
  least:
    type: integer
    default: 2
    summary: The least number of related places.
for: HttpCall
when: >-
  call.service == "orders"
  and len(call.related) >= options.least
message: "{call.service} calls {call.target}"
---
: this is no YAML and nobody reads it [
"""


def read(content: str, name: str = "orders-over-http") -> object:
    return read_rule("rules/x.yaml", content, name=name, category="custom", is_builtin=False)


def refusal(content: str, name: str = "orders-over-http") -> str:
    with pytest.raises(RuleError) as caught:
        read(content, name)
    return str(caught.value)


def workspace(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / ".archlint" / "rules"
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(content)
    return tmp_path


def test_nothing_after_the_separator_is_read() -> None:
    assert read(RULE)


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("a: 1\n---\nb: 2\n", "a: 1\n"),
        ("---\na: 1\n---\nb: 2\n", "\na: 1\n"),
        ("a: 1\n", "a: 1\n"),
        ("a: |\n  ---\n--- # examples\nb", "a: |\n  ---\n"),
        ("a: |\n  ---\n----\nb", "a: |\n  ---\n----\nb"),
    ],
)
def test_the_first_document_ends_at_a_separator_at_the_start_of_a_line(content: str, first: str) -> None:
    assert first_document(content) == first


def test_an_unknown_key_is_refused_at_its_place_with_the_name_that_was_meant() -> None:
    assert refusal(RULE.replace("severity:", "serverity:")) == (
        "rules/x.yaml:5:1: unknown key 'serverity' of a rule; did you mean 'severity'?\n"
        "    5 | serverity: warning\n"
        "      | ^"
    )


def test_a_wrong_field_in_a_folded_expression_is_found_on_its_own_line() -> None:
    assert refusal(RULE.replace("call.related", "call.relatd")) == (
        "rules/x.yaml:16:16: HttpCall has no field 'relatd'; did you mean 'related'?\n"
        "   16 |   and len(call.relatd) >= options.least\n"
        "      |                ^"
    )


def test_a_wrong_field_in_a_message_is_found_inside_the_quotes() -> None:
    assert refusal(RULE.replace("{call.target}", "{call.targt}")) == (
        "rules/x.yaml:17:38: HttpCall has no field 'targt'; did you mean 'target'?\n"
        '   17 | message: "{call.service} calls {call.targt}"\n'
        "      |                                      ^"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("fix: Publish an event, and let the other service take it.\n", "", "the rule has no 'fix'"),
        ('since: "0.1"', "since: 0.1", "'since' is text, not a number: put it in quotes"),
        (
            "severity: warning",
            "severity: wraning",
            "severity is one of advice, warning, error; did you mean 'warning'?",
        ),
        ("for: HttpCall", "for: HttpCal", "unknown subject 'HttpCal'; did you mean 'HttpCall'?"),
        ("https://example.org", "http://example.org", "a reference is an https:// address"),
        ("default: 2", "default: two", "option 'least' is of type integer, 'two' is not"),
        ("default: 2", "default: true", "option 'least' is of type integer, True is not"),
        ("type: integer", "type: int", "an option's type is one of integer, number, string, boolean, list"),
        ("  least:\n", "  Least:\n", "an option's name is kebab-case: 'Least' is not"),
        ("{call.target}", "{call.target", "this brace is never closed"),
        ("{call.target}", "call.target}", "this brace was never opened; write '}}' for a brace"),
        ("summary: Orders", "summary: [Orders", "not YAML"),
        ("summary: ", "summary: a\nsummary: ", "key 'summary' is repeated"),
    ],
)
def test_a_malformed_rule_is_refused(old: str, new: str, expected: str) -> None:
    assert expected in refusal(RULE.replace(old, new))


AUTOFIX = RULE.replace(
    "---\n",
    """\
autofix:
  - when: call.library == "httpx"
    remove-argument: timeout
  - when: call.timeout is None
    set-argument:
      timeout: "{options.least}"
---
""",
    1,
)


def test_a_change_is_read_with_its_condition_and_its_values() -> None:
    rule = read(AUTOFIX)
    assert isinstance(rule, Rule)
    assert rule.autofixes == (
        Autofix('call.library == "httpx"', (), ("timeout",)),
        Autofix("call.timeout is None", (("timeout", "{options.least}"),), ()),
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    remove-argument: timeout\n", "", "has 'set-argument' or 'remove-argument'"),
        ("remove-argument: timeout", "remove-argument: time-out", "a keyword's name, or a position: 'time-out' is not"),
        ("remove-argument", "in-call: 3x\n    remove-argument", "'3x' is not"),
        ("remove-argument", "append-statement: pass\n    remove-argument", "to which function: give both"),
        ("remove-argument", "append-statement: pass\n    append-to: call.name\n    remove-argument", "has no place"),
        ("remove-argument", "remove-arguments", "unknown key 'remove-arguments' of a change of 'autofix'"),
        ("call.timeout is None", "call.timout is None", "rules/x.yaml:21:16: HttpCall has no field 'timout'"),
        ("{options.least}", "{options.most}", "rules/x.yaml:23:26: the rule has no option 'most'"),
        ("call.timeout is None", "call.timeout", "rules/x.yaml:21:11: "),
    ],
)
def test_a_malformed_change_is_refused_at_its_place(old: str, new: str, expected: str) -> None:
    assert expected in refusal(AUTOFIX.replace(old, new))


def test_a_name_is_kebab_case() -> None:
    assert "'Orders_HTTP' is not" in refusal(RULE, "Orders_HTTP")


def test_settings_change_severity_and_options(tmp_path: Path) -> None:
    root = workspace(tmp_path, orders_over_http=RULE)
    config = Config(settings={"orders-over-http": RuleConfig(severity="error", options={"least": 7})})
    rule = next(rule for rule in load(root, config) if rule.name == "orders-over-http")
    assert rule.severity is Severity.ERROR
    assert rule.options[0].default == 7
    assert rule.category == "custom"
    assert not rule.is_builtin


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"orders-over-htp": RuleConfig()}, "did you mean 'orders-over-http'"),
        ({"orders-over-http": RuleConfig(severity="high")}, "severity is one of"),
        ({"orders-over-http": RuleConfig(options={"lest": 1})}, "has no option 'lest'; did you mean 'least'"),
        ({"orders-over-http": RuleConfig(options={"least": "1"})}, "option 'least' is of type integer, '1' is not"),
    ],
)
def test_settings_that_fit_no_rule_are_errors(tmp_path: Path, settings: dict[str, RuleConfig], message: str) -> None:
    root = workspace(tmp_path, orders_over_http=RULE)
    with pytest.raises(ConfigError, match=message):
        load(root, Config(settings=settings))


def test_an_exception_for_no_rule_is_an_error(tmp_path: Path) -> None:
    exception = ExceptionConfig(rule="no-such-rule", reason="none")
    with pytest.raises(ConfigError, match="no-such-rule"):
        load(workspace(tmp_path, orders_over_http=RULE), Config(exceptions=(exception,)))


def test_a_folder_without_rules_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no rule"):
        load(workspace(tmp_path), Config())
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "elsewhere", Config(rules=("ours",)))


def test_a_name_that_the_catalogue_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"used twice: rules/archlint/unreadable-input\.yaml has it too"):
        load(workspace(tmp_path, unreadable_input=RULE), Config())


def test_a_subfolder_is_a_category(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    (folder / "events").mkdir(parents=True)
    (folder / "events" / "orders-over-http.yaml").write_text(RULE)
    (rule,) = load_folder(folder, tmp_path)
    assert (rule.category, rule.path) == ("events", "ours/events/orders-over-http.yaml")


def test_selectors_are_names_categories_and_globs() -> None:
    rules = load_builtin()
    assert [rule.name for rule in select(rules, ["unreadable-input"])] == ["unreadable-input"]
    assert {rule.category for rule in select(rules, ["archlint"])} == {"archlint"}
    assert [rule.name for rule in select(rules, ["un*-suppression"], ["unknown-*"])] == ["unused-suppression"]


def test_a_selector_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="did you mean 'unreadable-input'"):
        select(load_builtin(), ["unreadable-inputs"])
    with pytest.raises(ConfigError, match="no rule is left"):
        select(load_builtin(), ["archlint"], ["archlint"])
