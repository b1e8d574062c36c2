"""Which classes of which libraries serve: what applications and routers are called, and how they write paths."""

from __future__ import annotations

from archlint.core.facts.python import PythonCall
from archlint.core.record import dataclass
from archlint.core.values import Unknown
from archlint.model.code.objects import is_instance, text_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})


@dataclass(frozen=True)
class RouterClass:
    """A class that routes are declared on. ``prefix`` is the keyword of its own prefix, ``position`` its place."""

    framework: str
    is_application: bool
    prefix: str | None = None
    position: int | None = None


_APPLICATIONS = {
    "flask": "flask.Flask flask.app.Flask apiflask.APIFlask flask_openapi3.OpenAPI flask_restful.Api flask_restx.Api "
    "flask_restplus.Api flask_restx.api.Api flask_smorest.Api flask_api.FlaskAPI eve.Eve flask_restful_swagger_2.Api "
    "flask_restful_swagger_3.Api flask_rest_jsonapi.Api",
    "fastapi": "fastapi.FastAPI fastapi.applications.FastAPI",
    "starlette": "starlette.applications.Starlette starlette.routing.Router",
    "quart": "quart.Quart quart_trio.QuartTrio",
    "sanic": "sanic.Sanic sanic.app.Sanic",
    "aiohttp": "aiohttp.web.Application aiohttp.web_app.Application",
    "bottle": "bottle.Bottle bottle.default_app",
    "chalice": "chalice.Chalice chalice.app.Chalice",
    "falcon": "falcon.API falcon.App falcon.asgi.App",
    "tornado": "tornado.web.Application",
    "connexion": "connexion.App connexion.FlaskApp connexion.AsyncApp connexion.AioHttpApp",
    "ninja": "ninja.NinjaAPI ninja_extra.NinjaExtraAPI",
    "lambda": "aws_lambda_powertools.event_handler.APIGatewayRestResolver "
    "aws_lambda_powertools.event_handler.APIGatewayHttpResolver "
    "aws_lambda_powertools.event_handler.ApiGatewayResolver",
    "robyn": "robyn.Robyn",
    "microdot": "microdot.Microdot",
    "faust": "faust.App",
}
_ROUTERS = {
    "flask": "flask.Blueprint flask.blueprints.Blueprint flask_smorest.Blueprint apiflask.APIBlueprint "
    "flask_openapi3.APIBlueprint flask_smorest.blueprint.Blueprint",
    "quart": "quart.Blueprint quart.blueprints.Blueprint",
    "sanic": "sanic.Blueprint sanic.blueprints.Blueprint",
}

ROUTER_CLASSES: dict[str, RouterClass] = {
    **{name: RouterClass(kind, True) for kind, names in _APPLICATIONS.items() for name in names.split()},
    **{name: RouterClass(kind, False, "url_prefix") for kind, names in _ROUTERS.items() for name in names.split()},
    "fastapi.APIRouter": RouterClass("fastapi", False, "prefix"),
    "fastapi.routing.APIRouter": RouterClass("fastapi", False, "prefix"),
    "flask_restful.Api": RouterClass("flask", True, "prefix", 1),
    "flask_restx.Api": RouterClass("flask", True, "prefix"),
    "flask_restx.Namespace": RouterClass("flask", False, "path"),
    "flask_restplus.Namespace": RouterClass("flask", False, "path"),
    "flask_restx.Api.namespace": RouterClass("flask", False, "path"),
    "flask_restplus.Api.namespace": RouterClass("flask", False, "path"),
    "aiohttp.web.RouteTableDef": RouterClass("aiohttp", False),
    "ninja.Router": RouterClass("ninja", False),
    "chalice.Blueprint": RouterClass("chalice", False),
    "aws_lambda_powertools.event_handler.router.APIGatewayRouter": RouterClass("lambda", False),
}
CLASSES = frozenset(ROUTER_CLASSES)
STYLES = {"flask": "angles", "quart": "angles", "sanic": "reversed", "bottle": "reversed", "tornado": "regex"}
"""How each framework writes parameters; braces where nothing is said."""


def router_class(draft: Draft, name: str) -> RouterClass | None:
    """What a class is as a router, also one that inherits from a library's."""
    library = is_instance(draft, name, CLASSES)
    return ROUTER_CLASSES[library] if library is not None else None


def own_prefix(draft: Draft, call: PythonCall, kind: RouterClass, module: Module) -> str | Unknown:
    """The prefix that a router is made with."""
    if kind.prefix is None:
        return ""
    argument = call.argument(kind.prefix, kind.position)
    if argument is None:
        if kind.prefix == "path":
            name = text_of(draft, call.arguments[0].value, module) if call.arguments else None
            return "/" + str(name.value) if name is not None else Unknown("the namespace's name is not known")
        return Unknown("its arguments are not all seen") if call.is_open else ""
    return prefix_of(draft, argument.value, module)


def prefix_of(draft: Draft, expression: object, module: Module) -> str | Unknown:
    """The text of a prefix argument; empty for None."""
    found = draft.program.evaluate(expression, module)  # type: ignore[arg-type]
    if isinstance(found, Unknown):
        return found
    for one in found:
        if one.value is None:
            return ""
        if isinstance(one.value, str):
            return one.value if one.is_exact else Unknown("part of the prefix is not known")
    return Unknown("the prefix is no text")
