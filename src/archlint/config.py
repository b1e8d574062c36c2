"""archlint.yaml: one file, at the root, never cascading; unknown keys are errors.

It may come with the tree that is scanned, so it is taken as data from a stranger: bounded in size, and without aliases.
"""

from __future__ import annotations

import datetime
import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import msgspec

from archlint.core.record import dataclass

if TYPE_CHECKING:
    import yaml

CONFIG_FILE = "archlint.yaml"
_SIZE_LIMIT = 500_000
_DEPTH_LIMIT = 20


class ConfigError(Exception):
    """archlint.yaml says something that archlint cannot take. The message says what, where, and what to do next."""


class ServiceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service given by hand: ``path`` is its directory from the root, ``images`` are image names without tags."""

    path: str | None = None
    images: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    owner: str | None = None
    labels: tuple[str, ...] = ()
    role: str | None = None


class ExceptionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agreed exception: findings of ``rule`` at ``path`` (a glob) or of ``service`` do not count.

    It holds up to and with the day ``until``; after that the findings return.
    """

    rule: str
    reason: str
    path: str | None = None
    service: str | None = None
    until: datetime.date | None = None


class RuleConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of one rule: another severity, and its options by name (checked against the rule)."""

    severity: str | None = None
    options: dict[str, Any] = {}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """All of archlint.yaml. ``exclude`` are .gitignore patterns, ``rules`` folders of custom rules, from the root."""

    services: dict[str, ServiceConfig] = {}
    libraries: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    sidecars: tuple[str, ...] = ()
    brokers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Literal["advice", "warning", "error", "never"] | None = None
    settings: dict[str, RuleConfig] = {}
    exceptions: tuple[ExceptionConfig, ...] = ()
    provided_elsewhere: tuple[str, ...] = ()
    """Hosts, secrets and accounts that another repository or team provides: they are unknown, not missing."""
    closed_world: bool = False
    test_paths: tuple[str, ...] = ()
    """More patterns of files that are no production code."""


@dataclass(frozen=True)
class Options:
    """What a run was asked for. ``paths`` only narrow what is reported; the whole workspace is always read."""

    paths: tuple[Path, ...] = ()
    cwd: Path = Path()
    config: Path | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    jobs: int | None = None
    use_cache: bool = True
    with_fixes: bool = False
    """Whether findings carry the replacements that would mend them."""
    today: datetime.date | None = None


def find_config(root: Path) -> Path | None:
    """The configuration file of a workspace, if it has one."""
    return next((root / name for name in (CONFIG_FILE, "archlint.yml") if (root / name).is_file()), None)


def load_config(path: Path | None) -> Config:
    """The configuration in that file; the defaults for None.

    Raises:
        ConfigError: the file is missing, is no YAML, or says something unknown; the message shows the line.
    """
    return Config() if path is None else _Document(path).config()


def lines_of_exceptions(path: Path) -> tuple[tuple[int, int, int], ...]:
    """Line, column and end column of the first line of each entry of ``exceptions:``, in order."""
    return _Document(path).exceptions()


class _Document:
    """A configuration file and its nodes, for errors that show their place."""

    def __init__(self, path: Path) -> None:
        import yaml

        if not hasattr(yaml, "CSafeLoader"):
            raise ConfigError("PyYAML lacks its C loader; install a PyYAML wheel, or libyaml with its headers")
        self.path = path
        try:
            if path.stat().st_size > _SIZE_LIMIT:
                raise ConfigError(f"{path} is larger than {_SIZE_LIMIT} bytes; that is no configuration")
            self.text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{path} is not UTF-8; save it as UTF-8") from None
        self.loader = yaml.CSafeLoader(self.text)
        try:
            depth = 0  # counted as the events come, before nodes are made: deep nesting costs libyaml quadratic time
            for event in yaml.parse(self.text, yaml.CSafeLoader):
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if isinstance(event, yaml.AliasEvent):
                    self.fail(event.start_mark, "aliases are not taken here; write the value again")
                if depth > _DEPTH_LIMIT:
                    self.fail(event.start_mark, "this is nested too deeply")
            self.node = self.loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            self.fail(error.problem_mark or error.context_mark, f"this is no YAML: {error.problem or error.context}")
        except (yaml.YAMLError, RecursionError) as error:
            raise ConfigError(f"{path} is no YAML: {error}") from None

    def config(self) -> Config:
        """All of it, checked from the leaves up."""
        if self.node is None:
            return Config()
        checked: Config = self.convert(self.node, Config, "archlint.yaml")
        return checked

    def exceptions(self) -> tuple[tuple[int, int, int], ...]:
        """Where the entries of ``exceptions:`` stand."""
        places = []
        for key, value in self.node.value if self.node is not None else ():
            if key.value == "exceptions":
                for item in value.value:
                    mark = item.start_mark
                    end = item.value[0][1].end_mark if item.value else item.end_mark
                    places.append((mark.line + 1, mark.column + 1, max(end.column, mark.column) + 1))
        return tuple(places)

    def convert(self, node: yaml.Node, wanted: Any, what: str) -> Any:
        """The node as that type."""
        import yaml

        options = [one for one in get_args(wanted) if one is not type(None)]
        if type(None) in get_args(wanted) and len(options) == 1:
            return None if node.tag == "tag:yaml.org,2002:null" else self.convert(node, options[0], what)
        if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
            return self.struct(node, wanted, what)
        origin = get_origin(wanted)
        if origin is dict and options[1] is not Any:
            pairs = self.pairs(node, what)
            return {name: self.convert(value, options[1], f"{what}: {name}") for name, (_, value) in pairs.items()}
        if origin is tuple:
            if not isinstance(node, yaml.SequenceNode):
                self.fail(node.start_mark, f"{what} is a list; write it as `- item` lines")
            return tuple(self.convert(item, options[0], f"an item of {what}") for item in node.value)
        try:
            value = self.loader.construct_object(node, deep=True)
            return msgspec.convert(value, wanted)
        except msgspec.ValidationError as error:
            hint = f"; it is one of {', '.join(options)}" if origin is Literal else ""
            self.fail(node.start_mark, f"{what}: {str(error).rstrip('.')}{hint}")
        except (ValueError, yaml.YAMLError, RecursionError) as error:
            self.fail(node.start_mark, f"{what}: {error}")

    def struct(self, node: yaml.Node, wanted: type[msgspec.Struct], what: str) -> Any:
        """The mapping as that struct; all its keys have to be fields."""
        types = get_type_hints(wanted)
        fields = {field.encode_name: field for field in msgspec.structs.fields(wanted)}
        values = {}
        if node.tag != "tag:yaml.org,2002:null":
            for name, (key, value) in self.pairs(node, what).items():
                if name not in fields:
                    close = difflib.get_close_matches(name, fields, n=1)
                    hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(sorted(fields))}"
                    self.fail(key.start_mark, f"unknown key {name!r}{hint}")
                values[fields[name].name] = self.convert(value, types[fields[name].name], name)
        for name, field in fields.items():
            if field.required and field.name not in values:
                self.fail(node.start_mark, f"{what} needs {name!r}; add it")
        return wanted(**values)

    def pairs(self, node: yaml.Node, what: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """The entries of a mapping by key."""
        import yaml

        if not isinstance(node, yaml.MappingNode):
            self.fail(node.start_mark, f"{what} is a mapping; write it as `key: value` lines")
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                self.fail(key.start_mark, f"{name!r} is given twice; remove one of them")
            found[name] = (key, value)
        return found

    def fail(self, mark: Any, problem: str) -> NoReturn:
        """Raise the error, with the line and a caret under its column."""
        if mark is None:
            raise ConfigError(f"{self.path.name}: {problem}")
        lines = self.text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        number = str(mark.line + 1)
        caret = " " * (len(number) + 3 + mark.column) + "^"
        place = f"{self.path.name}:{number}:{mark.column + 1}"
        raise ConfigError(f"{place}: {problem}\n{number} | {line}\n{caret}") from None
