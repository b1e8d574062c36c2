"""Which code is production code: what a process of the system runs, no tests, examples, generated files and the like.

In: paths, the configuration, and the services with what their images and manifests start. Out: yes or no for a file.
A service's code counts from its entry points on: what no entry point starts or imports (a client that a developer runs
by hand, a script that makes test tokens) is no production code. Where no entry point is recognised, all of it counts.
"""

from __future__ import annotations

import shlex
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from archlint.config import Config
from archlint.core.facts.documents import ConfigValue, ShellScript
from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Display,
    Expression,
    Literal,
    PythonModule,
    Reference,
)
from archlint.core.record import pattern
from archlint.core.system.services import Service
from archlint.core.values import known
from archlint.model.draft import Draft
from archlint.model.paths import names

if TYPE_CHECKING:
    import pathspec


NON_PRODUCTION_DIRECTORIES = names(
    "test tests testing __tests__ test_suite integration_tests integration-tests unit_tests unittests e2e spec specs "
    "example examples sample samples codesamples code_samples code-samples doc docs documentation vendor vendored "
    "third_party third-party node_modules site-packages dist-packages venv .venv virtualenv .tox .nox .eggs "
    "__pypackages__ migrations alembic benchmark benchmarks bench loadtest loadtests load_test load_tests load-test "
    "load-tests perf_tests performance_tests locust notebooks"
)
_NON_PRODUCTION_FILE = pattern(
    r"(test_.*|.*_tests?|tests?|conftest|locustfile.*|.*_pb2(_grpc)?|setup|noxfile|fabfile|.*\.ipynb)\.pyi?"
)
_HAND_RUN_FILE = pattern(
    r"(.*[_-])?(client|demo|example|seed|seeder|populate|try|playground)([_-].*)?\.py|generate_.*\.py"
)
_ENTRY_FILES = names(
    "main.py __main__.py app.py server.py service.py run.py worker.py consumer.py wsgi.py asgi.py manage.py "
    "lambda_function.py"
)
APPLICATIONS = names(
    "flask.Flask fastapi.FastAPI fastapi.applications.FastAPI starlette.applications.Starlette quart.Quart sanic.Sanic "
    "sanic.app.Sanic bottle.Bottle falcon.API falcon.App falcon.asgi.App tornado.web.Application "
    "aiohttp.web.Application "
    "connexion.App connexion.FlaskApp connexion.AsyncApp connexion.AioHttpApp chalice.Chalice "
    "celery.Celery faust.App django.core.wsgi.get_wsgi_application django.core.asgi.get_asgi_application "
    "django.core.management.execute_from_command_line grpc.server grpc.aio.server grpclib.server.Server "
    "litestar.Litestar apistar.App robyn.Robyn faststream.FastStream nameko.runners.ServiceRunner"
)
_LOAD_GENERATORS = frozenset({"locust", "molotov", "boom", "taurus"})
_LOADS_BY_NAME = frozenset({"django", "celery", "connexion", "nameko", "airflow", "dagster", "pluggy", "stevedore"})
_PYTHON = pattern(r"(.*/)?(python|pypy)[0-9.]*$")
_SERVERS = names(
    "uvicorn gunicorn hypercorn daphne granian waitress-serve celery nameko faust flask fastapi streamlit uwsgi "
    "opentelemetry-instrument ddtrace-run newrelic-admin watchmedo dramatiq rq arq taskiq"
)
_SERVER_BASES = pattern(r"uvicorn|gunicorn|uwsgi|meinheld|hypercorn|starlette")
"""Base images that bring a command of their own: it starts an application under a usual name."""
_TARGET = pattern(r"([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)(?::[\w.()]+)?$")
_DOTTED = pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::\w+)?$")
_SHELL_BREAK = pattern(r"&&|\|\||[;|\n&]")
_PREFIXES = frozenset({"exec", "nohup", "time", "env", "then", "do", "else"})
_ASSIGNMENT = pattern(r"\w+=")
_MOST_STRINGS = 2000


