"""Whether serving runs a place of the code: by a module that a process imports, an application's start, a request.

In: a call. Out: a ``Start``: yes with the way that leads there, no where only command-line tools and hand-run scripts
lead there, UNKNOWN where nobody is seen to call it or the way is too long.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import Display, Expression, PythonCall, PythonFunction, Reference, Result, dotted
from archlint.core.record import dataclass, pattern
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.datastores.start_guards import conditions_hold
from archlint.model.code.objects import is_instance, member_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.production import makes_application
from archlint.model.program.program import Module

_MOST_HOPS = 8
_TOOL_FILE = pattern(
    r"(?i)(?:.*[_-])?(?:init|create|setup|migrat\w*|seed\w*|bootstrap|reset|drop|manage|populate|load|cli|commands?|script)"
    r"(?:[_-].*)?\.py"
)
_COMMAND = pattern(
    r"(?i)(?:^|\.)(?:click|typer|cli|manager|invoke|management|fire|commands?|task)(?:\.|$)|\.command$|^\?\.command$"
)
_STARTS = pattern(
    r"(?i)_*(?:(?:on|at|app|application|server|handle)?_?(?:startup|start_up|lifespan|ready|boot)(?:_event|_handler|_hook)?|"
    r"(?:create|make|build|get)_(?:flask_|fast_?api_)?app(?:lication)?|app_factory|init_app|configure_app|main|run|serve|"
    r"startup_\w+|lifespan_\w+|start_app|run_server|start_server)"
)
_MANAGEMENT = frozenset(
    {"django.core.management.base.BaseCommand", "django.core.management.BaseCommand", "flask_script.Command"}
)
_LIFECYCLE = frozenset({"setup", "start", "ready", "on_start", "startup", "on_startup", "before_serving"})
_TAKES_HOOKS = frozenset({"FastAPI", "Starlette", "Litestar", "APIRouter", "Sanic", "Quart"})


@dataclass(frozen=True)
class Start:
    """Whether serving runs it, and the places on the way, nearest to the start last."""

    serves: Truth
    chain: tuple[Place, ...] = ()


def start_of_call(draft: Draft, call: PythonCall, module: Module, service: str) -> Start:
    """Whether serving makes the call where the service is deployed for production."""
    return _Search(draft, service).of_call(call, module, 0)


class _Search:
    """One search upward, that sees each function once."""

    def __init__(self, draft: Draft, service: str) -> None:
        self._draft = draft
        self._service = service
        self._seen: set[tuple[str, str]] = set()

    def of_call(self, call: PythonCall, module: Module, hops: int) -> Start:
        """Whether the call is made."""
        holds = conditions_hold(self._draft, call, module, self._service)
        if holds is not True:
            return Start(holds)
        if call.function is None:
            return self._of_module(call, module)
        if hops > _MOST_HOPS:
            return Start(Unknown("called from too far away"))
        return self._of_function(module.facts.functions[call.function], module, hops)

    def _of_module(self, call: PythonCall, module: Module) -> Start:
        """Module level runs when a process imports or starts the file, below ``__main__`` only when it is started."""
        main = module.facts.main
        is_main = main is not None and call.at.line > main.line and call.at.column > 1
        place = Place(call.at, "runs when the process starts")
        if is_main or not _is_imported(self._draft, module.path):
            is_tool = _TOOL_FILE.fullmatch(module.path.rpartition("/")[2]) is not None
            if is_tool and not makes_application(module.facts):
                return Start(False)
        return Start(True, (place,))

    def _of_function(self, function: PythonFunction, module: Module, hops: int) -> Start:
        key = (module.path, f"{function.name}:{function.at.line}")
        if key in self._seen:
            return Start(False)
        self._seen.add(key)
        here = Place(function.at, f"in {function.name.rpartition('.')[2]}()")
        own = self._by_itself(function, module)
        if own is not None:
            return Start(own, (here,) if own is True else ())
        unknown: Start | None = None
        callers = self._own([*self._draft.program.callers(function, module), *self._made(function)])
        for call, home in callers or self._own(self._by_name(function)):
            found = self.of_call(call, home, hops + 1)
            if found.serves is True:
                return Start(
                    True, (Place(call.at, f"{function.name.rpartition('.')[2]}() is called here"), *found.chain)
                )
            unknown = found if isinstance(found.serves, Unknown) else unknown
        if function.parent is not None and not callers:
            return self._of_function(module.facts.functions[function.parent], module, hops + 1)
        if unknown is None and not callers and self._is_hook(function, module):
            return Start(True, (here,))
        return unknown or Start(False if callers else Unknown("nobody is seen to call it"))

    def _own(self, calls: Iterable[tuple[PythonCall, Module]]) -> list[tuple[PythonCall, Module]]:
        """The calls that the service's own processes may make."""
        scope = code_scope(self._draft)
        return [(call, home) for call, home in calls if self._service in scope.owners(home)]

    def _by_itself(self, function: PythonFunction, module: Module) -> Truth | None:
        """What the function's decorators, class and name tell; None where its callers do."""
        for decorator in function.decorators:
            name = _decorator(decorator, module)
            if _COMMAND.search(name):
                return False
            if name.rpartition(".")[2] not in (
                "staticmethod",
                "classmethod",
                "contextmanager",
                "asynccontextmanager",
                "cache",
                "lru_cache",
                "retry",
                "wraps",
                "inject",
                "abstractmethod",
            ):
                return True
        last = function.name.rpartition(".")[2]
        if function.owner is not None:
            if is_instance(self._draft, function.owner, _MANAGEMENT) is not None:
                return False
            bases = self._draft.program.bases(function.owner)
            from_library = isinstance(bases, Unknown) or bool(bases)
            return True if from_library and last in _LIFECYCLE else None
        return None

    def _is_hook(self, function: PythonFunction, module: Module) -> bool:
        """Whether an uncalled function is one that a server runs by its name."""
        if _TOOL_FILE.fullmatch(module.path.rpartition("/")[2]) and not makes_application(module.facts):
            return False
        return function.owner is None and _STARTS.fullmatch(function.name.rpartition(".")[2]) is not None

    def _made(self, function: PythonFunction) -> tuple[tuple[PythonCall, Module], ...]:
        """The calls that make an object whose constructor the function is, and hook lists that name the function."""
        if function.owner is not None:
            last = function.name.rpartition(".")[2]
            return self._draft.program.instantiated(function.owner) if last in ("__init__", "__post_init__") else ()
        return tuple(
            (call, home)
            for home in code_scope(self._draft).modules()
            for call in home.calls_named(_TAKES_HOOKS)
            for argument in call.arguments
            if isinstance(argument.value, Display)
            for item in argument.value.items
            if isinstance(item, Reference) and member_of(item) == function.name.rpartition(".")[2]
        )

    def _by_name(self, function: PythonFunction) -> tuple[tuple[PythonCall, Module], ...]:
        """Calls of a method by its name on an object that is not known."""
        last = function.name.rpartition(".")[2]
        if function.owner is None or last.startswith("__"):
            return ()
        return tuple(
            (call, home)
            for home in code_scope(self._draft).modules()
            for call in home.calls_named({last})
            if self._draft.program.callee(call, home).startswith("?")
        )


def _decorator(decorator: Expression, module: Module) -> str:
    if isinstance(decorator, Result):
        call = module.call(decorator.call)
        return call.name if call is not None else "?"
    return dotted(decorator)


def _is_imported(draft: Draft, path: str) -> bool:
    found = draft.memo.get("imported files")
    if not isinstance(found, frozenset):
        found = draft.memo["imported files"] = frozenset(
            target for module in code_scope(draft).modules() for target in draft.program.imports_of(module.path)
        )
    return path in found
