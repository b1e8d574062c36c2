"""Routes that are listed or registered one by one: lists of Starlette and aiohttp, Tornado's rules, what is mounted.

In: the expressions that the declarations of one module lead to. Out: mounts and routes, put into ``Served``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.core.facts.python import Argument, Display, Expression, Literal, PythonCall
from archlint.core.values import Unknown
from archlint.model.code.objects import Key, call_of, class_of, items_of, key_of, text_of
from archlint.model.code.serving.found import Found, Mount, exact, from_braces
from archlint.model.code.serving.frameworks import VERBS
from archlint.model.program.program import Module

if TYPE_CHECKING:
    from archlint.model.code.serving.declared import Declarations

AIOHTTP_MEMBERS = {f"add_{verb}": verb.upper() for verb in VERBS} | {
    "add_view": "",
    "add_static": "GET",
    "add_resource": "",
}
"""The methods of aiohttp's dispatcher that add a route, with the method that they serve."""

_STARLETTE = frozenset({"starlette.routing.Route", "starlette.routing.WebSocketRoute", "fastapi.routing.APIRoute"})


def read_list(declarations: Declarations, value: Expression, module: Module, parent: Key | None, prefix: str) -> None:
    """A list of Route objects (Starlette) or of ``web.get(...)`` (aiohttp)."""
    for item, where in items_of(declarations.draft, value, module):
        origin = declarations.draft.program.origin(item, where)
        if origin is None:
            declarations.served.opaque.append(Unknown("a list of routes is not read to its end"))
            continue
        call, place = origin
        key = key_of(call)
        callee = declarations.draft.program.callee(call, place)
        if key in declarations.served.routers or callee == "aiohttp.web.RouteTableDef":
            declarations.served.mount(Mount(parent, key, prefix or None))
        elif callee in _STARLETTE:
            path, handler = call.argument("path", 0), call.argument("endpoint", 1)
            if path is not None:
                written = text_of(declarations.draft, path.value, place)
                text = exact(str(written.value) if written else None, written.is_exact if written else False)
                name = declarations.draft.program.qualify(handler.value, place) if handler else ""
                member = "any" if callee.endswith("WebSocketRoute") else "route"
                methods = declarations.methods(call, member, "starlette", place)
                full = text if isinstance(text, Unknown) else from_braces(prefix + text)
                declarations.served.routes.append(
                    Found(call.at, full, methods, name, "starlette", parent, None, "http", call, place)
                )
        elif callee == "starlette.routing.Mount":
            inner, outer = call.argument("routes"), call.argument("path", 0)
            below = text_of(declarations.draft, outer.value, place) if outer else None
            if inner is not None and below is not None:
                read_list(declarations, inner.value, place, parent, prefix + str(below.value).rstrip("/"))
            elif below is not None and call.argument("app", 1) is not None:
                item_argument = call.argument("app", 1)
                assert item_argument is not None
                read_mounted(declarations, call, prefix + str(below.value), item_argument.value, place, parent)
        elif callee.startswith("aiohttp.web.") and len(call.arguments) > 1:
            verb = callee.rpartition(".")[2]
            if verb == "static":
                written = text_of(declarations.draft, call.arguments[0].value, place)
                if written is not None:
                    below_path = Literal(str(written.value).rstrip("/") + "/{path}")
                    declarations.add(call.at, below_path, ("GET",), "", "aiohttp", parent, place, "static")
                continue
            methods = (verb.upper(),) if verb in VERBS else ()
            handler_name = declarations.draft.program.qualify(call.arguments[1].value, place)
            value = call.arguments[0].value
            declarations.add(call.at, value, methods, handler_name, "aiohttp", parent, place, None, call)


def read_tornado(declarations: Declarations, value: Expression, module: Module) -> None:
    """The rules of a Tornado application: tuples or ``URLSpec`` objects of a pattern and a handler."""
    for item, where in items_of(declarations.draft, value, module):
        if isinstance(item, Display) and len(item.items) > 1:
            pattern, target = item.items[0], item.items[1]
            at = declarations.served.frameworks["tornado"]
        else:
            call = call_of(item, where)
            if call is None or len(call.arguments) < 2:
                continue
            pattern, target, at = call.arguments[0].value, call.arguments[1].value, call.at
        handler = declarations.draft.program.qualify(target, where)
        static = handler.endswith("StaticFileHandler")
        methods = declarations.verbs_of(handler)
        declarations.add(at, pattern, methods, handler, "tornado", None, where, "static" if static else None)


def read_aiohttp(declarations: Declarations, call: PythonCall, member: str, key: Key | None, module: Module) -> None:
    """``app.router.add_get(path, handler)`` and the like."""
    verb = AIOHTTP_MEMBERS.get(member, "")
    arguments = call.arguments
    path: Argument | None = call.argument("path", 0)
    handler: Argument | None = call.argument("handler", 1)
    if member == "add_route":
        path, handler = call.argument("path", 1), call.argument("handler", 2)
        verb_text = text_of(declarations.draft, arguments[0].value, module) if arguments else None
        verb = str(verb_text.value).upper() if verb_text is not None else ""
    if path is None:
        return
    if member == "add_static":
        prefix = text_of(declarations.draft, path.value, module)
        if prefix is not None:
            value = Literal(str(prefix.value).rstrip("/") + "/{path}")
            declarations.add(call.at, value, ("GET",), "", "aiohttp", key, module, "static")
        return
    methods = (verb,) if verb and verb != "*" else ()
    name = declarations.draft.program.qualify(handler.value, module) if handler is not None else ""
    declarations.add(call.at, path.value, methods, name, "aiohttp", key, module, None, call)


def read_mounted(
    declarations: Declarations, call: PythonCall, prefix: str, item: Expression, module: Module, parent: Key | None
) -> None:
    """An application mounted below a prefix: what is not known by its class may serve anything there."""
    if "://" in prefix:
        return  # an adapter of a requests session
    name = class_of(declarations.draft, item, module)
    if name.endswith("StaticFiles"):
        declarations.served.routes.append(
            Found(call.at, prefix.rstrip("/") + "/{path}", ("GET",), name, "starlette", parent, "static")
        )
    elif "make_asgi_app" in name or "metrics" in prefix:
        declarations.served.routes.append(Found(call.at, prefix, ("GET",), name, "starlette", parent, "metrics"))
    elif "graphql" in name.lower():
        declarations.served.routes.append(Found(call.at, prefix, (), name, "graphql", parent))
    else:
        declarations.served.opaque.append(Unknown(f"what is mounted at {prefix} is not read"))
