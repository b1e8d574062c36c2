"""archlint.yaml: strict, and every error shows its place and what to do."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from archlint.config import Config, ConfigError, ExceptionConfig, RuleConfig, ServiceConfig, find_config, load_config
from archlint.config import lines_of_exceptions as lines


def load(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "archlint.yaml"
    file.write_text(text)
    return load_config(file)


def test_everything_can_be_set(tmp_path: Path) -> None:
    text = (
        "services:\n  orders: {path: src/orders, images: [shop/orders], owner: team-a}\n  billing:\n"
        "exclude: [legacy/]\nfail-on: error\nclosed-world: true\nprovided-elsewhere: [vault]\n"
        "settings:\n  deep-synchronous-chain:\n    severity: error\n    options: {max-hops: 4}\n"
        "exceptions:\n  - rule: a\n    path: x/**\n    reason: agreed\n    until: 2027-01-31\n"
    )
    assert load(tmp_path, text) == Config(
        services={
            "orders": ServiceConfig(path="src/orders", images=("shop/orders",), owner="team-a"),
            "billing": ServiceConfig(),
        },
        exclude=("legacy/",),
        fail_on="error",
        closed_world=True,
        provided_elsewhere=("vault",),
        settings={"deep-synchronous-chain": RuleConfig("error", {"max-hops": 4})},
        exceptions=(ExceptionConfig("a", "agreed", path="x/**", until=datetime.date(2027, 1, 31)),),
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "\ufeff# with a byte-order mark\n"])
def test_an_empty_file_sets_nothing(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exlude: [a]\n", "archlint.yaml:1:1: unknown key 'exlude'; did you mean 'exclude'?\n1 | exlude: [a]\n    ^"),
        (
            "services:\n  orders: {pth: x}\n",
            "archlint.yaml:2:12: unknown key 'pth'; did you mean 'path'?\n2 |   orders: {pth: x}\n               ^",
        ),
        (
            "exclude: a\n",
            "archlint.yaml:1:10: exclude is a list; write it as `- item` lines\n1 | exclude: a\n             ^",
        ),
        (
            "exceptions:\n- rule: a\n",
            "archlint.yaml:2:3: an item of exceptions needs 'reason'; add it\n2 | - rule: a\n      ^",
        ),
        (
            "closed-world: perhaps\n",
            "archlint.yaml:1:15: closed-world: Expected `bool`, got `str`\n"
            "1 | closed-world: perhaps\n                  ^",
        ),
        (
            "rules: [a]\nrules: [b]\n",
            "archlint.yaml:2:1: 'rules' is given twice; remove one of them\n2 | rules: [b]\n    ^",
        ),
        ("- a\n", "archlint.yaml:1:1: archlint.yaml is a mapping; write it as `key: value` lines\n1 | - a\n    ^"),
        (
            "rules: &a [x]\nselect: *a\n",
            "archlint.yaml:2:9: aliases are not taken here; write the value again\n2 | select: *a\n            ^",
        ),
    ],
)
def test_an_error_shows_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["a: [\n", "a: 1\n\tb: 2\n", "a: !!python/object:os.system {}\n", "\x00", "a: 1\n---\nb: 1\n"]
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, text)


def test_severities_of_fail_on_are_fixed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="it is one of advice, warning, error, never"):
        load(tmp_path, "fail-on: errors\n")


def test_a_file_that_is_missing_large_or_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "gone.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_bytes(b"#" * 600_000)
    with pytest.raises(ConfigError, match="larger than"):
        load_config(tmp_path / "b.yaml")


def test_nesting_is_no_way_to_break_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, "exclude: " + "[" * 100_000)  # would take libyaml half a minute


def test_the_places_of_exceptions_are_known(tmp_path: Path) -> None:
    file = tmp_path / "archlint.yaml"
    file.write_text("rules: []\nexceptions:\n  - rule: a\n    reason: b\n\n  - {rule: c, reason: d}\n")
    assert lines(file) == ((3, 5, 12), (6, 5, 13))


def test_the_file_is_found_at_the_root(tmp_path: Path) -> None:
    assert find_config(tmp_path) is None
    (tmp_path / "archlint.yml").write_text("")
    assert find_config(tmp_path) == tmp_path / "archlint.yml"
