"""Debug switches and debug log levels: in code, in images, in manifests.

In: the services' code and the values of their environment variables. Out: DebugSettings. Refuses to take a switch that
the environment may turn off for a violation: only a value that is known to hold counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import Item, Literal, Member, PythonCall, Reference
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.services import DebugSetting
from archlint.core.system.workloads import EnvironmentVariable
from archlint.core.values import Place, Truth, Unknown, is_unknown
from archlint.model.code.names import words_of
from archlint.model.code.observability.instrumentation import launch_commands
from archlint.model.code.observability.log_found import level_name
from archlint.model.code.scope import CodeScope, ServiceCode, Surroundings, surroundings_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_APPLICATIONS = frozenset(
    [
        "fastapi.FastAPI",
        "fastapi.applications.FastAPI",
        "starlette.applications.Starlette",
        "litestar.Litestar",
        "sanic.Sanic",
        "quart.Quart",
        "tornado.web.Application",
        "aiohttp.web.Application",
    ]
)
_RUNNERS = pattern(
    r"(flask\.Flask|quart\.Quart|sanic\.Sanic|sanic\.app\.Sanic|flask_socketio\.SocketIO|connexion\.\w+|bottle\.Bottle|bottle|"
    r"flask_script\.Server|werkzeug\.serving|dash\.Dash|robyn\.Robyn|apiflask\.APIFlask|flask_openapi3\.OpenAPI)"
    r"\.(run|run_simple|run_server)$"
)
_FLASKS = ("flask", "quart", "connexion", "sanic", "flask_socketio", "apiflask", "flask_openapi3", "bottle", "dash")
_SERVERS = pattern(r"\b(gunicorn|uvicorn|hypercorn|waitress-serve|uwsgi|daphne|granian|mod_wsgi|flask\s+run)\b")
_RUNS_FILE = pattern(r"\bpython[0-9.]*\b")
_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_SWITCHES = frozenset(
    {"DEBUG", "FLASK_DEBUG", "DJANGO_DEBUG", "APP_DEBUG", "DEBUG_MODE", "ENABLE_DEBUG", "IS_DEBUG", "QUART_DEBUG"}
)
_MODES = frozenset({"FLASK_ENV", "QUART_ENV"})
_LEVEL_NAME = pattern(
    r"(^|_)LOG(GING)?_?LEVEL$|^LOGLEVEL$|^LOG_SEVERITY$|^(RUST|LOGURU|UVICORN|GUNICORN)_LOG(_LEVEL)?$"
)
_DEBUG_LEVELS = frozenset({"DEBUG", "TRACE", "ALL", "VERBOSE"})
_LEVEL_FLAG = pattern(r"--log[-_]level[= ]['\"]?(debug|trace)\b|--loglevel[= ]['\"]?(debug|trace)\b", re.IGNORECASE)
_DEBUG_FLAG = pattern(r"\bflask\b[^&|;\n]*\s--debug\b")
_DEVELOPMENT = frozenset({"dev", "devel", "development", "local", "test", "testing", "tests", "debug", "ci"})


def debug_settings(draft: Draft, scope: CodeScope) -> Iterator[DebugSetting]:
    """Every debug switch that is on."""
    for service in draft.services:
        if service.role in ("test-tool", "library"):
            continue
        code = scope.code(service.name)
        if code is not None:
            yield from _in_code(draft, code)
        yield from _in_environment(draft, service.name)
        yield from _at_launch(draft, service.name)


def _setting(
    service: str,
    kind: str,
    source: str,
    value: str,
    at: Span,
    production: Truth = True,
    related: tuple[Place, ...] = (),
) -> DebugSetting:
    return DebugSetting(
        at=at, name=value, key=f"{kind} {value} of {service}", service=service, kind=kind, source=source, value=value,
        is_production=production, related=related,
    )  # fmt: skip


_SETTING = frozenset({"run", "basicConfig", "setLevel", "add"})


def _in_code(draft: Draft, code: ServiceCode) -> Iterator[DebugSetting]:
    service = code.service.name
    arounds = [one for one in surroundings_of(draft, service) if one.is_production]
    if not arounds:
        return
    around = arounds[0]
    for module in code.own:
        if words_of(module.path.rpartition("/")[2]) & _DEVELOPMENT:
            continue
        imported = {one.module.split(".")[0] for one in module.facts.imports}
        debugging = {
            place
            for place, call in enumerate(module.facts.calls)
            for argument in call.arguments
            if argument.name == "debug"
        }
        for place in sorted(debugging.union(module.places_named(_SETTING))):
            call = module.facts.calls[place]
            last = call.name.rpartition(".")[2]
            if call.argument("debug") is not None or last == "run":
                yield from _application(draft, call, module, service, around, imported)
            if last == "basicConfig" and draft.program.callee(call, module) == "logging.basicConfig":
                level = call.argument("level")
                if level is not None and level_name(draft, level.value, module, around) in _DEBUG_LEVELS:
                    yield _setting(service, "log-level", "code", "logging.basicConfig(level=DEBUG)", level.at)
            elif last == "setLevel" and call.arguments and not call.branch and _is_logger(draft, call, module):
                if level_name(draft, call.arguments[0].value, module, around) in _DEBUG_LEVELS:
                    yield _setting(service, "log-level", "code", "setLevel(DEBUG)", call.at)
            elif last == "add" and call.name.startswith("loguru.") and call.argument("level") is not None:
                level = call.argument("level")
                if level is not None and level_name(draft, level.value, module, around) in _DEBUG_LEVELS:
                    yield _setting(service, "log-level", "code", "level=DEBUG", level.at)
            elif last == "run" and call.name == "uvicorn.run" and call.argument("log_level") is not None:
                level = call.argument("log_level")
                if level is not None and level_name(draft, level.value, module, around) in _DEBUG_LEVELS:
                    yield _setting(
                        service, "log-level", "code", "log_level=debug", level.at, _is_run(draft, call, module, service)
                    )
        yield from _assigned(draft, module, service, around, imported)


def _is_logger(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether ``x.setLevel`` sets the level of the root's or the module's logger.

    A handler's alone changes nothing; a logger whose name is put together (one for each job) is a log of its own.
    """
    name = draft.program.callee(call, module)
    if name in ("logging.root.setLevel", "flask.Flask.logger.setLevel"):
        return True
    base = call.callee.base if isinstance(call.callee, Member) else None
    if isinstance(call.callee, Reference):
        base = Reference(call.callee.name.rpartition(".")[0])
    made = draft.program.origin(base, module) if base is not None else None
    if made is None or draft.program.callee(*made) != "logging.getLogger":
        return False
    given = made[0].argument("name", 0)
    return given is None or isinstance(given.value, Literal | Reference)


