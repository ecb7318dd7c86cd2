"""Makes the lab's base images of Debian's packages, for machines that reach no registry.

    python -m lab.images            prints BASE_IMAGE=… and ETCD_IMAGE=… for .env
    python -m lab.images perl       prints the file of an image for pods, for `docker load`

Packages are unpacked as they are, without their scripts, on the Debian that this machine
runs; Python packages come from the package index. What was made is kept below the user's
cache folder under a name that changes with the recipe, and brought to the Docker engine
that DOCKER_HOST names when it is not there.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from tests.images import GROUP, PASSWD, PATH, archive_of
from tests.images import RECIPES as POD_IMAGES

ROOT = Path(__file__).parents[1]
STATE = Path(os.environ.get("LAB_STATE") or Path(__file__).with_name("state"))
"""What the lab is given by this machine: kubeconfig, images for its nodes."""

NODE_IMAGES = ("busybox", "nginx")
"""What pods can be made of without a registry."""

VERSION = 1
"""Counts up when an image changes whose recipe does not."""

STEP_S = 600
"""The longest that one step may take."""

SKIPPED = tuple(f"./usr/share/{name}" for name in ("doc", "man", "locale", "lintian", "info"))


class Recipe(Struct, frozen=True):
    """A root file system of Debian packages and all they need."""

    packages: Sequence[str]
    optional: Sequence[str] = ()
    """Packages that some releases have apart and others within one of the above."""
    links: Mapping[str, str] = {}
    """What the packages' scripts would have linked."""
    with_modules: bool = False
    """Whether Knarr's dependencies are in it too."""


IPTABLES = {
    f"usr/sbin/{name}": "xtables-nft-multi"
    for name in ("iptables", "iptables-save", "iptables-restore", "ip6tables")
}

RECIPES: Mapping[str, Recipe] = {
    "base": Recipe(
        packages=(
            *("base-files", "python3", "libstdc++6", "busybox"),
            *("ca-certificates", "media-types", "tzdata"),
            *("docker.io", "iptables", "nftables", "iproute2", "conntrack"),
        ),
        optional=("docker-cli",),
        links=IPTABLES,
        with_modules=True,
    ),
    "etcd": Recipe(packages=("etcd-server", "etcd-client", "busybox")),
}


def ensure(name: str) -> str:
    """The image, made if it is not in the engine. Answer its tag."""
    tag = _tag(name)
    if _run("docker", "image", "inspect", tag, check=False).returncode != 0:
        _run("docker", "import", "-c", f"ENV PATH={PATH}", str(_made(name)), tag)
    return tag


def make_beforehand() -> None:
    """Have all files that images are made of, for a start that reaches no packages."""
    archive_of(*NODE_IMAGES)
    for name in RECIPES:
        _made(name)


def _tag(name: str) -> str:
    return f"knarr-lab/{name}:{_digest(RECIPES[name])}"


def _made(name: str) -> Path:
    """The file of an image, made if it is not there."""
    file = _folder() / f"{_tag(name).replace('/', '-').replace(':', '-')}.tar"
    if not file.exists():
        half = file.with_suffix(f".{os.getpid()}")
        _make(RECIPES[name], half)
        for old in _folder().glob(f"knarr-lab-{name}-*.tar"):
            old.unlink()
        half.rename(file)
    return file


def ensure_node_images() -> Path:
    """The archive from which nodes take the images of pods."""
    made = archive_of(*NODE_IMAGES)
    place = STATE / "images" / made.name
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        for old in place.parent.glob("*.tar"):
            old.unlink()
        shutil.copyfile(made, place)
    return place


def _make(recipe: Recipe, file: Path) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent) as text:
        work = Path(text)
        root = work / "root"
        for name in ("bin", "sbin", "lib", "lib64"):
            (root / "usr" / name).mkdir(parents=True)
            (root / name).symlink_to(f"usr/{name}")
        for name in ("etc", "proc", "sys", "dev", "run", "root", "var/lib", "var/log"):
            (root / name).mkdir(parents=True)
        (root / "tmp").mkdir(mode=0o1777)
        (root / "var/run").symlink_to("/run")
        _unpack(_downloaded(recipe, work), root)
        _finish(recipe, root)
        if recipe.with_modules:
            _install_modules(root)
        _run("tar", "--numeric-owner", "--owner=0", "--group=0", "-C", str(root), "-cf", file, ".")


