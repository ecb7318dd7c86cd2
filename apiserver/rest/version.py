"""Says which version of Kubernetes' API this is."""

import platform
import sys

import msgspec
from aiohttp import web

from apiserver.rest.call import Call
from apiserver.rest.reply import reply
from apiserver.rest.routes import NoSuchPageError, not_allowed

MAJOR, MINOR = "1", "36"
GIT_VERSION = f"v{MAJOR}.{MINOR}.0"

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def version() -> dict[str, str]:
    """The version as clients read it."""
    machine = platform.machine()
    return {
        "major": MAJOR,
        "minor": MINOR,
        "emulationMajor": MAJOR,
        "emulationMinor": MINOR,
        "minCompatibilityMajor": MAJOR,
        "minCompatibilityMinor": str(int(MINOR) - 1),
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": f"python{platform.python_version()}",
        "compiler": platform.python_implementation(),
        "platform": f"{sys.platform}/{_MACHINES.get(machine, machine)}",
    }


async def version_page(call: Call) -> web.StreamResponse:
    """Answer `/version`."""
    if call.path.raw.rstrip("/") != "/version":
        raise NoSuchPageError
    if call.method != "GET":
        raise not_allowed()
    return await reply(call, msgspec.json.format(msgspec.json.encode(version()), indent=2))