def is_production(path: str, config: Config) -> bool:
    """Whether a file counts as production code by its path alone: no test, example, docs, vendored, generated or
    migration file, no benchmark or load test, no virtual environment, nothing that ``test-paths`` names."""
    directory, _, name = path.rpartition("/")
    if _is_aside(directory) or _NON_PRODUCTION_FILE.fullmatch(name):
        return False
    return not (config.test_paths and _patterns(config.test_paths).match_file(path))


@lru_cache(maxsize=4096)
def _is_aside(directory: str) -> bool:
    return any(
        one.lower() in NON_PRODUCTION_DIRECTORIES or (one.startswith(".") and one != "..")
        for one in directory.split("/")
    )


def reachable_from_entry_points(draft: Draft) -> frozenset[str]:
    """The paths of the Python files that the services' entry points start or import, directly or through others.

    Worked out once; to be asked only after the stage that finds services.
    """
    found = draft.memo.get("production")
    if not isinstance(found, frozenset):
        found = draft.memo["production"] = _reachable(draft)
    return found


def entry_points(draft: Draft, service: Service) -> tuple[str, ...]:
    """The paths of the Python files that a service's processes start, sorted; empty where none is recognised."""
    if service.directory is None:
        return ()
    candidates = _candidates(draft)
    paths = draft.memo.get("paths of production candidates")
    if not isinstance(paths, list):
        paths = draft.memo["paths of production candidates"] = sorted(candidates)
    first, after = 0, len(paths)
    if service.directory:  # in order of path, what lies in a directory stands together; "0" is the character after "/"
        first, after = (bisect_left(paths, service.directory + end) for end in "/0")
    modules = {path: candidates[path] for path in paths[first:after]}
    return tuple(sorted(_entry_points(draft, service, modules, _commands_by_service(draft))))


def service_name_at(draft: Draft, path: str) -> str | None:
    """The name of the service whose directory holds the path; of several the deepest."""
    by_directory = draft.memo.get("service directories")
    if not isinstance(by_directory, dict):
        by_directory = draft.memo["service directories"] = {
            one.directory: one.name for one in reversed(draft.services) if one.directory is not None
        }
    directory = path
    while directory:
        directory = directory.rpartition("/")[0]
        if directory in by_directory:
            return str(by_directory[directory])
    return None


def _reachable(draft: Draft) -> frozenset[str]:
    candidates = _candidates(draft)
    by_service: dict[str | None, dict[str, PythonModule]] = {}
    for path, module in candidates.items():
        by_service.setdefault(service_name_at(draft, path), {})[path] = module
    if not any(by_service.get(service.name) for service in draft.services):
        return frozenset(candidates)
    commands = _commands_by_service(draft)
    reached: set[str] = set()
    for service in draft.services:
        modules = by_service.get(service.name, {})
        if not modules or service.role == "test-tool":
            continue
        starts = _entry_points(draft, service, modules, commands)
        reached |= _closure(draft, starts, modules) if starts else set(modules)
    return frozenset(reached & candidates.keys())


def _candidates(draft: Draft) -> dict[str, PythonModule]:
    found = draft.memo.get("production candidates")
    if not isinstance(found, dict):
        found = draft.memo["production candidates"] = {
            path: module.facts
            for path, module in draft.program.modules.items()
            if is_production(path, draft.config) and not _imports(module.facts, _LOAD_GENERATORS)
        }
    return found


def _closure(draft: Draft, starts: Iterable[str], modules: dict[str, PythonModule]) -> set[str]:
    """All that the files import, by statement or by a dotted name in a string (``uvicorn.run("app.main:app")``)."""
    reached: set[str] = set()
    loads_by_name = False
    waiting = sorted(starts)
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        module = draft.program.modules.get(path)
        if module is None:
            continue
        if not loads_by_name and (_imports(module.facts, _LOADS_BY_NAME) or _imports_by_text(module.facts)):
            loads_by_name = True
            # A framework that loads modules by name or convention: what it loads cannot be followed.
            waiting.extend(modules)
        waiting.extend(draft.program.imports_of(path))
        for text in _dotted_texts(module.facts):
            name, target = text.partition(":")[0], None
            while target is None and name:
                target = draft.program.import_target(module, name)
                name = name.rpartition(".")[0]
            if target is not None:
                waiting.append(target.path)
    return reached


