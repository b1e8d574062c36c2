"""What a requirements file or a package's metadata asks for."""

from __future__ import annotations

from archlint.core.facts.base import Fact


class PythonRequirement(Fact, frozen=True, array_like=True, gc=False):
    """A dependency that a requirements file, pyproject.toml, setup.cfg, Pipfile or lock file names.

    ``name`` is normalised (PEP 503), ``specifier`` as written, ``development`` true in a development group or file.
    """

    name: str
    specifier: str = ""
    development: bool = False
