"""Facts as subjects: what rules about single documents judge, taken out of the facts that hold them.

Only the types that a loaded rule asks for come out, since there may be very many of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain

from archlint.core.facts.base import Fact, Gap
from archlint.core.facts.documents import (
    ConfigValue,
    Dockerfile,
    DockerfileInstruction,
    KubernetesObject,
    ProtoFile,
    ProtoMessage,
    ProtoMethod,
    ProtoService,
    TerraformBlock,
)
from archlint.core.facts.python import (
    PythonAssignment,
    PythonCall,
    PythonClass,
    PythonFunction,
    PythonImport,
    PythonModule,
)
from archlint.model.index import FactIndex


def document_subjects(index: FactIndex, kinds: Collection[str]) -> Iterator[Fact]:
    """The facts of those types, by name; names of no document-level type give nothing."""
    for name in sorted(kinds):
        if name in _TAKEN:
            yield from _TAKEN[name](index)


def _blocks(blocks: Iterable[TerraformBlock]) -> Iterator[TerraformBlock]:
    for block in blocks:
        yield block
        yield from _blocks(block.blocks)


_TAKEN: dict[str, Callable[[FactIndex], Iterable[Fact]]] = {
    ConfigValue.__name__: lambda index: index.of(ConfigValue),
    DockerfileInstruction.__name__: lambda index: (
        instruction
        for file in index.of(Dockerfile)
        for instruction in chain(file.arguments, *(stage.instructions for stage in file.stages))
    ),
    Gap.__name__: lambda index: index.of(Gap),
    KubernetesObject.__name__: lambda index: index.of(KubernetesObject),
    ProtoMessage.__name__: lambda index: (one for file in index.of(ProtoFile) for one in file.messages),
    ProtoMethod.__name__: lambda index: (
        method for file in index.of(ProtoFile) for service in file.services for method in service.methods
    ),
    ProtoService.__name__: lambda index: (one for file in index.of(ProtoFile) for one in file.services),
    PythonAssignment.__name__: lambda index: (one for module in index.of(PythonModule) for one in module.assignments),
    PythonCall.__name__: lambda index: (one for module in index.of(PythonModule) for one in module.calls),
    PythonClass.__name__: lambda index: (one for module in index.of(PythonModule) for one in module.classes),
    PythonFunction.__name__: lambda index: (one for module in index.of(PythonModule) for one in module.functions),
    PythonImport.__name__: lambda index: (one for module in index.of(PythonModule) for one in module.imports),
    TerraformBlock.__name__: lambda index: _blocks(index.of(TerraformBlock)),
}
