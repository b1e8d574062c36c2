"""What a route is for, by its path and handler: health, metrics, docs, static files, pages, or the business itself."""

from __future__ import annotations

import re

from archlint.core.facts.python import Choice, Expression, Member, PythonFunction, Reference
from archlint.core.record import pattern
from archlint.model.code.objects import call_of, member_of
from archlint.model.program.program import Module

_HEALTH = pattern(
    r"(?:^|/)[_.-]?(?:health|healthz|healthy|healthcheck|health[_-]check|live|livez|liveness|alive|ready|readyz|readiness"
    r"|ping|status|startupz|heartbeat|up|_?ah/health|lbheartbeat)(?:[_-](?:check|probe|status))?(?:/(?:live|ready|"
    r"liveness|readiness|startup|check|db|status))?/?$",
    re.IGNORECASE,
)
_NAMED_HEALTH = pattern(
    r"(?:^|/)[\w-]+[_-](?:health|healthz|healthcheck|health[_-]check|liveness|readiness|heartbeat)/?$", re.IGNORECASE
)
_METRICS = pattern(r"(?:^|/)(?:metrics|prometheus|stats/prometheus)/?$")
_DOCS = pattern(
    r"(?:^|/)(?:docs|redoc|swagger(?:-ui)?|apidocs|api-docs|openapi(?:\.json|\.ya?ml)?|swagger\.json|schema|spec|"
    r"swagger\.ya?ml|graphiql|robots\.txt|favicon\.ico|__debug__)(?:/|$)"
)
_STATIC = pattern(r"(?:^|/)(?:static|assets|media|public|uploads)/")
_PAGES = frozenset(
    {
        "render_template",
        "render_template_string",
        "TemplateResponse",
        "HTMLResponse",
        "render",
        "render_to_response",
        "jinja2_template",
        "render_to_string",
        "send_static_file",
        "html",
        "template",
        "stream_template",
        "render_template_async",
    }
)


def kind_of(path: str, methods: tuple[str, ...], handlers: list[tuple[PythonFunction, Module]]) -> str:
    """The route's kind. ``/status`` and the like count as health only where nothing but reading is possible and the
    path stands alone (``/orders/{id}/status`` is business)."""
    reads = not methods or bool({"GET", "HEAD"} & set(methods))
    if reads and "{" not in path and (_HEALTH.search(path) or _NAMED_HEALTH.search(path)):
        return "health"
    if reads and _METRICS.search(path):
        return "metrics"
    if reads and _DOCS.search(path):
        return "docs"
    if _STATIC.search(path) and "{" in path:
        return "static"
    if reads and any(gives_page(function, module) for function, module in handlers):
        return "html"
    return "business"


def gives_page(function: PythonFunction, module: Module) -> bool:
    """Whether a handler answers with a rendered page."""
    return any(_is_page(one, module) for one in function.returns)


def _is_page(expression: Expression, module: Module) -> bool:
    if isinstance(expression, Choice):
        return any(_is_page(one, module) for one in expression.options)
    call = call_of(expression, module)
    if call is None:
        return False
    if member_of(call.callee) == "make_response" and call.arguments:
        return _is_page(call.arguments[0].value, module)
    return isinstance(call.callee, Reference | Member) and member_of(call.callee) in _PAGES
