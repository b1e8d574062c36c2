"""Rules: YAML files in, judgements of one system out. ``rules/`` holds data only; this package is all that reads it."""

from archlint.ruleset.errors import RuleError
from archlint.ruleset.judge import judge, judge_all
from archlint.ruleset.load import load, load_builtin
from archlint.ruleset.select import find, select

__all__ = ["RuleError", "find", "judge", "judge_all", "load", "load_builtin", "select"]
