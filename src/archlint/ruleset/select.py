"""Which rules run: chosen by name, alias, category or glob. One that matches nothing is an error, not silence."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from archlint.config import ConfigError
from archlint.core.rule import Rule
from archlint.ruleset.errors import did_you_mean


def select(rules: Iterable[Rule], select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules that a selector of ``select`` names (all where there is none) and none of ``ignore`` does.

    Raises:
        ConfigError: a selector matches no rule, or no rule is left.
    """
    every = tuple(rules)
    chosen = _named(every, select) or {rule.name for rule in every}
    left_out = _named(every, ignore)
    result = tuple(rule for rule in every if rule.name in chosen and rule.name not in left_out)
    if not result:
        raise ConfigError("no rule is left to run: everything that is selected is also ignored")
    return result


def find(rules: Iterable[Rule], name: str) -> Rule:
    """The rule of that name or alias.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    every = tuple(rules)
    for rule in every:
        if name == rule.name or name in rule.aliases:
            return rule
    hint = did_you_mean(name, [rule.name for rule in every]) or "; `archlint rules` lists them"
    raise ConfigError(f"no rule is called {name!r}{hint}")


def _named(rules: tuple[Rule, ...], selectors: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for selector in selectors:
        matched = {rule.name for rule in rules if _matches(rule, selector)}
        if not matched:
            known = {rule.name for rule in rules} | {rule.category for rule in rules}
            hint = did_you_mean(selector, known) or "; `archlint rules` lists them"
            raise ConfigError(f"selector {selector!r} matches no rule or category{hint}")
        found |= matched
    return found


def _matches(rule: Rule, selector: str) -> bool:
    names = (rule.name, rule.category, f"{rule.category}/{rule.name}", *rule.aliases)
    return any(name == selector or fnmatchcase(name, selector) for name in names)
