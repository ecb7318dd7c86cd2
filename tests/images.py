"""Images for tests, made of Debian's packages: no registry is asked.

Built once, kept as one archive below the user's cache folder.
"""

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubelet.node.machine import architecture
from kubelet.runtime.docker.archive import LocalImage, docker_archive

VERSION = 2
"""Counts up when an image changes, so that nobody tests with an old one."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

BUSYBOX = ("busybox", "libc6", "libresolv2")

PASSWD = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/sh\n"
PASSWD += "nobody:x:65534:65534::/:/bin/sh\n"
GROUP = "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n"

WGET = """#!/bin/sh
# Debian's wget of busybox has no -T; timeout stands in for it.
seconds=
for word do
  shift
  case $word in
    -T) next=1; continue ;;
    --timeout=*) seconds=${word#*=}; continue ;;
  esac
  if [ "$next" ]; then seconds=$word; next=; continue; fi
  set -- "$@" "$word"
done
[ "$seconds" ] || exec busybox wget "$@"
timeout "$seconds" busybox wget "$@"
code=$?
[ $code = 143 ] || [ $code = 124 ] && { echo "wget: download timed out" >&2; exit 1; }
exit $code
"""

NGINX = """user www-data;
worker_processes 1;
error_log /dev/stderr warn;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout;
  sendfile on;
  server { listen 80; location / { root /usr/share/nginx/html; index index.html; } }
}
"""

WELCOME = "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n</head>\n"
WELCOME += "<body>\n<h1>Welcome to nginx!</h1>\n</body>\n</html>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How an image is made."""

    tags: Sequence[str]
    packages: Sequence[str] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


RECIPES: Mapping[str, Recipe] = {
    "busybox": Recipe(
        tags=("busybox:1.28", "busybox:1.28.4", "busybox:latest", "busybox:1.36"),
        config={"Cmd": ["sh"]},
    ),
    "echo": Recipe(
        tags=("echo:1",),
        config={"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["words"]},
        files={"dir/file": "from an image\n"},
    ),
    "nginx": Recipe(
        tags=(
            *("nginx:1.15", "nginx:1.15.4", "nginx:1.16", "nginx:1.14.2", "nginx:latest"),
            *("k8s.gcr.io/nginx-slim:0.8", "soscscs/myapp:v1", "ikubernetes/myapp:v2"),
        ),
        packages=(
            *("nginx-common", "nginx", "nginx-light", "libcrypt1", "libpcre2-8-0"),
            *("libssl3", "zlib1g"),
        ),
        config={
            "Cmd": ["nginx", "-g", "daemon off;"],
            "StopSignal": "SIGQUIT",
            "ExposedPorts": {"80/tcp": {}},
        },
        files={"etc/nginx/nginx.conf": NGINX, "usr/share/nginx/html/index.html": WELCOME},
    ),
    "perl": Recipe(
        tags=("perl:latest", "perl:5.34", "perl:5.34.0"),
        packages=(
            *("perl-base", "perl", "libperl5.36", "perl-modules-5.36", "libcrypt1", "libdb5.3"),
            *("libgdbm6", "libgdbm-compat4", "zlib1g", "libbz2-1.0", "libmath-bigint-perl"),
        ),
        config={"Cmd": ["perl", "-de0"]},
    ),
    "python": Recipe(
        tags=("python:3.11", "python:3.11-slim"),
        packages=(
            *("python3.11", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"),
            *("libexpat1", "zlib1g", "libssl3", "libffi8", "libsqlite3-0", "liblzma5"),
            *("libbz2-1.0", "libncursesw6", "libtinfo6", "libreadline8", "libuuid1", "libdb5.3"),
            *("libcrypt1", "libgcc-s1", "tzdata", "ca-certificates", "media-types"),
        ),
        config={"Cmd": ["python3"]},
        links={"usr/bin/python3": "python3.11", "usr/bin/python": "python3.11"},
    ),
}


def archive_of(*names: str) -> Path:
    """A file that `docker load` takes, with these images. Raise OSError or CalledProcessError."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "knarr-tests"
    path = folder / f"{'-'.join(names)}-{VERSION}.tar"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}")
        half.write_bytes(docker_archive([_made(RECIPES[name]) for name in names]))
        half.rename(path)
    return path


def _made(recipe: Recipe) -> LocalImage:
    with tempfile.TemporaryDirectory() as text:
        work = Path(text)
        root = work / "root"
        _skeleton(root)
        _unpack(work, root, ("busybox", "libc6", *recipe.packages))
        _busybox_links(root)
        for name, content in {**recipe.files, "etc/passwd": PASSWD, "etc/group": GROUP}.items():
            place = root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        for name, target in recipe.links.items():
            (root / name).symlink_to(target)
        return LocalImage(
            tags=recipe.tags,
            layer=_tar(root),
            config={"Env": [f"PATH={PATH}"], **recipe.config},
            architecture=architecture(),
        )


def _skeleton(root: Path) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("etc", "proc", "sys", "dev", "run", "root", "home", "var/www", "var/log/nginx"):
        (root / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp", "var/lib/nginx"):
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o1777)
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/local/bin/wget").write_text(WGET)
    (root / "usr/local/bin/wget").chmod(0o755)


def _unpack(work: Path, root: Path, packages: Sequence[str]) -> None:
    subprocess.run(
        ["apt-get", "download", "-q", *packages],
        cwd=work,
        check=True,
        capture_output=True,
        timeout=300,
    )
    for package in sorted(work.glob("*.deb")):
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
        ) as unpacking:
            subprocess.run(
                [
                    *("tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root)),
                    *("--exclude=./usr/share/doc", "--exclude=./usr/share/man"),
                    "--exclude=./usr/share/locale",
                ],
                stdin=unpacking.stdout,
                check=True,
                timeout=300,
            )


def _busybox_links(root: Path) -> None:
    listed = subprocess.run(
        [str(root / "usr/bin/busybox"), "--list"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    for name in listed.stdout.split():
        place = root / "usr/bin" / name
        if not place.exists() and not place.is_symlink():
            place.symlink_to("busybox")


def _tar(root: Path) -> bytes:
    """The files as root's, sorted and without times, so that the image's id is the same again."""
    out = io.BytesIO()

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            archive.add(path, str(path.relative_to(root)), recursive=False, filter=plain)
    return out.getvalue()