def _entry_points(
    draft: Draft, service: Service, modules: dict[str, PythonModule], commands: dict[str, list[tuple[str, ...] | None]]
) -> set[str]:
    started: set[str] = set()
    understood = True
    given = commands.get(service.name, [])
    for words in given:
        files = None if words is None else _started(draft, words, modules, service.directory or "")
        if files is None:
            understood = False
        else:
            started |= files
    started |= _scripts(draft, modules, service.directory or "")
    if started and understood and given:
        return started
    return started | _evident(modules)


def _evident(modules: dict[str, PythonModule]) -> set[str]:
    """Files that look like entry points: an application object, a ``__main__`` block, a usual name."""
    applications = {path for path, module in modules.items() if any(one.name in APPLICATIONS for one in module.calls)}
    mains = {path for path, module in modules.items() if module.main is not None or _is_handler(module)}
    if applications:
        mains = {path for path in mains if not _HAND_RUN_FILE.fullmatch(path.rpartition("/")[2])}
    named = {path for path in modules if path.rpartition("/")[2] in _ENTRY_FILES}
    return applications | mains | named


def _is_handler(module: PythonModule) -> bool:
    """A function of a serverless platform, or a nameko service."""
    for function in module.functions:
        if function.owner is None and [one.name for one in function.parameters] == ["event", "context"]:
            return True
    return any(one.module.split(".")[0] == "nameko" for one in module.imports)


def _commands_by_service(draft: Draft) -> dict[str, list[tuple[str, ...] | None]]:
    """What each service's images and containers start; None for a command that is not known."""
    found = draft.memo.get("commands")
    if isinstance(found, dict):
        return found
    commands: dict[str, list[tuple[str, ...] | None]] = {}
    for image in draft.images:
        if image.service is not None and image.is_production:
            command = known(image.command)
            if command == () and isinstance(image.base, str) and _SERVER_BASES.search(image.base):
                commands.setdefault(image.service, []).append(None)
            elif command != ():
                commands.setdefault(image.service, []).append(command)
    for container in draft.containers:
        if container.service is None:
            continue
        command, arguments = known(container.command), known(container.arguments)
        if command is None or arguments is None:
            commands.setdefault(container.service, []).append(None)
        elif command or arguments:
            commands.setdefault(container.service, []).append((*command, *arguments))
    draft.memo["commands"] = commands
    return commands


def _started(
    draft: Draft, words: tuple[str, ...], modules: dict[str, PythonModule], directory: str, depth: int = 0
) -> set[str] | None:
    """The files that a command starts, None where it is not understood."""
    found: set[str] = set()
    understood = False
    for part in _simple_commands(words):
        files = _started_by(part, modules, directory)
        if files is not None:
            understood = True
            found |= files
        elif depth < 3:
            script = _script(draft, part, directory)
            if script is not None:
                inner = _started(draft, (script,), modules, directory, depth + 1)
                if inner is not None:
                    understood = True
                    found |= inner
    return found if understood and found else None


def _simple_commands(words: tuple[str, ...]) -> Iterator[list[str]]:
    """The simple commands of an exec form, a shell form, or the text of a shell script."""
    if len(words) > 2 and words[0].rpartition("/")[2] in ("sh", "bash", "ash", "dash") and words[1].endswith("c"):
        words = (words[2],)
    if len(words) > 1:
        yield list(words)
        return
    for line in _SHELL_BREAK.split(words[0].replace("\\\n", " ") if words else ""):
        try:
            part = shlex.split(line, comments=True)
        except ValueError:
            part = line.split()
        while part and (part[0] in _PREFIXES or _ASSIGNMENT.match(part[0])):
            part = part[1:]
        if part:
            yield part


def _started_by(words: list[str], modules: dict[str, PythonModule], directory: str) -> set[str] | None:
    tools = {word.rpartition("/")[2] for word in words[:6]}
    if not (tools & _SERVERS or any(_PYTHON.match(word) for word in words[:6])):
        return None
    found: set[str] = set()
    takes_module = bool(tools & _SERVERS)
    for previous, word in zip(["", *words], words, strict=False):
        if word.endswith(".py") and not word.startswith("-"):
            found |= _files_ending(word, modules, directory)
        elif previous in ("-m", "-A", "--app", "--module", "-w", "run") or takes_module:
            name = word.partition("=")[2] if word.startswith(("--app=", "-A")) and "=" in word else word
            match = _TARGET.match(name)
            if match:
                found |= _modules_named(match[1], modules, directory)
    return found or None


