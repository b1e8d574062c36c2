"""The words of a rule file: its first document in, a checked ``Rule`` out. Nothing is optional by accident.

Everything is checked here, once: keys, types, names, the subject, and every expression against the subject's fields.
"""

from __future__ import annotations

import yaml

from archlint.core.record import pattern
from archlint.core.rule import Autofix, Option, OptionValue, Rule, Severity
from archlint.core.system import SUBJECTS
from archlint.ruleset.compiled import CompileError, compile_rule
from archlint.ruleset.document import Source, compose, entries, pairs, plain, text, texts
from archlint.ruleset.errors import did_you_mean

REQUIRED = ("summary", "why", "fix", "severity", "since", "for", "when", "message")
OPTIONAL = ("references", "aliases", "at", "related", "options", "autofix", "tags", "ignorable")
OPTION_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "list": (tuple,),
}
KEBAB = pattern(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def read_rule(path: str, content: str, *, name: str, category: str, is_builtin: bool) -> Rule:
    """The rule that the first document of a rule file gives.

    Raises:
        RuleError: the document is no rule; it says what is wrong, where, and what was probably meant.
    """
    source = Source(path, content)
    if not KEBAB.fullmatch(name):
        raise source.error(f"a rule's name is its file's, in kebab-case: {name!r} is not")
    first = first_document(content)
    given = entries(source, compose(source, first), (*REQUIRED, *OPTIONAL), "a rule")
    for word in REQUIRED:
        if word not in given:
            raise source.error(f"the rule has no {word!r}")
    rule = Rule(
        name=name,
        category=category,
        summary=_sentence(source, given["summary"]),
        why=text(source, given["why"], "'why'"),
        fix=text(source, given["fix"], "'fix'"),
        severity=_severity(source, given["severity"]),
        since=text(source, given["since"], "'since'"),
        subject=_subject(source, given["for"]),
        when=_expression(source, given["when"], "'when'"),
        message=_sentence(source, given["message"], "'message'"),
        path=path,
        references=_references(source, given.get("references")),
        aliases=texts(source, given["aliases"], "'aliases'") if "aliases" in given else (),
        location=_expression(source, given["at"], "'at'") if "at" in given else None,
        related=_expression(source, given["related"], "'related'") if "related" in given else None,
        options=_options(source, given.get("options")),
        autofixes=_autofixes(source, given.get("autofix")),
        tags=texts(source, given["tags"], "'tags'") if "tags" in given else (),
        ignorable=_boolean(source, given["ignorable"], "'ignorable'") if "ignorable" in given else True,
        is_builtin=is_builtin,
        lines={word: source.line(node) for word, node in given.items()},
    )
    try:
        compile_rule(rule)
    except CompileError as error:
        node = _node_of(given, error.key, error.position)
        offset = error.error.offset + len(node.value) - len(node.value.lstrip())
        raise source.error(error.error.message, node, offset) from None
    return rule


def first_document(content: str) -> str:
    """The text before the first separator: a normal run reads no further, the examples come after it."""
    start = 4 if content.startswith("---\n") else 0
    end = content.find("\n---", start)
    while end >= 0 and content[end + 4 : end + 5].strip():
        end = content.find("\n---", end + 4)
    return content[start and 3 : end + 1] if end >= 0 else content[start and 3 :]


def check_option(option: Option, value: object) -> OptionValue:
    """The value as the option's type wants it.

    Raises:
        TypeError: it is of another type; the message says which is wanted.
    """
    if isinstance(value, list):
        value = tuple(value)
    wanted = OPTION_TYPES[option.type]
    if (isinstance(value, bool) and bool not in wanted) or not isinstance(value, wanted):
        raise TypeError(f"option {option.name!r} is of type {option.type}, {value!r} is not")
    if isinstance(value, tuple) and not all(isinstance(item, str) for item in value):
        raise TypeError(f"option {option.name!r} is a list of texts")
    return value  # type: ignore[return-value]


def _sentence(source: Source, node: yaml.Node, what: str = "'summary'") -> str:
    value = text(source, node, what)
    if "\n" in value:
        raise source.error(f"{what} is one line", node)
    return value


def _expression(source: Source, node: yaml.Node, what: str) -> str:
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith((":bool", ":int", ":float")):
        return str(node.value)
    return text(source, node, what)


def _severity(source: Source, node: yaml.Node) -> Severity:
    word = text(source, node, "'severity'")
    labels = {severity.label: severity for severity in Severity}
    if word not in labels:
        raise source.error(f"severity is one of {', '.join(labels)}{did_you_mean(word, labels)}", node)
    return labels[word]


def _subject(source: Source, node: yaml.Node) -> str:
    word = text(source, node, "'for'")
    if word not in SUBJECTS:
        raise source.error(f"unknown subject {word!r}{did_you_mean(word, SUBJECTS)}", node)
    return word


def _references(source: Source, node: yaml.Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    found = texts(source, node, "'references'")
    for reference, item in zip(found, node.value, strict=True):
        if not reference.startswith("https://"):
            raise source.error("a reference is an https:// address", item)
    return found


def _autofixes(source: Source, node: yaml.Node | None) -> tuple[Autofix, ...]:
    if node is None:
        return ()
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise source.error("'autofix' is a list of changes", node)
    return tuple(_autofix(source, one) for one in node.value)


def _autofix(source: Source, node: yaml.Node) -> Autofix:
    known = ("when", "in-call", "set-argument", "remove-argument", "append-statement", "append-to")
    given = entries(source, node, known, "a change of 'autofix'")
    if "set-argument" not in given and "remove-argument" not in given:
        raise source.error("a change of 'autofix' has 'set-argument' or 'remove-argument'", node)
    if ("append-statement" in given) is not ("append-to" in given):
        raise source.error("'append-statement' says what, and 'append-to' to which function: give both", node)
    arguments = []
    for key, name, value in pairs(source, given["set-argument"], "'set-argument'") if "set-argument" in given else ():
        arguments.append((_argument(source, key, name), text(source, value, f"the value of {name!r}")))
    return Autofix(
        when=_expression(source, given["when"], "'when'") if "when" in given else None,
        set_arguments=tuple(arguments),
        remove_arguments=_names(source, given.get("remove-argument"), "'remove-argument'"),
        calls=_names(source, given.get("in-call"), "'in-call'"),
        statement=_sentence(source, given["append-statement"], "'append-statement'")
        if "append-statement" in given
        else None,
        append_to=_expression(source, given["append-to"], "'append-to'") if "append-to" in given else None,
    )


def _names(source: Source, node: yaml.Node | None, what: str) -> tuple[str, ...]:
    """One name or a list of names."""
    if node is None:
        return ()
    if isinstance(node, yaml.SequenceNode):
        return tuple(_argument(source, item, text(source, item, f"an entry of {what}")) for item in node.value)
    return (_argument(source, node, text(source, node, what)),)


def _argument(source: Source, node: yaml.Node, name: str) -> str:
    if not (name.isidentifier() or (name.isascii() and name.isdigit())):
        raise source.error(f"an argument is a keyword's name, or a position: {name!r} is not", node)
    return name


def _node_of(given: dict[str, yaml.Node], key: str, position: int) -> yaml.Node:
    """The node that holds the expression: a key's own value, or what stands under it in one change of 'autofix'."""
    if not key.startswith("autofix "):
        return given[key]
    found: yaml.Node = given["autofix"].value[position]
    for word in key.split()[1:]:
        found = next(value for name, value in found.value if name.value == word)
    return found


def _boolean(source: Source, node: yaml.Node, what: str) -> bool:
    value = plain(source, node, what)
    if not isinstance(value, bool):
        raise source.error(f"{what} is true or false", node)
    return value


def _options(source: Source, node: yaml.Node | None) -> tuple[Option, ...]:
    if node is None:
        return ()
    return tuple(_option(source, key, name, value) for key, name, value in pairs(source, node, "'options'"))


def _option(source: Source, key: yaml.Node, name: str, node: yaml.Node) -> Option:
    if not KEBAB.fullmatch(name):
        raise source.error(f"an option's name is kebab-case: {name!r} is not", key)
    given = entries(source, node, ("type", "default", "summary"), "an option")
    for word in ("type", "default", "summary"):
        if word not in given:
            raise source.error(f"the option has no {word!r}", key)
    kind = text(source, given["type"], "'type'")
    if kind not in OPTION_TYPES:
        types = ", ".join(OPTION_TYPES)
        raise source.error(f"an option's type is one of {types}{did_you_mean(kind, OPTION_TYPES)}", given["type"])
    default = plain(source, given["default"], "'default'")
    option = Option(name, kind, default, text(source, given["summary"], "'summary'"))
    try:
        check_option(option, default)
    except TypeError as error:
        raise source.error(str(error), given["default"]) from None
    return option
