"""Which code is production code: what a process of the system runs, no tests, examples, generated files and the like.

In: paths, the configuration, and the services with what their images and manifests start. Out: yes or no for a file.
A service's code counts from its entry points on: what no entry point starts or imports (a client that a developer runs
by hand, a script that makes test tokens) is no production code. Where no entry point is recognised, all of it counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from archlint.config import Config
from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Display,
    Expression,
    Literal,
    PythonModule,
    Reference,
    Result,
)
from archlint.core.record import pattern
from archlint.core.system.services import Service
from archlint.model.commands import commands_by_service, console_scripts, started_by
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
_TOOL_DIRECTORIES = names("scripts script tools hack ci devtools")
"""What developers and pipelines run by hand, as long as no image or manifest starts it."""
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
_APPLICATION_NAMES = frozenset({"app", "application", "api", "server", "wsgi", "asgi"})
_FRAMEWORKS = frozenset(one.partition(".")[0] for one in APPLICATIONS)
_LOAD_GENERATORS = frozenset({"locust", "molotov", "boom", "taurus"})
_LOADS_BY_NAME = frozenset({"django", "celery", "connexion", "nameko", "airflow", "dagster", "pluggy", "stevedore"})
_DOTTED = pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::\w+)?$")
_MOST_STRINGS = 2000


def is_production(path: str, config: Config) -> bool:
    """Whether a file counts as production code by its path alone: no test, example, docs, vendored, generated or
    migration file, no benchmark or load test, no virtual environment, nothing that ``test-paths`` names."""
    directory, _, name = path.rpartition("/")
    if _is_aside(directory) or _NON_PRODUCTION_FILE.fullmatch(name) or path.startswith("t/"):
        return False  # t/ is where Celery's family of projects has its tests
    return not (config.test_paths and _patterns(config.test_paths).match_file(path))


@lru_cache(maxsize=4096)
def _is_aside(directory: str) -> bool:
    return any(
        one.lower() in NON_PRODUCTION_DIRECTORIES or (one.startswith(".") and one != "..")
        for one in directory.split("/")
    )


def makes_application(module: PythonModule) -> bool:
    """Whether a file makes the application object of a web framework, worker or server."""
    if not any(one.module.partition(".")[0] in _FRAMEWORKS for one in module.imports):
        return False  # most files: their calls need not be decoded
    return any(one.name in APPLICATIONS for one in module.calls)


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
    return tuple(sorted(_entry_points(draft, service, modules, commands_by_service(draft))))


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
    commands = commands_by_service(draft)
    reached: set[str] = set()
    for service in draft.services:
        modules = by_service.get(service.name, {})
        if not modules or service.role == "test-tool":
            continue
        starts = _entry_points(draft, service, modules, commands)
        reached |= _closure(draft, starts, modules, service.directory or "") if starts else set(modules)
    return frozenset(reached & candidates.keys())


def _candidates(draft: Draft) -> dict[str, PythonModule]:
    found = draft.memo.get("production candidates")
    if not isinstance(found, dict):
        found = draft.memo["production candidates"] = {
            path: module.facts
            for path, module in draft.program.modules.items()
            if is_production(path, draft.config)
            and f"{path.removesuffix('.py')}/__init__.py" not in draft.program.modules  # Python takes the package
            and not _imports(module.facts, _LOAD_GENERATORS)
            and not _is_migration(module.facts)
        }
    return found


def is_alembic_environment(module: PythonModule) -> bool:
    """Whether the file is Alembic's ``env.py``, whatever it is called: it uses Alembic's context."""
    return any(line.module == "alembic" and line.name == "context" for line in module.imports)


def _is_migration(module: PythonModule) -> bool:
    """An Alembic environment or revision, wherever its folder lies and whatever it is called."""
    if not any(one.module.split(".")[0] == "alembic" for one in module.imports):
        return False
    if module.at.path.endswith("/env.py"):
        return True
    return any(
        type(one.target) is Reference and one.target.name.endswith(".down_revision") for one in module.assignments
    )


def _is_tool(path: str, modules: dict[str, PythonModule], directory: str) -> bool:
    """A script that stands in a folder of tools below the service's own directory: it has a main test, or is no module
    of a package and calls its own functions when it is started."""
    below = path.removeprefix(f"{directory}/" if directory else "").split("/")[:-1]
    if _TOOL_DIRECTORIES.isdisjoint(part.lower() for part in below):
        return False
    module = modules[path]
    if module.main is not None or f"{path.rpartition('/')[0]}/__init__.py" in modules:
        return module.main is not None
    own = {one.name for one in module.functions}
    return any(call.function is None and call.name in own for call in module.calls)


def _closure(draft: Draft, starts: Iterable[str], modules: dict[str, PythonModule], directory: str) -> set[str]:
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
            waiting.extend(one for one in modules if not _is_tool(one, modules, directory))
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
        files = None if words is None else started_by(draft, words, modules, service.directory or "")
        if files is None:
            understood = False
        else:
            started |= files
    started |= console_scripts(draft, modules, service.directory or "")
    if started and understood and given:
        return started
    return started | _evident(draft, modules, service.directory or "")


def _evident(draft: Draft, modules: dict[str, PythonModule], directory: str) -> set[str]:
    """Files that look like entry points: an application object, a ``__main__`` block, a usual name, or a factory's
    application under a server's usual name (``app = create_app()``, which FLASK_APP or a server's argument names)."""
    applications = {path for path, module in modules.items() if makes_application(module)}
    mains = {path for path, module in modules.items() if module.main is not None or _is_handler(module)}
    if applications:
        mains = {
            path
            for path in mains
            if not _HAND_RUN_FILE.fullmatch(path.rpartition("/")[2]) and not _is_tool(path, modules, directory)
        }
    named = {path for path in modules if path.rpartition("/")[2] in _ENTRY_FILES}
    return applications | mains | named | _made_by_factories(draft, applications, modules)


def _made_by_factories(draft: Draft, applications: set[str], modules: dict[str, PythonModule]) -> set[str]:
    """Files that keep, in a variable by a usual name, what a function of an application's file returns."""
    found = set()
    for path, facts in modules.items() if applications else ():
        module = draft.program.modules[path]
        for one in facts.assignments:
            value = one.value
            if type(value) is not Result or type(one.target) is not Reference or one.function is not None:
                continue
            call = module.call(value.call) if one.target.name.rpartition(".")[2] in _APPLICATION_NAMES else None
            if call is not None and any(
                home.path in applications for _, home in draft.program.called_functions(call, module)
            ):
                found.add(path)
    return found


def _is_handler(module: PythonModule) -> bool:
    """A function of a serverless platform, or a nameko service."""
    for function in module.functions:
        if function.owner is None and [one.name for one in function.parameters] == ["event", "context"]:
            return True
    return any(one.module.split(".")[0] == "nameko" for one in module.imports)


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


@lru_cache(maxsize=8)
def _patterns(patterns: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    import pathspec

    return pathspec.GitIgnoreSpec.from_lines(patterns)
