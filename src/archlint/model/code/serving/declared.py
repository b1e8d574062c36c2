"""Routes declared by decorators and by calls on a router, in the style of Flask, FastAPI, Sanic, aiohttp, Falcon.

In: one module's facts. Out: routers, mounts and routes, put into ``Served``.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Expression,
    Literal,
    PythonCall,
    PythonClass,
    PythonFunction,
    Reference,
    Template,
)
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.model.code.objects import (
    Key,
    base_of,
    call_of,
    class_of,
    items_of,
    key_of,
    member_of,
    methods_of,
    origin_key,
    text_of,
)
from archlint.model.code.serving.found import (
    Found,
    Mount,
    Router,
    Served,
    exact,
    from_angles,
    from_braces,
    from_regex,
)
from archlint.model.code.serving.frameworks import (
    ROUTER_CLASSES,
    STYLES,
    VERBS,
    own_prefix,
    prefix_of,
    router_class,
)
from archlint.model.code.serving.lists import (
    AIOHTTP_MEMBERS,
    read_aiohttp,
    read_list,
    read_mounted,
    read_tornado,
)
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_DECORATORS = VERBS | {"route", "api_route", "websocket", "websocket_route", "http", "page", "view", "any", "trace"}
_MOUNTING = frozenset(
    {
        "register_blueprint",
        "include_router",
        "mount",
        "add_namespace",
        "blueprint",
        "add_subapp",
        "add_routes",
        "register_api",
        "add_router",
        "register_blueprints",
        "init_app",
    }
)
_RESOURCES = frozenset(
    {
        "add_resource",
        "add_route",
        "add_view",
        "add_url_rule",
        "add_api_route",
        "add_websocket_route",
        "add_api_websocket_route",
    }
)
_GENERATED_METRICS = {
    "prometheus_flask_exporter.PrometheusMetrics": "/metrics",
    "prometheus_fastapi_instrumentator.Instrumentator.expose": "/metrics",
    "prometheus_fastapi_instrumentator.instrumentation.PrometheusFastApiInstrumentator.expose": "/metrics",
    "prometheus_client.start_http_server": "/metrics",
    "starlette_exporter.handle_metrics": "/metrics",
}
_GENERATED_HEALTH = {
    "healthcheck.HealthCheck": "/healthcheck",
    "flask_healthz.Healthz": "/healthz",
    "flask_healthz.healthz": "/healthz",
}


_MAKING = frozenset({"namespace", "default_app"})
_EXPOSING = frozenset({"expose", "start_http_server", "HealthCheck", "PrometheusMetrics", "Healthz", "handle_metrics"})
_REGISTERING = frozenset({*_MOUNTING, *_RESOURCES, *AIOHTTP_MEMBERS, *_EXPOSING, "add_api"})


class Declarations:
    """Collects what one service's modules declare."""

    def __init__(self, draft: Draft, served: Served) -> None:
        self.draft = draft
        self.served = served

    def read_routers(self, module: Module) -> None:
        """Take in the applications and routers that one module makes: all modules' before any module's routes."""
        makers = {name for name in module.called if name and (not name[0].islower() or name in _MAKING)}
        for call in module.calls_named(makers):
            self._made(call, module)

    def read(self, module: Module) -> None:
        """Take in the routes and mounts of one module."""
        for function in module.facts.functions:
            for decorator, at in zip(function.decorators, function.decorator_spans, strict=False):
                call = call_of(decorator, module)
                if call is not None and member_of(call.callee) in _DECORATORS:
                    self._decorated(call, at, function, module)
        for one in module.facts.classes:
            for decorator in one.decorators:
                call = call_of(decorator, module)
                if call is not None and member_of(call.callee) in ("route", "view", "resource"):
                    self._decorated_class(call, one, module)
        for call in module.calls_named(_REGISTERING):
            self._called(call, module)

    def _made(self, call: PythonCall, module: Module) -> None:
        name = member_of(call.callee)
        callee = self.draft.program.callee(call, module)
        kind = ROUTER_CLASSES.get(callee) or (router_class(self.draft, callee) if name[0].isupper() else None)
        if kind is None:
            return
        key = key_of(call)
        self.served.frameworks.setdefault(kind.framework, call.at)
        self.served.routers[key] = Router(
            key, kind.framework, kind.is_application, own_prefix(self.draft, call, kind, module), call.at, call, module
        )
        if name == "namespace":
            self.served.mount(Mount(origin_key(self.draft, base_of(call.callee), module), key, None))
        if kind.is_application and kind.framework == "flask" and name == "Api" and call.arguments:
            parent = origin_key(self.draft, call.arguments[0].value, module)
            if parent is not None:
                self.served.mount(Mount(parent, key, None))
        if kind.framework == "starlette":
            routes = call.argument("routes", 1)
            if routes is not None:
                read_list(self, routes.value, module, key, "")
        if kind.framework == "tornado" and call.arguments:
            read_tornado(self, call.arguments[0].value, module)
        if kind.framework == "connexion":
            self.served.opaque.append(Unknown("connexion serves what a contract says"))

    # Decorators

    def _decorated(self, call: PythonCall, at: Span, function: PythonFunction, module: Module) -> None:
        framework, router = self._framework(call, module)
        member = member_of(call.callee)
        if framework is None:
            return
        if framework == "nameko":
            if len(call.arguments) > 1:
                verbs = text_of(self.draft, call.arguments[0].value, module)
                methods = tuple(part.strip().upper() for part in str(verbs.value).split(",")) if verbs else ()
                self.add(
                    at, call.arguments[1].value, methods, function.name, "nameko", None, module, None, call, function
                )
            return
        argument = call.argument("path", 0) or call.argument("rule", 0) or call.argument("uri", 0)
        if argument is None and call.is_open:
            return
        if argument is None and framework != "bottle":
            return
        methods = self.methods(call, member, framework, module)
        kind = "html" if _answers_pages(call) else None
        value: Expression = argument.value if argument is not None else Literal("/" + _last(function.name))
        self.add(at, value, methods, function.name, framework, router, module, kind, call, function)

    def _framework(self, call: PythonCall, module: Module) -> tuple[str | None, Key | None]:
        callee = self.draft.program.callee(call, module)
        owner = callee.rpartition(".")[0]
        if owner == "bottle":
            return "bottle", None
        if callee in ("nameko.web.handlers.http", "nameko.web.handlers.HttpRequestHandler.decorator"):
            self.served.frameworks.setdefault("nameko", call.at)
            return "nameko", None
        kind = ROUTER_CLASSES.get(owner)
        if kind is None and owner and not owner.startswith("?"):
            kind = router_class(self.draft, owner)
        base = base_of(call.callee)
        key = origin_key(self.draft, base, module)
        if kind is not None:
            return kind.framework, key
        if key in self.served.routers:
            return self.served.routers[key].framework, key
        if callee.startswith("?"):
            # ``def register(app): @app.route(...)``: what is passed in is the application of the service's framework.
            return self._passed_in(module), None
        return None, None

    def _passed_in(self, module: Module) -> str | None:
        for one in module.facts.imports:
            top = one.module.split(".")[0]
            if top in ("flask", "fastapi", "sanic", "quart", "bottle"):
                return top
        return None

    def methods(self, call: PythonCall, member: str, framework: str, module: Module) -> tuple[str, ...]:
        """The methods that a declaration names, else those that its member or framework stands for."""
        if member in VERBS:
            return (member.upper(),)
        argument = call.argument("methods") or call.argument("method")
        if framework in ("bottle", "lambda") and argument is None:
            argument = call.argument("method", 1)
        if argument is not None:
            texts = [text_of(self.draft, item, where) for item, where in items_of(self.draft, argument.value, module)]
            return tuple(str(one.value).upper() for one in texts if one is not None)
        return () if member in ("websocket", "websocket_route", "any", "view") else ("GET",)

    def _decorated_class(self, call: PythonCall, one: PythonClass, module: Module) -> None:
        framework, router = self._framework(call, module)
        if framework is None:
            return
        methods = self.verbs_of(one.name)
        for argument in call.arguments:
            if argument.name is None:
                self.add(call.at, argument.value, methods, one.name, framework, router, module, None, call)

    # Calls

    def _called(self, call: PythonCall, module: Module) -> None:
        member = member_of(call.callee)
        if member in _MOUNTING:
            self._mounted(call, member, module)
        if member in _RESOURCES or member in AIOHTTP_MEMBERS:
            self._registered(call, member, module)
        if member == "add_api":
            self.served.opaque.append(Unknown("its routes come from a contract"))
        if member in _EXPOSING:
            callee = self.draft.program.callee(call, module)
            for table, kind in ((_GENERATED_METRICS, "metrics"), (_GENERATED_HEALTH, "health")):
                if callee in table:
                    given = next(
                        (
                            text_of(self.draft, one.value, module)
                            for one in call.arguments
                            if isinstance(one.value, Literal) and str(one.value.value).startswith("/")
                        ),
                        None,
                    )
                    path = str(given.value) if given else table[callee]
                    self.served.routes.append(Found(call.at, path, ("GET",), callee, "library", None, kind))

    def _mounted(self, call: PythonCall, member: str, module: Module) -> None:
        parent = origin_key(self.draft, base_of(call.callee), module)
        child_argument = call.argument("router", 0) or call.argument("blueprint", 0) or call.argument("bp", 0)
        prefix: str | Unknown | None = None
        replaces = False
        if member in ("include_router", "add_router"):
            argument = call.argument("prefix")
            if member == "add_router":
                argument, child_argument = call.argument("prefix", 0), call.argument("router", 1)
        elif member in ("mount", "add_subapp"):
            argument, child_argument = call.argument("path", 0), call.argument("app", 1) or call.argument("subapp", 1)
        elif member == "add_namespace":
            argument, replaces = call.argument("path", 1), True
        else:
            argument, replaces = call.argument("url_prefix"), True
        if argument is not None:
            prefix = prefix_of(self.draft, argument.value, module)
        elif call.is_open:
            prefix = Unknown("its arguments are not all seen")
        if child_argument is None:
            return
        if member == "add_routes":
            read_list(self, child_argument.value, module, parent, "")
            return
        for item, where in items_of(self.draft, child_argument.value, module):
            child = origin_key(self.draft, item, where)
            if child is not None and child in self.served.routers:
                self.served.mount(Mount(parent, child, prefix, replaces and prefix is not None, call, module))
            elif member == "mount" and isinstance(prefix, str):
                read_mounted(self, call, prefix, item, where, parent)
            elif member == "include_router" and isinstance(prefix, str):
                self.served.opaque.append(Unknown("a router that is not read is mounted"))

    def _registered(self, call: PythonCall, member: str, module: Module) -> None:
        framework, router = self._framework(call, module)
        callee = self.draft.program.callee(call, module)
        on_router = "aiohttp" in callee or callee.endswith(f"router.{member}")
        if member in AIOHTTP_MEMBERS and (on_router or (framework is None and member != "add_resource")):
            base = base_of(call.callee)
            owner = base_of(base) if base is not None and member_of(base) == "router" else base
            key = origin_key(self.draft, owner, module)
            if key in self.served.routers or any(_top(one.module) == "aiohttp" for one in module.facts.imports):
                read_aiohttp(self, call, member, key, module)
                return
        if member == "add_resource":
            for argument in call.arguments[1:]:
                if argument.name is None:
                    handler = self.draft.program.qualify(call.arguments[0].value, module)
                    verbs = self.verbs_of(handler)
                    self.add(call.at, argument.value, verbs, handler, "flask", router, module, None, call)
            return
        if member == "add_route" and (framework == "falcon" or callee.startswith("falcon.")):
            if len(call.arguments) > 1:
                handler = class_of(self.draft, call.arguments[1].value, module)
                verbs = tuple(
                    one.removeprefix("on_").upper() for one in methods_of(self.draft, handler) if one.startswith("on_")
                )
                self.add(call.at, call.arguments[0].value, verbs, handler, "falcon", router, module, None, call)
            return
        if framework is None and not callee.startswith("?"):
            return
        if framework is None:
            framework = self._passed_in(module)
            if framework is None:
                return
        self._added(call, member, framework, router, module)

    def _added(self, call: PythonCall, member: str, framework: str, router: Key | None, module: Module) -> None:
        """``add_url_rule``, ``add_api_route`` and Sanic's ``add_route(handler, path)``."""
        if framework == "sanic":
            path, view = call.argument("uri", 1), call.argument("handler", 0)
        else:
            path = call.argument("rule", 0) or call.argument("path", 0)
            view = call.argument("view_func", 2) or call.argument("endpoint", 1) or call.argument("route", 1)
        if path is None:
            return
        handler, methods = "", self.methods(call, member, framework, module)
        if view is not None:
            handler = self.draft.program.qualify(view.value, module)
            made = call_of(view.value, module)
            if made is not None and member_of(made.callee) == "as_view":
                owner = base_of(made.callee)
                handler = self.draft.program.qualify(owner, module) if owner is not None else ""
                if call.argument("methods") is None:
                    methods = self.verbs_of(handler)
        self.add(call.at, path.value, methods, handler, framework, router, module, None, call)

    def verbs_of(self, class_name: str) -> tuple[str, ...]:
        """The HTTP methods that a class has methods for."""
        found = methods_of(self.draft, class_name)
        return tuple(sorted(name.upper() for name in found if name in VERBS))

    def add(
        self,
        at: Span,
        value: Expression,
        methods: tuple[str, ...],
        handler: str,
        framework: str,
        router: Key | None,
        module: Module,
        kind: str | None = None,
        call: PythonCall | None = None,
        function: PythonFunction | None = None,
    ) -> None:
        """Take in a route, or one for each path of a list. ``call`` declares it on ``function``."""
        self.served.frameworks.setdefault(framework, at)
        for item, where in items_of(self.draft, value, module):
            written = text_of(self.draft, item, where)
            if written is None and not isinstance(item, Reference | Template) and isinstance(item, Unknown):
                computed = Unknown("its path is computed")
                self.served.routes.append(
                    Found(at, computed, methods, handler, framework, router, None, "http", call, module, function)
                )
                continue
            text = exact(str(written.value) if written else None, written.is_exact if written else False)
            if not isinstance(text, Unknown):
                style = STYLES.get(framework, "braces")
                if style == "braces":
                    text = from_braces(text)
                elif style == "regex":
                    text = from_regex(text)
                else:
                    text = from_angles(text, style == "angles")
            self.served.routes.append(
                Found(at, text, methods, handler, framework, router, kind, "http", call, module, function)
            )


def _answers_pages(call: PythonCall) -> bool:
    answer = call.argument("response_class")
    return answer is not None and member_of(answer.value) == "HTMLResponse"


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]
