"""Files that a Corefile imports."""

from collections.abc import Sequence
from glob import glob
from pathlib import Path

from dns.corefile import Files


def beside(corefile: Path | None) -> Files:
    """Finds files by a pattern, from where the Corefile is."""

    def texts(pattern: str) -> Sequence[str]:
        if corefile is None:
            return ()
        paths = sorted(glob(pattern, root_dir=corefile.parent))  # noqa: PTH207  # may begin with /
        found = []
        for path in paths:
            try:
                found.append((corefile.parent / path).read_text())
            except OSError:
                continue
        return found

    return texts
