"""Finds the command that is meant and runs it."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run one command and answer its exit status."""
    word = arguments[0] if arguments else ""
    sys.stderr.write(f'error: unknown command "{word}" for "knarr"\n')
    return 1
