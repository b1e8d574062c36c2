"""The files of a workspace: found without git's help but as git sees them, each with its kind and digest.

In goes the root; out comes a ``Workspace``. Nothing outside the root is read, no symbolic link is followed, and what is
too large, unreadable or looping becomes a gap. Folders that hold other people's code are not even walked.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path

from archlint.config import Config
from archlint.core.facts.base import Gap
from archlint.core.record import dataclass
from archlint.core.source import Kind, SourceFile
from archlint.core.span import start_of
from archlint.inputs.git import Repository, gitignore
from archlint.inputs.ignore import IgnorePatterns, IgnoreStack
from archlint.inputs.kinds import (
    HEAD,
    LOCK_FILES,
    is_generated,
    kind_of,
    kind_without_bytes,
    may_have_kind,
)

MEGABYTE = 1_000_000
YAML_LIMIT = 5 * MEGABYTE
OTHER_LIMIT = 2 * MEGABYTE

Progress = Callable[[str, int, int], None]
"""Called with a phase, how much is done, and how much there is (0: not known)."""

_CONFIG_FILES = ("archlint.yaml", "archlint.yml")
_DEPENDENCY_FOLDERS = frozenset({
    "node_modules", "site-packages", "dist-packages", "__pycache__", ".tox", ".nox", ".venv", ".eggs", "__pypackages__",
    "bower_components", ".terraform", ".gradle", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".cache", ".yarn",
    ".next", ".nuxt", ".serverless", ".aws-sam", "cdk.out", ".ipynb_checkpoints", ".idea", ".hypothesis",
})  # fmt: skip
_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", "CVS"})
_ENVIRONMENT_FOLDERS = frozenset({"bin", "lib", "lib64", "include", "share", "Lib", "Scripts", "Include"})
_VENDOR_MARKS = frozenset({"modules.txt", "autoload.php", "bundle"})
_NO_DATA = hashlib.blake2b(b"", digest_size=16).hexdigest()


@dataclass(frozen=True)
class Workspace:
    """What there is to read, sorted by path; ``left_out`` counts the rest by reason."""

    root: Path
    files: tuple[SourceFile, ...]
    gaps: tuple[Gap, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        """The text of those files, as far as they are text, for excerpts: what cannot be decoded is replaced."""
        by_path = {file.path: file for file in self.files}
        found = {}
        for path in paths:
            if path in by_path:
                try:
                    found[path] = by_path[path].text
                except (UnicodeDecodeError, SyntaxError):
                    found[path] = by_path[path].data.decode("utf-8", "replace")
        return found


def find_root(paths: tuple[Path, ...], cwd: Path) -> Path:
    """The nearest directory upward with archlint.yaml, else with .git, else the common ancestor of the paths.

    Raises:
        FileNotFoundError: one of the paths does not exist.
    """
    places = [(cwd / path).resolve() for path in paths] or [cwd.resolve()]
    for path, place in zip(paths, places, strict=False):
        if not place.exists():
            raise FileNotFoundError(errno.ENOENT, "no such file or directory", str(path))
    common = Path(os.path.commonpath(places))
    start = common if common.is_dir() else common.parent
    upward = (start, *start.parents)
    for names in (_CONFIG_FILES, (".git",)):
        for directory in upward:
            if any((directory / name).exists() for name in names):
                return directory
    return start


def below_root(paths: tuple[Path, ...], cwd: Path, root: Path) -> tuple[str, ...]:
    """The paths as they are written in findings; nothing where one of them is the root itself, or none is given."""
    wanted = [(cwd / path).resolve() for path in paths]
    if any(root.is_relative_to(path) for path in wanted):
        return ()
    return tuple(path.relative_to(root).as_posix() for path in wanted if path.is_relative_to(root))


def discover(root: Path, config: Config, progress: Progress | None = None) -> Workspace:
    """Walk the tree once and read every file that may be of use."""
    walk = _Walk(root, config, progress)
    walk.directory("", str(root), walk.repository.patterns(), None)
    return Workspace(
        root=root,
        files=tuple(sorted(walk.files, key=lambda file: file.path)),
        gaps=tuple(sorted(walk.gaps, key=lambda gap: gap.at)),
        left_out=dict(sorted(walk.left_out.items())),
    )


class _Walk:
    """One walk over one tree: what it has found so far."""

    def __init__(self, root: Path, config: Config, progress: Progress | None) -> None:
        self.root = os.path.realpath(root)
        self.repository = Repository(Path(self.root))
        self.excluded = IgnorePatterns("", config.exclude)
        self.progress = progress
        self.files: list[SourceFile] = []
        self.gaps: list[Gap] = []
        self.left_out: Counter[str] = Counter()

    def directory(self, path: str, place: str, ignored: IgnoreStack, chart: str | None) -> None:
        """Visit one directory; ``path`` is relative to the root, ``place`` is where it is on this machine."""
        pending = [(path, place, ignored, chart)]
        while pending:  # no recursion: a hostile tree may be nested deeper than Python's stack
            path, place, ignored, chart = pending.pop()
            try:
                with os.scandir(place) as found:
                    entries = list(found)
            except OSError as error:
                reason = f"the directory cannot be listed ({error.strerror}); check its permissions"
                self.gap(path or ".", "unreadable", reason)
                continue
            names = {entry.name for entry in entries}
            if path.endswith("vendor") and self.is_vendored(place, names):
                self.left_out["folders of dependencies"] += 1
                continue
            if "pyvenv.cfg" in names:  # code may stand beside a virtual environment that was made in its own folder
                self.left_out["folders of dependencies"] += len(names & _ENVIRONMENT_FOLDERS)
                entries = [one for one in entries if one.name not in _ENVIRONMENT_FOLDERS and one.name != "pyvenv.cfg"]
            if ".gitignore" in names:
                ignored = ignored.extended(gitignore(path, place))
            if "Chart.yaml" in names:
                chart = path
            for entry in entries:
                below = f"{path}/{entry.name}" if path else entry.name
                if self.enters(entry, below, ignored, chart):
                    pending.append((below, entry.path, ignored, chart))

    def enters(self, entry: os.DirEntry[str], path: str, ignored: IgnoreStack, chart: str | None) -> bool:
        """Take the file, or say whether the directory is to be walked."""
        name = entry.name
        if not name.isprintable() and _is_no_text(name):
            self.gap(path.encode("utf-8", "replace").decode(), "unreadable", "its name is not UTF-8; rename it")
            return False
        if entry.is_symlink():
            self.link(entry, path)
            return False
        is_directory = entry.is_dir(follow_symlinks=False)
        if is_directory:
            if name in _VERSION_CONTROL:
                return False
            if name in _DEPENDENCY_FOLDERS or name.endswith(".egg-info"):
                self.left_out["folders of dependencies"] += 1
                return False
        elif not entry.is_file(follow_symlinks=False):
            self.left_out["devices, sockets and pipes"] += 1
            return False
        if self.excluded.verdict(path, name, is_directory):
            self.left_out["excluded by archlint.yaml"] += 1
        elif ignored.ignores(path, name, is_directory) and not self.repository.tracks(path):
            self.left_out["ignored by git"] += 1
        elif is_directory:
            return True
        else:
            self.file(entry, path, chart)
        return False

    def file(self, entry: os.DirEntry[str], path: str, chart: str | None) -> None:
        """Read a file and decide its kind, or say why it is left out."""
        name = entry.name
        if name in LOCK_FILES:
            self.left_out["lock files"] += 1
            return
        if not may_have_kind(name):
            self.left_out["of no kind that archlint knows"] += 1
            return
        kind: Kind | None = kind_without_bytes(name)
        if kind:
            if is_generated(name, kind, b""):
                self.left_out["generated"] += 1
            else:
                self.files.append(SourceFile(path, kind, b"", _NO_DATA))
            return
        try:
            size = entry.stat(follow_symlinks=False).st_size
            limit = YAML_LIMIT if name.endswith((".yaml", ".yml", ".json")) else OTHER_LIMIT
            data = _read(entry.path, HEAD if size > limit else -1)
        except OSError as error:
            self.gap(path, "unreadable", f"the file cannot be read ({error.strerror}); check its permissions")
            return
        if b"\0" in data[:HEAD] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.left_out["binary"] += 1
            if kind_of(path, data.replace(b"\0", b""), chart) not in (None, Kind.CONFIGURATION, Kind.SQL):
                self.gap(path, "binary", "the file holds NUL bytes, so it is no source text; exclude it")
            return
        kind = kind_of(path, _as_utf8(data), chart)
        if kind is None:
            self.left_out["of no kind that archlint knows"] += 1
        elif is_generated(name, kind, data):
            self.left_out["generated"] += 1
        elif size > limit:
            self.too_large(path, kind, size, limit)
        else:
            self.files.append(SourceFile(path, kind, data, hashlib.blake2b(data, digest_size=16).hexdigest()))
            if self.progress and len(self.files) % 64 == 0:
                self.progress("finding files", len(self.files), 0)

    def too_large(self, path: str, kind: Kind, size: int, limit: int) -> None:
        """A gap for input, a count for data: a dump or a data set configures nothing."""
        if kind is Kind.SQL or (kind is Kind.CONFIGURATION and path.endswith(".json")):
            self.left_out["too large"] += 1
            return
        self.gap(
            path,
            "too-large",
            f"{kind.value} of {size / MEGABYTE:.1f} MB, and files over {limit // MEGABYTE} MB are not read; "
            "split it, or name it under exclude: in archlint.yaml",
        )

    def link(self, entry: os.DirEntry[str], path: str) -> None:
        """Links are not followed: what they point at inside the root is found under its own name."""
        try:
            target = os.path.realpath(entry.path, strict=True)
        except OSError as error:
            if error.errno == errno.ELOOP:
                self.gap(path, "symlink", "the symbolic link leads back to itself; remove it")
            else:
                self.left_out["broken symbolic links"] += 1
            return
        here = os.path.realpath(Path(entry.path).parent)
        if target != self.root and not target.startswith(self.root.rstrip(os.sep) + os.sep):
            self.left_out["symbolic links that leave the root"] += 1
        elif here == target or here.startswith(target.rstrip(os.sep) + os.sep):
            self.gap(path, "symlink", "the symbolic link leads back to a directory above it; remove it")
        else:
            self.left_out["symbolic links to other files of the workspace"] += 1

    def is_vendored(self, place: str, names: set[str]) -> bool:
        """Whether a folder named vendor holds dependencies (of Go, PHP, Ruby): suppliers have services too."""
        above = Path(place).parent
        return not _VENDOR_MARKS.isdisjoint(names) or any(
            (above / mark).exists() for mark in ("go.mod", "composer.json", "Gemfile")
        )

    def gap(self, path: str, kind: str, reason: str) -> None:
        """Note what cannot be read."""
        self.gaps.append(Gap(start_of(path), kind, reason))


def _is_no_text(name: str) -> bool:
    """Whether the name holds bytes that are no UTF-8: no report could write it."""
    return any("\ud800" <= character <= "\udfff" for character in name)


def _as_utf8(data: bytes) -> bytes:
    """The bytes of a text in UTF-16, which PowerShell writes, as UTF-8; all others as they are."""
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data
    return data.decode("utf-16", "replace").encode("utf-8", "replace")


def _read(place: str, size: int) -> bytes:
    """Up to ``size`` bytes of a file (all for -1); unbuffered, since it is read in one go."""
    with open(place, "rb", buffering=0) as file:  # noqa: PTH123 (Path.open is measurably slower over thousands of files)
        return file.read(size) if size >= 0 else file.readall()
