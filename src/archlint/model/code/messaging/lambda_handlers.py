"""Functions of the cloud that messages trigger: the handlers that Terraform or a SAM template names.

In: what declares functions and their event sources. Out: a Handling for each handler whose module is in the scan, with
the code that it may run: its service's, or its own file's where the folder is no service. A name that several modules
could mean is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.system.services import Service
from archlint.model.code.messaging.consumer_libraries import LIBRARIES
from archlint.model.code.messaging.registrations import Handling
from archlint.model.code.scope import CodeScope, ServiceCode
from archlint.model.deployment.cloudformation import FunctionHandler, message_handlers
from archlint.model.deployment.terraform.deliveries import function_handlers
from archlint.model.deployment.terraform.module import terraform_modules
from archlint.model.draft import Draft
from archlint.model.program.program import Module


def lambda_handlings(draft: Draft, scope: CodeScope) -> Iterator[tuple[Handling, ServiceCode]]:
    """The handlers, each with the code that it belongs to."""
    declared = [
        *message_handlers(draft),
        *(one for each in terraform_modules(draft) for one in function_handlers(each)),
    ]
    if not declared:
        return
    by_file: dict[str, list[Module]] = {}
    for each in draft.program.modules.values():
        by_file.setdefault(each.path.rpartition("/")[2].removesuffix(".py"), []).append(each)
    library = LIBRARIES["lambda"]
    for one in declared:
        module = _module(one, by_file)
        function = draft.program.function_named(f"{module.name}.{one.handler.rpartition('.')[2]}") if module else None
        if module is None or function is None:
            continue
        owner = next(iter(scope.owners(module)), None)
        code = scope.code(owner) if owner is not None else None
        handling = Handling(
            "lambda", library.broker, function[0].at, module, None, *function, one.name,
            acknowledges=library.acknowledges, acknowledged_at=one.at, is_queued=one.is_queued,
        )  # fmt: skip
        yield handling, code or ServiceCode(Service(at=one.at, name=one.name, key=one.name), (module,))


def _module(one: FunctionHandler, by_file: dict[str, list[Module]]) -> Module | None:
    """The module that ``folder/module.function`` means, in the folder of its code where that is known."""
    dotted = one.handler.rpartition(".")[0].replace("/", ".")
    file = dotted.rpartition(".")[2]
    path = dotted.replace(".", "/") + ".py"
    fitting = [module for module in by_file.get(file, ()) if module.path == path or module.path.endswith("/" + path)]
    if one.directory:
        inside = [module for module in fitting if module.path == f"{one.directory}/{path}"]
        fitting = inside or [module for module in fitting if f"/{one.directory}/" in f"/{module.path}"]
    return fitting[0] if len(fitting) == 1 else None
