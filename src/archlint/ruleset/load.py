"""Rule files in, rules out: the catalogue, then custom rules from ``.archlint/rules/`` and the folders of ``rules:``.

All go through the same code and checks. Names and categories are the files' paths. Settings of archlint.yaml are
applied here, so a loaded rule carries the severity and the option values that hold. Nothing is skipped in silence: a
folder without rules, a name used twice and a setting for a rule that does not exist are errors.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path

from archlint.config import Config, ConfigError, RuleConfig
from archlint.core.rule import Option, Rule, Severity
from archlint.ruleset.errors import RuleError, did_you_mean
from archlint.ruleset.schema import check_option, read_rule

CUSTOM_FOLDER = ".archlint/rules"
CUSTOM_CATEGORY = "custom"


def load(root: Path | str, config: Config) -> tuple[Rule, ...]:
    """All rules, sorted by category and name, with the settings of the configuration applied.

    Raises:
        RuleError: a rule file is wrong, or a name is used twice.
        ConfigError: a folder is missing or empty; a setting names no rule, or gives it what it cannot take.
    """
    rules = list(load_builtin())
    for folder in _custom_folders(Path(root), config):
        rules += load_folder(folder, shown_from=Path(root))
    by_name = _unique(rules)
    for name in (*config.settings, *(exception.rule for exception in config.exceptions)):
        if name not in by_name:
            raise ConfigError(
                f"archlint.yaml names the rule {name!r}, which does not exist{did_you_mean(name, by_name)}"
            )
    configured = [configure(rule, config.settings[name]) for name, rule in by_name.items() if name in config.settings]
    by_name.update({rule.name: rule for rule in configured})
    return tuple(
        sorted({rule.name: rule for rule in by_name.values()}.values(), key=lambda one: (one.category, one.name))
    )


@functools.cache
def load_builtin() -> tuple[Rule, ...]:
    """The catalogue as it is shipped: defaults, no configuration."""
    folder = builtin_folder()
    return tuple(
        read_rule_file(file, f"rules/{file.parent.name}/{file.name}", is_builtin=True)
        for file in sorted(folder.glob("*/*.yaml"))
    )


def load_folder(folder: Path, shown_from: Path) -> tuple[Rule, ...]:
    """The custom rules of a folder: those in subfolders have its name as category, the others ``custom``.

    Raises:
        ConfigError: there is no such folder, or no rule in it.
        RuleError: a rule file is wrong.
    """
    if not folder.is_dir():
        raise ConfigError(f"rules folder {folder} does not exist")
    files = sorted({*folder.glob("**/*.yaml"), *folder.glob("**/*.yml")})
    if not files:
        raise ConfigError(f"rules folder {folder} holds no rule (*.yaml)")
    return tuple(read_rule_file(file, shown_path(file, shown_from), is_builtin=False, top=folder) for file in files)


def read_rule_file(file: Path, shown: str, *, is_builtin: bool, top: Path | None = None) -> Rule:
    """The rule of one file.

    Raises:
        RuleError: it cannot be read, or is no rule.
    """
    try:
        content = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"cannot be read: {error}", shown) from None
    category = CUSTOM_CATEGORY if file.parent == top else file.parent.name
    return read_rule(shown, content, name=file.stem, category=category, is_builtin=is_builtin)


def builtin_folder() -> Path:
    """The catalogue's folder: in the wheel beside the packages, in a checkout at its top."""
    package = Path(__file__).parents[1]
    packed = package / "rules"
    return packed if packed.is_dir() else package.parents[1] / "rules"


def configure(rule: Rule, settings: RuleConfig) -> Rule:
    """The rule with the severity and options that archlint.yaml gives it.

    Raises:
        ConfigError: the severity or an option is unknown, or an option has the wrong type.
    """
    severity = rule.severity
    if settings.severity is not None:
        labels = {one.label: one for one in Severity}
        if settings.severity not in labels:
            hint = did_you_mean(settings.severity, labels)
            raise ConfigError(f"settings of {rule.name}: severity is one of {', '.join(labels)}{hint}")
        severity = labels[settings.severity]
    options = {option.name: option for option in rule.options}
    for name, value in settings.options.items():
        if name not in options:
            hint = did_you_mean(name, options) or f"; it has {', '.join(options) or 'none'}"
            raise ConfigError(f"settings of {rule.name}: the rule has no option {name!r}{hint}")
        options[name] = _configured(rule, options[name], value)
    return dataclasses.replace(rule, severity=severity, options=tuple(options.values()))


def shown_path(file: Path, root: Path) -> str:
    """The path as people should see it: from the root where it is below, else whole."""
    try:
        return file.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return file.as_posix()


def _configured(rule: Rule, option: Option, value: object) -> Option:
    try:
        return dataclasses.replace(option, default=check_option(option, value))
    except TypeError as error:
        raise ConfigError(f"settings of {rule.name}: {error}") from None


def _custom_folders(root: Path, config: Config) -> Iterable[Path]:
    standard = root / CUSTOM_FOLDER
    if standard.is_dir():
        yield standard
    for folder in config.rules:
        if (root / folder).resolve() != standard.resolve() or not standard.is_dir():
            yield root / folder


def _unique(rules: Iterable[Rule]) -> dict[str, Rule]:
    """The rules by name and alias, the name first."""
    found: dict[str, Rule] = {}
    for rule in rules:
        for name in (rule.name, *rule.aliases):
            if name in found:
                other = found[name].path
                raise RuleError(f"the name {name!r} is used twice: {other} has it too", rule.path)
            found[name] = rule
    return found