def _files_ending(word: str, modules: dict[str, PythonModule], directory: str) -> set[str]:
    parts = [part for part in word.split("/") if part not in ("", ".", "..")]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        for prefix in (directory + "/" if directory else "", f"{directory}/src/" if directory else "src/"):
            if prefix + tail in modules:
                return {prefix + tail}
        matches = sorted((path for path in modules if path.endswith("/" + tail)), key=lambda one: (one.count("/"), one))
        if matches:
            return {matches[0]}
    return set()


def _modules_named(name: str, modules: dict[str, PythonModule], directory: str) -> set[str]:
    tail = name.replace(".", "/")
    found: set[str] = set()
    for ending in (f"{tail}.py", f"{tail}/__init__.py", f"{tail}/__main__.py"):
        exact = [prefix + ending for prefix in (directory + "/" if directory else "", f"{directory}/src/".lstrip("/"))]
        matches = [one for one in exact if one in modules] or sorted(
            (path for path in modules if path.endswith("/" + ending)), key=lambda one: (one.count("/"), one)
        )[:1]
        found.update(matches)
    if not found and "." in name:
        return _modules_named(name.rpartition(".")[0], modules, directory)
    return found


def _script(draft: Draft, words: list[str], directory: str) -> str | None:
    """The text of the shell script that a command runs."""
    for word in words[:2]:
        name = word.rpartition("/")[2]
        for script in _scripts_named(draft).get(name, ()):
            if _is_in(script.at.path, directory):
                return script.text
    return None


def _scripts_named(draft: Draft) -> dict[str, list[ShellScript]]:
    found = draft.memo.get("shell scripts")
    if isinstance(found, dict):
        return found
    scripts: dict[str, list[ShellScript]] = {}
    for script in draft.index.of(ShellScript):
        scripts.setdefault(script.at.path.rpartition("/")[2], []).append(script)
    draft.memo["shell scripts"] = scripts
    return scripts


def _scripts(draft: Draft, modules: dict[str, PythonModule], directory: str) -> set[str]:
    """Console scripts of the service's pyproject.toml."""
    found: set[str] = set()
    for fact in draft.index.at(f"{directory}/pyproject.toml".lstrip("/")):
        if (
            isinstance(fact, ConfigValue)
            and isinstance(fact.value, str)
            and fact.key.startswith(("project.scripts.", "tool.poetry.scripts."))
        ):
            found |= _modules_named(fact.value.partition(":")[0], modules, directory)
    return found


def _imports(module: PythonModule, packages: frozenset[str]) -> bool:
    return any(one.module.split(".")[0] in packages for one in module.imports if not one.level)


def _imports_by_text(module: PythonModule) -> bool:
    return any(one.name in ("importlib.import_module", "__import__", "pkgutil.iter_modules") for one in module.calls)


def _dotted_texts(module: PythonModule) -> Iterator[str]:
    """Texts that may name a module, in arguments and assigned values."""
    count = 0
    values: list[Expression] = [one.value for one in module.assignments]
    values += [argument.value for call in module.calls for argument in call.arguments]
    while values and count < _MOST_STRINGS:
        value = values.pop()
        count += 1
        if isinstance(value, Literal):
            if isinstance(value.value, str) and "." in value.value and _DOTTED.match(value.value):
                yield value.value
        elif isinstance(value, Display):
            values.extend(value.items)
        elif isinstance(value, Choice):
            values.extend(value.options)
        elif isinstance(value, Dictionary):
            values.extend(one for _, one in value.entries if not isinstance(one, Reference))


def _is_in(path: str, directory: str | None) -> bool:
    return directory is not None and (directory == "" or path.startswith(directory + "/"))


@lru_cache(maxsize=8)
def _patterns(patterns: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    import pathspec

    return pathspec.GitIgnoreSpec.from_lines(patterns)
