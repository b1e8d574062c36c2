"""A source file in a language that archlint does not read in, the language out: by its extension, unopened."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import OtherSource
from archlint.core.source import SourceFile
from archlint.core.span import start_of

_EXTENSIONS = {
    "Go": ".go",
    "Java": ".java",
    "Kotlin": ".kt .kts",
    "Scala": ".scala",
    "Groovy": ".groovy",
    "Clojure": ".clj",
    "JavaScript": ".js .mjs .cjs .jsx .vue .svelte",
    "TypeScript": ".ts .tsx",
    "C#": ".cs",
    "F#": ".fs",
    "Rust": ".rs",
    "Ruby": ".rb",
    "PHP": ".php",
    "Elixir": ".ex .exs",
    "Erlang": ".erl",
    "Swift": ".swift",
    "Dart": ".dart",
    "C++": ".cpp .cc .cxx",
    "C": ".c",
    "Haskell": ".hs",
    "Lua": ".lua",
    "SQL": ".sql",
}
_LANGUAGES = {extension: language for language, names in _EXTENSIONS.items() for extension in names.split()}


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The file's language, if its extension says it."""
    name = file.name.lower()
    language = _LANGUAGES.get(name[name.rfind(".") :])
    if language:
        yield OtherSource(start_of(file.path), language)
