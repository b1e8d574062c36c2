"""Functions on texts. Those that only cut, join, quote or move keep the pieces of a text with their places."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from archlint.core import yaml
from archlint.core.record import pattern
from archlint.core.tree import plain as plain_node
from archlint.model.deployment.helm.values import (
    OPEN,
    Origin,
    Piece,
    TemplateError,
    Value,
    computed,
    indented,
    joined,
    of_pieces,
    of_plain,
    pieces_of,
    plain,
    sliced,
    to_yaml,
)

_VERB = pattern(r"%(%|[-+# 0]*(\d+)?(?:\.(\d+))?([a-zA-Z]))")
_NESTED = pattern(r"\([^()]*[*+{|][^()]*\)[*+{?]|[*+}]\s*[*+{]|\\[1-9]|\(\?[=!<P]")
_WORD = pattern(r"[A-Za-z0-9]+")


def _int(value: Value) -> int:
    data = value.data
    if isinstance(data, bool) or data is None:
        return int(bool(data))
    if isinstance(data, (int, float)):
        return int(data)
    try:
        return int(float(str(data))) if str(data).strip() else 0
    except ValueError:
        return 0


def _quoted(arguments: list[Value]) -> Value:
    return joined([_in_quotes(one) for one in arguments if one.data is not None], " ")


def _in_quotes(value: Value) -> Value:
    text = value.text
    escaped = json.dumps(text, ensure_ascii=False)
    if escaped == f'"{text}"':
        return of_pieces((_mark('"'), *pieces_of(value), _mark('"')))
    at = computed(None, value).at
    return Value(escaped, at)


def _squoted(arguments: list[Value]) -> Value:
    parts = [of_pieces((_mark("'"), *pieces_of(one), _mark("'"))) for one in arguments if one.data is not None]
    return joined(parts, " ")


def _mark(text: str) -> Piece:
    return Piece(text, None, Origin.EXPRESSION)


def _trimmed(value: Value, left: str | None = None, right: str | None = None) -> Value:
    text = value.text
    start = len(text) - len(text.lstrip(left)) if left != "" else 0
    end = len(text.rstrip(right)) if right != "" else len(text)
    return sliced(value, start, max(start, end))


def _trim_suffix(arguments: list[Value]) -> Value:
    suffix, text = arguments[0].text, arguments[1].text
    return sliced(arguments[1], 0, len(text) - len(suffix)) if suffix and text.endswith(suffix) else arguments[1]


def _trim_prefix(arguments: list[Value]) -> Value:
    prefix, text = arguments[0].text, arguments[1].text
    return sliced(arguments[1], len(prefix), len(text)) if prefix and text.startswith(prefix) else arguments[1]


def _trunc(arguments: list[Value]) -> Value:
    count, text = _int(arguments[0]), arguments[1].text
    return sliced(arguments[1], 0, count) if count >= 0 else sliced(arguments[1], max(len(text) + count, 0), len(text))


def _substr(arguments: list[Value]) -> Value:
    start, end, text = _int(arguments[0]), _int(arguments[1]), arguments[2].text
    return sliced(arguments[2], max(start, 0), len(text) if end < 0 else end)


def _indent(arguments: list[Value], first: str = "") -> Value:
    width = _int(arguments[0])
    if not 0 <= width <= 200:
        raise TemplateError("indent by more than 200 columns")
    return indented(arguments[1], width, first=first)


def _printf(arguments: list[Value]) -> Value:
    pattern = arguments[0].text
    rest = arguments[1:]
    parts: list[Value] = []
    position = used = 0
    for match in _VERB.finditer(pattern):
        parts.append(sliced(arguments[0], position, match.start()))
        position = match.end()
        if match.group(1) == "%":
            parts.append(Value("%"))
            continue
        if used >= len(rest):
            parts.append(Value(f"%!{match.group(4)}(MISSING)"))
            continue
        parts.append(_formatted(match, rest[used]))
        used += 1
    parts.append(sliced(arguments[0], position, len(pattern)))
    return of_pieces(piece for one in parts for piece in pieces_of(one))


def _formatted(match: re.Match[str], value: Value) -> Value:
    verb, width, precision = match.group(4), match.group(2), match.group(3)
    if verb in "sv" and not width and not precision:
        if value.data is None:
            return Value("%!s(<nil>)" if verb == "s" else "<nil>")
        return value
    text = value.text
    if verb == "q":
        text = json.dumps(text, ensure_ascii=False)
    elif verb == "d":
        text = str(_int(value))
    elif verb in "fFgGe":
        number = value.data if isinstance(value.data, (int, float)) else 0
        text = f"{number:.{min(int(precision or 6), 50)}f}" if verb in "fF" else f"{number:g}"
    elif verb in "xX":
        text = f"{_int(value):x}" if isinstance(value.data, int) else text.encode().hex()
    elif verb == "t":
        text = value.text
    elif precision:
        text = text[: int(precision)]
    if width and int(width) <= 200:
        flags = match.group(1)
        text = text.zfill(int(width)) if flags.startswith("0") else text.rjust(int(width))
    return computed(text, value)


def _replaced(arguments: list[Value]) -> Value:
    old, new, text = arguments[0].text, arguments[1].text, arguments[2].text
    if old not in text:
        return arguments[2]
    if len(new) * max(text.count(old), 1) > 1_000_000:
        raise TemplateError("replace makes too much text")
    return computed(text.replace(old, new), arguments[2])


def _changed(change: Callable[[str], str]) -> Callable[[list[Value]], Value]:
    def apply(arguments: list[Value]) -> Value:
        text = arguments[-1].text
        return computed(text if text == OPEN else change(text), arguments[-1])

    return apply


def _hidden(change: Callable[[str], str]) -> Callable[[list[Value]], Value]:
    """For changes that nobody can undo: what is not known wholly is then not known at all."""

    def apply(arguments: list[Value]) -> Value:
        text = arguments[-1].text
        return Value(OPEN) if OPEN in text else computed(change(text), arguments[-1])

    return apply


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return OPEN


def _expression(value: Value, subject: str) -> re.Pattern[str]:
    """A regular expression that is sure to end: no repetition within one."""
    text = value.text
    if len(text) > 300 or len(subject) > 10_000 or _NESTED.search(text):
        raise TemplateError("a regular expression is not understood")
    try:
        return re.compile(text.replace("[[:alnum:]]", "[A-Za-z0-9]").replace("[[:space:]]", r"\s"))
    except re.error:
        raise TemplateError("a regular expression is not understood") from None


def _regex_match(arguments: list[Value]) -> Value:
    subject = arguments[1].text
    return Value(_expression(arguments[0], subject).search(subject) is not None)


def _regex_replace(arguments: list[Value]) -> Value:
    subject, new = arguments[1].text, arguments[2].text
    template = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", new.replace("\\", r"\\"))
    return computed(_expression(arguments[0], subject).sub(template, subject), arguments[1])


def _regex_find(arguments: list[Value]) -> Value:
    subject = arguments[1].text
    match = _expression(arguments[0], subject).search(subject)
    return computed(match.group() if match else "", arguments[1])


def _regex_find_all(arguments: list[Value]) -> Value:
    subject, limit = arguments[1].text, _int(arguments[2])
    found = [match.group() for match in _expression(arguments[0], subject).finditer(subject)]
    return of_plain(found if limit < 0 else found[:limit])


def _regex_split(arguments: list[Value]) -> Value:
    subject, limit = arguments[1].text, _int(arguments[2])
    return of_plain(_expression(arguments[0], subject).split(subject, max(limit - 1, 0)))


def _split_list(arguments: list[Value]) -> Value:
    parts = arguments[1].text.split(arguments[0].text) if arguments[0].text else list(arguments[1].text)
    return Value([computed(one, arguments[1]) for one in parts])


def _split(arguments: list[Value]) -> Value:
    return Value({f"_{index}": one for index, one in enumerate(_split_list(arguments).items)})


def _splitn(arguments: list[Value]) -> Value:
    parts = arguments[2].text.split(arguments[0].text, max(_int(arguments[1]) - 1, 0))
    return Value({f"_{index}": computed(one, arguments[2]) for index, one in enumerate(parts)})


def _join(arguments: list[Value]) -> Value:
    parts = arguments[1].items if isinstance(arguments[1].data, list) else [arguments[1]]
    return joined([one for one in parts if one.data is not None], arguments[0].text)


def _from_yaml(arguments: list[Value]) -> Value:
    text = arguments[0].text
    trees = yaml.parse(text, "").trees
    return of_plain(plain_node(trees[0])) if trees else Value({})


def _to_json(arguments: list[Value], indent: int | None = None) -> Value:
    separators = (",", ":") if indent is None else None
    text = json.dumps(plain(arguments[0]), ensure_ascii=False, sort_keys=True, separators=separators, indent=indent)
    at = computed(None, arguments[0]).at
    return Value(text, at)


def _snake(text: str) -> str:
    return re.sub(r"[\s\-.]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)).lower()


def _camel(text: str) -> str:
    return "".join(one[:1].upper() + one[1:] for one in _WORD.findall(text))


def _url_parse(arguments: list[Value]) -> Value:
    parts = urlsplit(arguments[0].text)
    return of_plain(
        {
            "scheme": parts.scheme,
            "host": parts.netloc.rpartition("@")[2],
            "hostname": parts.hostname or "",
            "path": parts.path,
            "query": parts.query,
            "fragment": parts.fragment,
            "userinfo": parts.netloc.rpartition("@")[0],
            "opaque": "",
        }
    )


def _url_join(arguments: list[Value]) -> Value:
    parts = {key: one.text for key, one in arguments[0].mapping.items()}
    scheme = f"{parts['scheme']}://" if parts.get("scheme") else "//"
    query = f"?{parts['query']}" if parts.get("query") else ""
    user = f"{parts['userinfo']}@" if parts.get("userinfo") else ""
    return Value(f"{scheme}{user}{parts.get('host', '')}{parts.get('path', '')}{query}")


TEXTS: dict[str, Callable[[list[Value]], Value]] = {
    "quote": _quoted,
    "squote": _squoted,
    "print": lambda arguments: joined(arguments, ""),
    "println": lambda arguments: joined([*arguments, Value("\n")], " "),
    "printf": _printf,
    "cat": lambda arguments: joined([one for one in arguments if one.data is not None], " "),
    "trim": lambda arguments: _trimmed(arguments[0]),
    "trimAll": lambda arguments: _trimmed(arguments[1], arguments[0].text, arguments[0].text),
    "trimSuffix": _trim_suffix,
    "trimPrefix": _trim_prefix,
    "trunc": _trunc,
    "substr": _substr,
    "abbrev": _trunc,
    "indent": _indent,
    "nindent": lambda arguments: _indent(arguments, "\n"),
    "nospace": _changed(lambda text: "".join(text.split())),
    "replace": _replaced,
    "lower": _changed(str.lower),
    "upper": _changed(str.upper),
    "title": _changed(lambda text: re.sub(r"\b\w", lambda match: match.group().upper(), text)),
    "untitle": _changed(lambda text: text[:1].lower() + text[1:]),
    "snakecase": _changed(_snake),
    "kebabcase": _changed(lambda text: _snake(text).replace("_", "-")),
    "camelcase": _changed(_camel),
    "toString": lambda arguments: arguments[0] if isinstance(arguments[0].data, str) else _text(arguments[0]),
    "toStrings": lambda arguments: Value([_text(one) for one in arguments[0].items]),
    "toYaml": lambda arguments: to_yaml(arguments[0]),
    "toYamlPretty": lambda arguments: to_yaml(arguments[0]),
    "toJson": _to_json,
    "toRawJson": _to_json,
    "toPrettyJson": lambda arguments: _to_json(arguments, 2),
    "toToml": lambda arguments: Value(OPEN),
    "fromYaml": _from_yaml,
    "fromJson": _from_yaml,
    "fromYamlArray": _from_yaml,
    "fromJsonArray": _from_yaml,
    "b64enc": _hidden(lambda text: base64.b64encode(text.encode()).decode()),
    "b64dec": _hidden(_decoded),
    "b32enc": _hidden(lambda text: base64.b32encode(text.encode()).decode()),
    "sha1sum": _hidden(lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()),
    "sha256sum": _hidden(lambda text: hashlib.sha256(text.encode()).hexdigest()),
    "sha512sum": _hidden(lambda text: hashlib.sha512(text.encode()).hexdigest()),
    "adler32sum": _hidden(lambda text: str(zlib.adler32(text.encode()))),
    "contains": lambda arguments: Value(arguments[0].text in arguments[1].text),
    "hasPrefix": lambda arguments: Value(arguments[1].text.startswith(arguments[0].text)),
    "hasSuffix": lambda arguments: Value(arguments[1].text.endswith(arguments[0].text)),
    "regexMatch": _regex_match,
    "regexReplaceAll": _regex_replace,
    "regexReplaceAllLiteral": _regex_replace,
    "regexFind": _regex_find,
    "regexFindAll": _regex_find_all,
    "regexSplit": _regex_split,
    "regexQuoteMeta": _changed(re.escape),
    "splitList": _split_list,
    "split": _split,
    "splitn": _splitn,
    "join": _join,
    "urlParse": _url_parse,
    "urlJoin": _url_join,
    "urlquery": _changed(lambda text: quote(text, safe="")),
    "base": _changed(lambda text: text.rpartition("/")[2]),
    "dir": _changed(lambda text: text.rpartition("/")[0] or "."),
    "ext": _changed(lambda text: "." + text.rpartition(".")[2] if "." in text else ""),
    "clean": _changed(lambda text: text),
    "html": _changed(lambda text: text),
    "js": _changed(lambda text: text),
}


def _text(value: Value) -> Value:
    return Value(value.text, value.at, value.pieces)
