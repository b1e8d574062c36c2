"""Class-based views and what their classes ask of callers: mixins, attributes, permissions of REST framework.

In: the class of a view. Out: Evidence (see ``signals``). REST framework lets everybody in where neither the view nor
``REST_FRAMEWORK`` in the settings names a permission (https://www.django-rest-framework.org/api-guide/permissions/).
"""

from __future__ import annotations

from archlint.core.facts.python import Dictionary, Expression, Literal, PythonAssignment, PythonFunction, Reference
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.access.evidence import of_class, of_function, of_guard, of_permission
from archlint.model.code.access.signals import Evidence, best
from archlint.model.code.access.vocabulary import GUARD_WORDS, PERMISSIVE
from archlint.model.code.names import words_of
from archlint.model.code.objects import call_of, class_named, items_of, member_of, methods_of
from archlint.model.code.scope import assigned_value
from archlint.model.code.serving.found import Found
from archlint.model.draft import Draft
from archlint.model.production import service_name_at
from archlint.model.program.program import Module

_PREPARING = ("prepare", "dispatch", "initial", "check_permissions", "dispatch_request", "handle_request", "initialize")
_DECORATING = ("decorators", "method_decorators")
_PLAIN_MIDDLEWARE = ("django.", "corsheaders.", "whitenoise.", "django_prometheus.", "debug_toolbar.")


def of_view(draft: Draft, name: str, found: Found) -> Evidence:
    """What the class of a view and its bases ask."""
    bases = draft.program.bases(name)
    known = () if isinstance(bases, Unknown) else bases
    own = class_named(draft, name)
    at = own[0].at if own is not None else found.at
    evidence: Evidence = None
    for one in known:
        last = one.rpartition(".")[2]
        if words_of(last) & GUARD_WORDS and class_named(draft, one) is None:
            evidence = best(evidence, Setting(last, "library", at))
    methods = methods_of(draft, name)
    for method in _PREPARING:
        if method in methods:
            evidence = best(evidence, of_function(draft, *methods[method]))
    if own is not None:
        for decorator in own[0].decorators:
            if member_of(decorator) not in ("route", "view"):
                evidence = best(evidence, of_guard(draft, decorator, own[1], at))
    lineage = [one for one in (name, *known) if class_named(draft, one) is not None]
    for attribute in _DECORATING:
        value, where = _attribute(draft, lineage, attribute)
        if value is not None and where is not None:
            for item, place in items_of(draft, value, where):
                evidence = best(evidence, of_guard(draft, item, place, at))
    if found.framework == "django" and any(one.startswith("rest_framework.") for one in known):
        evidence = best(evidence, of_permissions(draft, lineage, methods, at))
    if evidence is None and isinstance(bases, Unknown):
        return Unknown("a base class that is not read")
    return evidence


def _attribute(draft: Draft, lineage: list[str], name: str) -> tuple[Expression | None, Module | None]:
    for one in lineage:
        owner = class_named(draft, one)
        if owner is None:
            continue
        reference = Reference(f"{one}.{name}")
        value, where = assigned_value(draft, reference, owner[1])
        if value is not reference:
            return value, where
    return None, None


def of_permissions(
    draft: Draft, lineage: list[str], methods: dict[str, tuple[PythonFunction, Module]], at: Span
) -> Evidence:
    """REST framework's permissions of a view, else the settings' defaults."""
    if "get_permissions" in methods or "check_permissions" in methods:
        return Unknown("its permissions are chosen when it runs")
    value, where = _attribute(draft, lineage, "permission_classes")
    if value is None or where is None:
        return of_defaults(draft, at.path)
    found: Evidence = None
    for item, _ in items_of(draft, value, where):
        found = best(found, of_permission(draft, item, where, at))
    if found is None:
        given, place = _attribute(draft, lineage, "authentication_classes")
        return _custom(draft, given, place) if given is not None and place is not None else None
    return found


