"""Where reports go: a file, or standard output with the colours and characters that it can take."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def wants_colour() -> bool:
    """Whether standard output is a terminal that takes colours; NO_COLOR and FORCE_COLOR decide before that."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def is_ascii_only() -> bool:
    """Whether standard output's encoding cannot carry what the text report prints."""
    try:
        "→…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def write(text: str, file: Path | None = None) -> None:
    """Write the text, as UTF-8 into a file, else to standard output; what that cannot encode is escaped.

    Raises:
        OSError: the file cannot be written.
    """
    if file is not None:
        file.write_bytes(text.encode("utf-8", "backslashreplace"))
        return
    encoding = sys.stdout.encoding or "utf-8"
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        buffer.write(text.encode(encoding, "backslashreplace"))
    sys.stdout.flush()
