"""Routes of Django: ``urlpatterns`` from the root URL configuration down, and the routers of REST framework."""

from __future__ import annotations

from archlint.core.facts.python import Expression, Literal, PythonCall, Reference
from archlint.core.values import Unknown
from archlint.model.code.objects import base_of, call_of, items_of, member_of, methods_of, text_of
from archlint.model.code.serving.found import Found, Served, from_angles, from_regex
from archlint.model.code.serving.frameworks import VERBS
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_PATHS = frozenset(
    {
        "django.urls.path",
        "django.urls.re_path",
        "django.conf.urls.url",
        "django.urls.conf.path",
        "django.urls.conf.re_path",
    }
)
_DRF_ACTIONS = {
    "list": ("", "GET"),
    "create": ("", "POST"),
    "retrieve": ("{pk}/", "GET"),
    "update": ("{pk}/", "PUT"),
    "partial_update": ("{pk}/", "PATCH"),
    "destroy": ("{pk}/", "DELETE"),
}
_DRF_MIXINS = {
    "ListModelMixin": ("list",),
    "CreateModelMixin": ("create",),
    "RetrieveModelMixin": ("retrieve",),
    "UpdateModelMixin": ("update", "partial_update"),
    "DestroyModelMixin": ("destroy",),
    "ModelViewSet": tuple(_DRF_ACTIONS),
    "ReadOnlyModelViewSet": ("list", "retrieve"),
}
_DRF_VIEWS = {
    "ListAPIView": ("GET",),
    "CreateAPIView": ("POST",),
    "RetrieveAPIView": ("GET",),
    "UpdateAPIView": ("PUT", "PATCH"),
    "DestroyAPIView": ("DELETE",),
    "ListCreateAPIView": ("GET", "POST"),
    "RetrieveUpdateAPIView": ("GET", "PUT", "PATCH"),
    "RetrieveDestroyAPIView": ("GET", "DELETE"),
    "RetrieveUpdateDestroyAPIView": ("GET", "PUT", "PATCH", "DELETE"),
}
_PAGE_VIEWS = frozenset(
    {
        "TemplateView",
        "ListView",
        "DetailView",
        "CreateView",
        "UpdateView",
        "DeleteView",
        "FormView",
        "LoginView",
        "LogoutView",
        "RedirectView",
    }
)
_MOST_DEPTH = 8


def read_urls(draft: Draft, served: Served, modules: list[Module]) -> None:
    """Take in the URL configurations of one service's modules."""
    configurations = {
        module.path: module
        for module in modules
        if any(
            isinstance(one.target, Reference) and _last(one.target.name) == "urlpatterns"
            for one in module.facts.assignments
        )
    }
    if not configurations:
        return
    included: set[str] = set()
    for module in configurations.values():
        for call in module.calls_named({"include"}):
            target = _included(draft, call, module)
            if target is not None:
                included.add(target.path)
    for path, module in sorted(configurations.items()):
        if path not in included:
            served.frameworks.setdefault("django", module.facts.at)
            _walk(draft, served, module, "", 0)


def _walk(draft: Draft, served: Served, module: Module, prefix: str, depth: int) -> None:
    if depth > _MOST_DEPTH:
        return
    for one in module.facts.assignments:
        if isinstance(one.target, Reference) and _last(one.target.name) == "urlpatterns":
            _patterns(draft, served, one.value, module, prefix, depth)


def _patterns(draft: Draft, served: Served, value: Expression, module: Module, prefix: str, depth: int) -> None:
    for item, where in items_of(draft, value, module):
        call = call_of(item, where)
        if call is None:
            if member_of(item) == "urls":
                _router(draft, served, base_of(item), where, prefix)
            else:
                served.opaque.append(Unknown("a part of urlpatterns is not read"))
            continue
        callee = draft.program.callee(call, where)
        if callee in _PATHS and len(call.arguments) > 1:
            _pattern(draft, served, call, callee, where, prefix, depth)
        elif _last(callee) in ("static", "staticfiles_urlpatterns"):
            served.routes.append(Found(call.at, prefix + "static/{path}", ("GET",), "", "django", None, "static"))
        elif _last(callee) == "format_suffix_patterns" and call.arguments:
            _patterns(draft, served, call.arguments[0].value, where, prefix, depth + 1)


def _pattern(
    draft: Draft, served: Served, call: PythonCall, callee: str, module: Module, prefix: str, depth: int
) -> None:
    written = text_of(draft, call.arguments[0].value, module)
    if written is None or not written.is_exact:
        served.routes.append(Found(call.at, Unknown("its path is computed"), (), "", "django"))
        return
    text = str(written.value)
    path = prefix + (from_angles(text) if _last(callee) == "path" else from_regex(text))
    view = call.arguments[1].value
    made = call_of(view, module)
    if made is not None and member_of(made.callee) == "include":
        _include(draft, served, made, module, path, depth)
        return
    if member_of(view) == "urls":
        if draft.program.qualify(view, module).startswith("django.contrib.admin"):
            served.routes.append(Found(call.at, path + "{path}", (), "", "django", None, "html"))
        else:
            _router(draft, served, base_of(view), module, path)
        return
    methods, handler, kind = _view(draft, view, made, module)
    where = "/" + path.lstrip("/")
    served.routes.append(Found(call.at, where, methods, handler, "django", None, kind, "http", call, module))