def of_function_view(draft: Draft, function: PythonFunction, module: Module) -> Evidence:
    """REST framework's permissions of a function: ``@api_view`` with ``@permission_classes``."""
    is_view = False
    for decorator, at in zip(function.decorators, function.decorator_spans, strict=False):
        call = call_of(decorator, module)
        if call is None:
            continue
        member = member_of(call.callee)
        is_view = is_view or member == "api_view"
        if member == "permission_classes" and call.arguments:
            return best(
                *(of_permission(draft, one, module, at) for one, _ in items_of(draft, call.arguments[0].value, module))
            )
    return of_defaults(draft, module.path) if is_view else None


def of_defaults(draft: Draft, path: str) -> Evidence:
    """``DEFAULT_PERMISSION_CLASSES`` of the settings that hold where the view stands; worked out once a service."""
    service = service_name_at(draft, path)
    memo = draft.memo.setdefault("default permissions", {})
    assert isinstance(memo, dict)
    if service not in memo:
        memo[service] = _defaults(draft, service)
    found: Evidence = memo[service]
    return found


def _defaults(draft: Draft, service: str | None) -> Evidence:
    evidence: Evidence = None
    for one, module in _settings(draft):
        if service_name_at(draft, module.path) != service:
            continue
        if not isinstance(one.value, Dictionary):
            return Unknown("REST_FRAMEWORK is put together when it runs")
        for key, value in one.value.entries:
            if key == Literal("DEFAULT_PERMISSION_CLASSES"):
                evidence = best(evidence, *_named(draft, value, module, one.at))
            elif key == Literal("DEFAULT_AUTHENTICATION_CLASSES") and evidence is None:
                evidence = _custom(draft, value, module)
    return evidence


def _settings(draft: Draft) -> list[tuple[PythonAssignment, Module]]:
    found = draft.memo.get("settings of REST framework")
    if not isinstance(found, list):
        found = draft.memo["settings of REST framework"] = [
            (one, module)
            for module in draft.program.modules.values()
            for one in module.facts.assignments
            if isinstance(one.target, Reference) and one.target.name.endswith(".REST_FRAMEWORK")
        ]
    return found


def _named(draft: Draft, value: Expression, module: Module, at: Span) -> list[Evidence]:
    found: list[Evidence] = []
    for item, _ in items_of(draft, value, module):
        name = str(item.value) if isinstance(item, Literal) else member_of(item)
        last = name.rpartition(".")[2]
        found.append(None if last in PERMISSIVE else Setting(last or "a permission", "configuration", at))
    return found


def _custom(draft: Draft, value: Expression, module: Module) -> Evidence:
    """Authentication classes of one's own may refuse callers without a permission; libraries' leave those who bring
    nothing to the permissions (https://www.django-rest-framework.org/api-guide/authentication/)."""
    for item, where in items_of(draft, value, module):
        name = str(item.value) if isinstance(item, Literal) else draft.program.qualify(item, where)
        qualified = draft.program.qualify(Reference(name), where)
        if class_named(draft, qualified) is not None:
            return Unknown(f"{name.rpartition('.')[2]} may refuse callers")
    return None


def of_django_middleware(draft: Draft, modules: list[Module]) -> Evidence:
    """What ``MIDDLEWARE`` in the settings names beside Django's own, which only attaches the user."""
    evidence: Evidence = None
    for module in modules:
        for one in module.facts.assignments:
            if not isinstance(one.target, Reference) or not one.target.name.endswith(
                (".MIDDLEWARE", ".MIDDLEWARE_CLASSES")
            ):
                continue
            for item, _ in items_of(draft, one.value, module):
                if not isinstance(item, Literal) or not isinstance(item.value, str):
                    continue
                name = item.value
                last = name.rpartition(".")[2]
                if last == "LoginRequiredMiddleware":
                    evidence = best(evidence, Setting(last, "configuration", one.at))
                elif not name.startswith(_PLAIN_MIDDLEWARE):
                    evidence = best(evidence, _of_named(draft, name, module))
    return evidence


def _of_named(draft: Draft, name: str, module: Module) -> Evidence:
    qualified = draft.program.qualify(Reference(name), module)
    if class_named(draft, qualified) is not None:
        return of_class(draft, qualified)
    function = draft.program.function_named(qualified)
    if function is not None:
        return of_function(draft, *function)
    last = name.rpartition(".")[2]
    return Unknown(f"{last} may refuse callers") if words_of(name) & GUARD_WORDS else None
