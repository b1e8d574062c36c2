"""What a workspace holds: its files, the facts in them, and the system that they make, all but the judgement.

The facts of a file are kept by its content, the system by that of all files: what has not changed is neither read nor
joined again. What a rule says of it is never kept.
"""

from __future__ import annotations

import gc
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from archlint import inputs
from archlint.config import Config, Options, find_config, load_config
from archlint.core.facts import AnyFact
from archlint.core.finding import Inputs
from archlint.core.record import dataclass
from archlint.core.system import DOCUMENT_SUBJECTS, System
from archlint.core.system.packing import UnpackableError, pack, unpack
from archlint.inputs import Progress

_DOCUMENTS = {one.__name__ for one in DOCUMENT_SUBJECTS}


@dataclass(frozen=True)
class Facts:
    """The files of a workspace and what they say, before anything is joined."""

    workspace: inputs.Workspace
    facts: tuple[AnyFact, ...]
    inputs: Inputs


@dataclass(frozen=True)
class Survey:
    """The files of a workspace and the system that they describe, before anything is judged."""

    workspace: inputs.Workspace
    system: System
    inputs: Inputs


class _Kept(msgspec.Struct, array_like=True):
    """What is kept of a survey: the counts of what was read and not, and the packed system."""

    read: dict[str, int]
    unread: dict[str, int]
    system: bytes


def locate(options: Options) -> tuple[Path, Config, Path | None]:
    """The root, the configuration that holds there, and the file that it comes from."""
    root = inputs.find_root(options.paths, options.cwd)
    file = options.cwd / options.config if options.config else find_config(root)
    return root, load_config(file), file


def survey(
    root: Path,
    config: Config,
    options: Options,
    subjects: Collection[str] = (),
    progress: Progress | None = None,
) -> Survey:
    """The system of a workspace; where ``subjects`` names types of facts, those are subjects of their own in it."""
    documents = sorted(_DOCUMENTS & {"Gap", *subjects})
    workspace = inputs.discover(root, config, progress)
    cache = inputs.SystemCache(root, _directory(options), lambda: _state(workspace, config, documents))
    stored = cache.get()
    if stored is not None:
        try:
            found = msgspec.msgpack.decode(stored, type=_Kept)
            return Survey(workspace, unpack(found.system), _counts(workspace, found.read, found.unread))
        except ValueError:
            pass  # a damaged entry is a miss
    from archlint import model  # a run that finds the system needs neither readers nor model

    facts = _read(workspace, options, progress)
    system = model.build(facts.facts, config, documents)
    if cache.is_kept:
        with suppress(UnpackableError):  # custom rules may ask for facts of any type: those are not kept twice
            kept = _Kept(dict(facts.inputs.read), dict(facts.inputs.unread), pack(system))
            cache.put(msgspec.msgpack.encode(kept))
    return Survey(workspace, system, facts.inputs)


def read(root: Path, config: Config, options: Options, progress: Progress | None = None) -> Facts:
    """Find the files and read them, from the cache where it knows them."""
    return _read(inputs.discover(root, config, progress), options, progress)


def _read(workspace: inputs.Workspace, options: Options, progress: Progress | None) -> Facts:
    from archlint.readers.parallel import read_all

    cache = inputs.FactCache(workspace.root, _directory(options))
    reading = read_all(workspace.files, cache, inputs.bundle_digest, options.jobs, progress)
    cache.save()
    gc.freeze()  # the facts stay to the end: no collection need ever walk them again
    return Facts(workspace, (*reading.facts, *workspace.gaps), _counts(workspace, reading.read, reading.unread))


def _counts(workspace: inputs.Workspace, read: Mapping[str, int], unread: Mapping[str, int]) -> Inputs:
    return Inputs(str(workspace.root), read, unread, workspace.left_out)


def _directory(options: Options) -> Path | None:
    return inputs.default_directory() if options.use_cache else None


def _state(workspace: inputs.Workspace, config: Config, documents: Collection[str]) -> bytes:
    """All that the system depends on, beside archlint itself: the files, what is said of them, what is asked for."""
    files = [(file.path, file.kind.value, file.digest) for file in workspace.files]
    said = msgspec.structs.replace(config, settings={}, exceptions=(), select=(), ignore=(), fail_on=None, rules=())
    return msgspec.msgpack.encode((files, workspace.gaps, said, documents))