def _downloaded(recipe: Recipe, work: Path) -> Sequence[Path]:
    """The packages and all that they need, as for a machine that has nothing yet.

    They stay in the cache folder, for the next time that a recipe changes.
    """
    known = [one for one in recipe.optional if _has_package(one)]
    wanted = ("--no-install-recommends", "install", *recipe.packages, *known)
    listed = _apt(work / "none", "--print-uris", *wanted).split("\n")
    kept = _folder() / "packages"
    _apt(kept, "--download-only", *wanted)
    names = [words[1] for words in map(str.split, listed) if len(words) > 1]
    return [kept / name for name in sorted(names)]


def _apt(archives: Path, *words: str) -> str:
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    settings = {
        "Dir::State::status": "/dev/null",
        "Dir::Cache::archives": str(archives),
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
    }
    flags = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    return _run("apt-get", "-qq", "-y", *flags, *words).stdout


def _has_package(name: str) -> bool:
    return _run("apt-cache", "show", "--no-all-versions", name, check=False).returncode == 0


def _unpack(packages: Sequence[Path], root: Path) -> None:
    skipped = [f"--exclude={place}" for place in SKIPPED]
    into = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root), *skipped]
    for package in packages:
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE
        ) as unpacking:
            subprocess.run(into, stdin=unpacking.stdout, check=True, timeout=STEP_S)


def _finish(recipe: Recipe, root: Path) -> None:
    """Do what the packages' scripts would have done, as far as the lab needs it."""
    listed = _run(root / "usr/bin/busybox", "--list").stdout.split()
    links = {f"usr/bin/{name}": "busybox" for name in listed} | dict(recipe.links)
    for name, target in links.items():
        place = root / name
        if not any((root / folder / place.name).exists() for folder in ("usr/bin", "usr/sbin")):
            place.symlink_to(target)
    for name, content in (("passwd", PASSWD), ("group", GROUP)):
        (root / "etc" / name).write_text(content)
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    if certificates:
        place = root / "etc/ssl/certs/ca-certificates.crt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(path.read_text() for path in certificates))


def _install_modules(root: Path) -> None:
    """Knarr's dependencies, for the Python that is in the image and not for ours."""
    version = (root / "usr/bin/python3").readlink().name.removeprefix("python")
    place = root / f"usr/local/lib/python{version}/dist-packages"
    machine = platform.machine()
    wheels = [f"--platform=manylinux{one}_{machine}" for one in ("2014", "_2_17", "_2_28")]
    _run(
        *(sys.executable, "-m", "pip", "install", "-q", "--retries=8"),
        "--disable-pip-version-check",
        *("--root-user-action=ignore", "--target", str(place), "--only-binary=:all:"),
        *("--implementation=cp", f"--python-version={version}", *wheels, *_dependencies()),
    )
    for tests in place.glob("numpy/**/tests"):
        shutil.rmtree(tests)


def _dependencies() -> Sequence[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return tuple(project["dependencies"])


def _digest(recipe: Recipe) -> str:
    """Changes with whatever the image is made of, but for newer versions of packages."""
    release = platform.freedesktop_os_release()
    what = [str(VERSION), repr(recipe), release.get("VERSION_CODENAME", ""), platform.machine()]
    if recipe.with_modules:
        what += _dependencies()
    return sha256("\n".join(what).encode()).hexdigest()[:12]


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME', '/tmp')}/.cache"
    folder = Path(home) / "knarr-lab"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(*words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=STEP_S, check=False)
    if check and done.returncode:
        last = (done.stderr or done.stdout).strip()[-2000:]
        raise SystemExit(f"lab.images: {words[0]} failed: {last}")
    return done


def archive_with(image: str) -> Path:
    """The archive of an image for pods that we can make. Raise SystemExit."""
    wanted = image if ":" in image else f"{image}:latest"
    for name, recipe in POD_IMAGES.items():
        if image == name or wanted in recipe.tags:
            return archive_of(name)
    raise SystemExit(f"lab.images: {image} is none of {', '.join(POD_IMAGES)}")


def main() -> None:
    """Make what is missing and say what it is called."""
    if sys.argv[1:]:
        sys.stdout.write(f"{archive_with(sys.argv[1])}\n")
        return
    ensure_node_images()
    for variable, name in (("BASE_IMAGE", "base"), ("ETCD_IMAGE", "etcd")):
        sys.stdout.write(f"{variable}={ensure(name)}\n")


if __name__ == "__main__":
    main()
