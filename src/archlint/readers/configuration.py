"""Configuration files in, one value a setting out, whatever the format: YAML, JSON, TOML, INI, properties, nginx,
``key value`` lines, Procfiles, private keys. Formats without a grammar of their own are read line by line and never
refused; YAML, JSON and TOML that cannot be parsed are gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ConfigValue
from archlint.core.source import SourceFile
from archlint.core.span import Span
from archlint.core.tree import Mapping, Node, Scalar
from archlint.readers import toml, yaml
from archlint.readers.positions import Positions

VALUE_LIMIT = 20_000
"""Files with more values than that are data, not configuration: the rest is left out."""
KEY_SHOWN = 40
"""Characters of a private key that stand in its fact: enough to tell it from a placeholder, no more."""

_JSON_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NOT_BREAK = re.compile(r"[^\n]")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_SECTION = re.compile(r"\[([^\]\n]+)\][ \t]*(?:[#;]|$)")
_SETTING = re.compile(r"(?P<key>[^\s=:#;\[][^=:\n]*)[=:][ \t]*(?P<value>.*)")
_WORDS = re.compile(r"(?P<key>[^\s#;]+)[ \t]*(?P<value>.*)")
_PROPERTY = re.compile(r"(?P<key>(?:[^\\\s=:#!]|\\.)+)(?:[ \t]*[=:])?[ \t]*(?P<value>.*)")
_COMMENT = re.compile(r"(?<=[ \t])[#;]")
_PROCESS = re.compile(r"(?P<key>[\w\-]+):[ \t]*(?P<value>.+)")
_NGINX = re.compile(r"[{;][ \t]*(?:#.*)?\r?$", re.MULTILINE)
_NGINX_TOKEN = re.compile(
    r"#[^\n]*|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[{};]|(?:\$\{[^}\n]*\}|[^\s{};\"'])+", re.DOTALL
)


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The values of the file, then its gaps."""
    extension = file.name[file.name.rfind(".") :].lower() if "." in file.name else ""
    if extension == ".toml":
        tree, gaps = toml.read_toml(file)
        if tree:
            yield from _values(tree, "toml")
        yield from gaps
        return
    try:
        text = file.text
    except UnicodeError as error:
        if extension not in (".pem", ".key"):  # those may well be binary
            yield yaml.encoding_gap(file.path, error)
        return
    positions = Positions(file.path, text)
    if key := _PRIVATE_KEY.search(text, 0, 8192):
        if "ENCRYPTED" not in text[key.start() : key.start() + 200]:
            shown = text[key.start() : key.end() + KEY_SHOWN].rstrip()
            yield ConfigValue(positions.span(key.start(), key.end()), "private_key", shown, "pem")
    elif extension in (".yaml", ".yml", ".json", ".jsonc"):
        is_json = extension.startswith(".json")
        documents = yaml.parse(_without_comments(text) if is_json and "/" in text else text, file.path)
        for document in documents.trees:
            yield from _values(document, "json" if is_json else "yaml")
        yield from documents.gaps
    elif file.name == "Procfile":
        yield from _by_line(text, positions, _PROCESS, "procfile")
    elif extension == ".properties":
        yield from _by_line(text, positions, _PROPERTY, "properties")
    elif extension in (".conf", "") and _NGINX.search(text):
        yield from _nginx(text, positions)
    elif extension in (".conf", ""):
        lines = (line.strip() for line in text.split("\n"))
        is_ini = any(line[:1] == "[" or "=" in line for line in lines if line[:1] not in ("#", ";"))
        yield from _ini(text, positions) if is_ini else _by_line(text, positions, _WORDS, "conf")
    elif extension not in (".pem", ".key"):
        yield from _ini(text, positions)


def _without_comments(text: str) -> str:
    return _JSON_COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else _NOT_BREAK.sub(" ", match[0]), text)