def _application(
    draft: Draft, call: PythonCall, module: Module, service: str, around: Surroundings, imported: set[str]
) -> Iterator[DebugSetting]:
    name = draft.program.callee(call, module)
    argument = call.argument("debug")
    if name.endswith(".run") and argument is None and name.startswith("flask.Flask"):
        argument = call.argument("debug", 2)
    if argument is None:
        return
    is_run = bool(_RUNNERS.match(name)) or (
        name.endswith((".run", ".run_server"))
        and (name.startswith("?") or name.count(".") == 1 or "create_app" in name)
        and bool(imported & set(_FLASKS))
    )  # fmt: skip
    if not is_run and name not in _APPLICATIONS:
        return
    values = draft.program.evaluate(argument.value, module, around.lookup)
    if isinstance(values, Unknown) or not values or values[0].value is not True:
        return
    production = _is_run(draft, call, module, service) if is_run else True
    yield _setting(service, "debug-mode", "code", "debug=True", call.at, production, values[0].chain)


def _is_run(draft: Draft, call: PythonCall, module: Module, service: str) -> Truth:
    """Whether a call in a script's main part is made in production: not where a server imports the module instead."""
    if not _is_guarded(draft, call, module):
        return True
    file = module.path.rpartition("/")[2]
    served = started = False
    for text, _, _ in launch_commands(draft, service):
        for line in text.splitlines():
            if _SERVERS.search(line):
                served = True
            elif _RUNS_FILE.search(line) and (file in line or module.facts.name.rpartition(".")[2] in line):
                started = True
    if started:
        return True
    return not served


def _is_guarded(draft: Draft, call: PythonCall, module: Module) -> bool:
    main = module.facts.main
    if main is None:
        return False
    if call.function is None:
        return call.at.line >= main.line
    callers = draft.program.callers(module.facts.functions[call.function], module)
    return bool(callers) and all(
        one.function is None and where is module and one.at.line >= main.line for one, where in callers
    )


def _assigned(
    draft: Draft, module: Module, service: str, around: Surroundings, imported: set[str]
) -> Iterator[DebugSetting]:
    name = module.facts.name
    is_settings = "settings" in name.split(".") or name.rpartition(".")[2] in ("settings", "production", "prod")
    is_django = is_settings and any(
        isinstance(one.target, Reference) and one.target.name == f"{name}.INSTALLED_APPS"
        for one in module.facts.assignments
    )
    for one in module.facts.assignments:
        target = one.target
        switch = None
        if (
            isinstance(target, Reference)
            and target.name == f"{name}.DEBUG"
            and (is_django or name.endswith((".production", ".prod")))
        ):
            switch = "DEBUG = True"
        elif (
            isinstance(target, Item)
            and isinstance(target.key, Literal)
            and target.key.value == "DEBUG"
            and imported & set(_FLASKS)
        ):
            switch = 'config["DEBUG"] = True'
        elif isinstance(target, Reference) and target.name.endswith(".debug") and "flask" in imported:
            owner = target.name.rpartition(".")[0]
            made = draft.program.origin(Reference(owner), module)
            switch = "debug = True" if made is not None and draft.program.callee(*made) == "flask.Flask" else None
        elif (
            isinstance(target, Reference)
            and target.name.endswith(".DEBUG")
            and _is_used_profile(draft, target.name, module)
        ):
            switch = "DEBUG = True"
        if switch is None:
            continue
        values = draft.program.evaluate(one.value, module, around.lookup)
        if not isinstance(values, Unknown) and values and values[0].value is True:
            production: Truth = True
            if is_django and _is_settings_chosen_elsewhere(draft, module):
                production = Unknown("which settings module runs is not known")
            yield _setting(service, "debug-mode", "code", switch, one.at, production, values[0].chain)