def _include(draft: Draft, served: Served, made: PythonCall, module: Module, path: str, depth: int) -> None:
    target = _included(draft, made, module)
    if target is not None:
        _walk(draft, served, target, path, depth + 1)
        return
    argument = made.arguments[0].value if made.arguments else None
    if argument is not None and member_of(argument) == "urls" and not isinstance(argument, Literal):
        _router(draft, served, base_of(argument), module, path)
        return
    if argument is not None and not isinstance(argument, Literal):
        before = len(served.routes)
        _patterns(draft, served, argument, module, path, depth + 1)
        if len(served.routes) > before:
            return
    text = text_of(draft, argument, module)
    name = str(text.value) if text is not None else ""
    kind = next(
        (
            kind
            for word, kind in (("prometheus", "metrics"), ("health", "health"), ("static", "static"))
            if word in name
        ),
        None,
    )
    if kind == "metrics":
        served.routes.append(Found(made.at, "/" + path + "metrics", ("GET",), name, "django", None, kind))
    elif kind is not None:
        served.routes.append(Found(made.at, "/" + path, ("GET",), name, "django", None, kind))
    else:
        served.opaque.append(Unknown(f"the routes that {name or 'a library'} adds are not read"))


def _included(draft: Draft, call: PythonCall, module: Module) -> Module | None:
    argument = call.arguments[0].value if call.arguments else None
    if argument is None:
        return None
    items = [item for item, _ in items_of(draft, argument, module)]
    text = text_of(draft, items[0], module) if items else None
    if text is not None:
        return draft.program.import_target(module, str(text.value))
    if isinstance(argument, Reference):
        return draft.program.import_target(module, argument.name)
    return None


def _view(
    draft: Draft, view: Expression, made: PythonCall | None, module: Module
) -> tuple[tuple[str, ...], str, str | None]:
    if made is None or member_of(made.callee) != "as_view":
        return (), draft.program.qualify(view, module), None
    owner = base_of(made.callee)
    name = draft.program.qualify(owner, module) if owner is not None else ""
    methods = {one.upper() for one in methods_of(draft, name) if one in VERBS}
    bases = draft.program.bases(name)
    library = (name, *(() if isinstance(bases, Unknown) else bases))
    for one in library:
        methods.update(_DRF_VIEWS.get(_last(one), ()))
    actions = made.arguments[0].value if made.arguments else None
    entries = getattr(actions, "entries", ())
    methods.update(key.value.upper() for key, _ in entries if isinstance(key, Literal) and isinstance(key.value, str))
    kind = "html" if any(_last(one) in _PAGE_VIEWS for one in library) else None
    return tuple(sorted(methods)), name, kind


def _router(draft: Draft, served: Served, router: Expression | None, module: Module, prefix: str) -> None:
    """The routes of a REST framework router: what was registered on it in any module."""
    origin = draft.program.origin(router, module) if router is not None else None
    if origin is None:
        served.opaque.append(Unknown("a router's registrations are not read"))
        return
    made, place = origin
    for call in place.facts.calls:
        if member_of(call.callee) != "register" or len(call.arguments) < 2:
            continue
        base = base_of(call.callee)
        owner = draft.program.origin(base, place) if base is not None else None
        if owner is None or owner[0].at != made.at:
            continue
        written = text_of(draft, call.arguments[0].value, place)
        if written is None:
            served.routes.append(Found(call.at, Unknown("its path is computed"), (), "", "django"))
            continue
        _viewset(draft, served, call, place, f"/{prefix.lstrip('/')}{from_regex(str(written.value)).strip('/')}/")


def _viewset(draft: Draft, served: Served, call: PythonCall, module: Module, path: str) -> None:
    name = draft.program.qualify(call.arguments[1].value, module)
    methods = methods_of(draft, name)
    actions = {one for one in _DRF_ACTIONS if one in methods}
    bases = draft.program.bases(name)
    for base in () if isinstance(bases, Unknown) else bases:
        actions.update(_DRF_MIXINS.get(_last(base), ()))
    for action, (below, verb) in _DRF_ACTIONS.items():
        if action in actions:
            where, handler = path + below, f"{name}.{action}"
            served.routes.append(Found(call.at, where, (verb,), handler, "django", None, None, "http", call, module))
    for method, (function, home) in sorted(methods.items()):
        for decorator in function.decorators:
            extra = call_of(decorator, home)
            if extra is None or member_of(extra.callee) != "action":
                continue
            detail, url, verbs = extra.argument("detail"), extra.argument("url_path"), extra.argument("methods")
            named = text_of(draft, url.value, home) if url else None
            last = str(named.value) if named else method
            is_detail = detail is not None and detail.value == Literal(True)
            texts = [text_of(draft, one, home) for one, _ in items_of(draft, verbs.value, home)] if verbs else []
            allowed = tuple(str(one.value).upper() for one in texts if one is not None) or ("GET",)
            full = f"{path}{{pk}}/{last}/" if is_detail else f"{path}{last}/"
            found = Found(extra.at, full, allowed, function.name, "django", None, None, "http", extra, home, function)
            served.routes.append(found)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