def _values(root: Node, name: str) -> Iterator[ConfigValue]:
    """Every scalar below, in document order; iteratively, as it runs over data of any size."""
    waiting: list[tuple[str, Span, Node]] = [("", root.at, root)]
    left = VALUE_LIMIT
    while waiting and left:
        key, key_at, node = waiting.pop()
        if isinstance(node, Scalar):
            if key:
                left -= 1
                yield ConfigValue(key_at if node.text == "" else node.at, key, node.value, name)
            continue
        prefix = f"{key}." if key else ""
        if isinstance(node, Mapping):
            waiting.extend((f"{prefix}{one.key}", one.at, one.value) for one in reversed(node.entries))
        else:
            last = len(node.items) - 1
            waiting.extend((f"{prefix}{last - n}", item.at, item) for n, item in enumerate(reversed(node.items)))


def _found(positions: Positions, offset: int, match: re.Match[str], prefix: str, name: str) -> ConfigValue:
    """The setting that the pattern found; ``offset`` is where the matched text begins in the file."""
    key, value = match["key"].rstrip(), match["value"].rstrip()
    if name in ("ini", "conf") and (comment := _COMMENT.search(match.string, match.start("value"), match.end("value"))):
        value = match.string[match.start("value") : comment.start()].rstrip()
    begin = offset + (match.start("value") if value else match.start("key"))
    at = positions.span(begin, begin + len(value or key))
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return ConfigValue(at, prefix + key, value, name)


def _by_line(text: str, positions: Positions, pattern: re.Pattern[str], name: str) -> Iterator[ConfigValue]:
    offset = 0
    for line in text.split("\n"):
        content = line.lstrip()
        if content and content[0] not in "#!;" and (match := pattern.match(content)):
            yield _found(positions, offset + len(line) - len(content), match, "", name)
        offset += len(line) + 1


def _ini(text: str, positions: Positions) -> Iterator[ConfigValue]:
    """INI as configparser reads it: an indented line goes on with the value above it."""
    section = ""
    offset = 0
    last: ConfigValue | None = None
    more: list[str] = []
    end = 0
    for raw in text.split("\n"):
        line = raw.rstrip()
        content = line.lstrip()
        if not content or content[0] in "#;":
            pass
        elif last and line[0] in " \t" and content[0] != "[":
            more.append(content)
            end = offset + len(line)
        else:
            if last:
                yield _joined(last, more, end, positions)
                last, more = None, []
            if header := _SECTION.match(content):
                section = header[1].strip() + "."
            elif match := _SETTING.match(content):
                last = _found(positions, offset + len(line) - len(content), match, section, "ini")
        offset += len(raw) + 1
    if last:
        yield _joined(last, more, end, positions)


def _joined(first: ConfigValue, more: list[str], end: int, positions: Positions) -> ConfigValue:
    if not more:
        return first
    stop = positions.span(end, end)
    at = Span(first.at.path, first.at.line, first.at.column, stop.line, stop.column)
    return ConfigValue(at, first.key, "\n".join([*([str(first.value)] if first.value else []), *more]), "ini")


def _nginx(text: str, positions: Positions) -> Iterator[ConfigValue]:
    """Directives, with the blocks around them as their prefix: ``http.server.location /api.proxy_pass``."""
    blocks: list[str] = []
    words: list[re.Match[str]] = []
    for token in _NGINX_TOKEN.finditer(text):
        word = token[0]
        if word[0] == "#":
            continue
        if word == "{":
            blocks.append(" ".join(one[0] for one in words)[:200] or "?")
            words = []
            if len(blocks) > yaml.DEPTH_LIMIT:
                return
        elif word in (";", "}"):
            if words:
                value = [one[0] for one in words[1:]]
                first, last = (words[1], words[-1]) if value else (words[0], words[0])
                text_of = value[0][1:-1] if len(value) == 1 and value[0][0] in "'\"" else " ".join(value)
                at = positions.span(first.start(), last.end())
                yield ConfigValue(at, ".".join([*blocks, words[0][0]]), text_of, "nginx")
            words = []
            if word == "}" and blocks:
                blocks.pop()
        else:
            words.append(token)