def _is_settings_chosen_elsewhere(draft: Draft, module: Module) -> bool:
    """Whether another settings module of the project sets DEBUG too: it may be the one that production runs."""
    package = module.path.rpartition("/")[0]
    for other in draft.program.modules.values():
        if other is module or not (other.path.startswith(package + "/") or other.path.startswith(package + "_")):
            continue
        if any(
            isinstance(one.target, Reference) and one.target.name == f"{other.facts.name}.DEBUG"
            for one in other.facts.assignments
        ):
            return True
    return False


def _is_used_profile(draft: Draft, target: str, module: Module) -> bool:
    """Whether a class of settings (``class Config: DEBUG = True``) is the one that ``from_object`` loads."""
    owner = target.rpartition(".")[0]
    if owner == module.facts.name or words_of(owner.rpartition(".")[2]) & _DEVELOPMENT:
        return False
    used = draft.memo.get("loaded profiles")
    if not isinstance(used, set):
        used = draft.memo["loaded profiles"] = set(_loaded_profiles(draft))
    return owner in used


def _loaded_profiles(draft: Draft) -> Iterator[str]:
    for module in draft.program.modules.values():
        for call in module.calls_named({"from_object"}):
            if not call.name.endswith(".from_object") or not call.arguments:
                continue
            value = call.arguments[0].value
            if isinstance(value, Reference):
                yield draft.program.qualify(value, module)
            elif isinstance(value, Literal) and isinstance(value.value, str):
                head, _, tail = value.value.rpartition(".")
                target = draft.program.import_target(module, head) if head else None
                if target is not None:
                    yield f"{target.facts.name}.{tail}"


def _in_environment(draft: Draft, service: str) -> Iterator[DebugSetting]:
    containers = draft.containers_of(service)
    for container in containers:
        for variable in container.variables:
            kind = _kind_of(variable)
            if kind is not None:
                value = f"{variable.name}={variable.value}"
                yield _setting(service, kind, "manifest", value, variable.at, container.is_production, variable.chain)
    for image in draft.images:
        if image.service != service:
            continue
        for variable in image.variables:
            kind = _kind_of(variable)
            overridden = [
                any(one.name == variable.name and one.source != "image" for one in container.variables)
                for container in containers
                if container.is_production
            ]
            if kind is not None and not (overridden and all(overridden)):
                value = f"{variable.name}={variable.value}"
                yield _setting(service, kind, "image", value, variable.at, image.is_production)


def _kind_of(variable: EnvironmentVariable) -> str | None:
    value = variable.value
    if not isinstance(value, str):
        return None
    if variable.name in _SWITCHES:
        return "debug-mode" if value.strip().lower() in _TRUE else None
    if variable.name in _MODES:
        return "debug-mode" if value.strip().lower() == "development" else None
    if _LEVEL_NAME.search(variable.name.upper()):
        return "log-level" if value.strip().upper() in _DEBUG_LEVELS else None
    return None


def _at_launch(draft: Draft, service: str) -> Iterator[DebugSetting]:
    for container in draft.containers_of(service):
        text = " ".join(
            word
            for given in (container.command, container.arguments)
            if not isinstance(given, Unknown)
            for word in given
        )
        found = _LEVEL_FLAG.search(text) or _DEBUG_FLAG.search(text)
        if found:
            kind = "log-level" if "log" in found[0] else "debug-mode"
            yield _setting(service, kind, "manifest", found[0].strip(), container.at, container.is_production)
    overridden = any(
        container.command for container in draft.containers_of(service) if not is_unknown(container.command)
    )
    for image in draft.images:
        if image.service == service and not isinstance(image.command, Unknown) and not overridden:
            text = " ".join(image.command)
            found = _LEVEL_FLAG.search(text) or _DEBUG_FLAG.search(text)
            if found:
                kind = "log-level" if "log" in found[0] else "debug-mode"
                yield _setting(service, kind, "image", found[0].strip(), image.at, image.is_production)
