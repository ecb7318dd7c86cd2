"""Whether the server lives and is ready, check by check."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from apiserver.rest.call import Call
from apiserver.rest.reply import text_reply
from apiserver.rest.routes import NoSuchPageError

Check = Callable[[], Awaitable[None]]
"""Returns when all is well, raises when not."""


CHECK_S = 2.0
"""What does not answer by then is not well, as in Kubernetes."""


async def _well() -> None:
    return


def _in_time(check: Check) -> Check:
    async def checked() -> None:
        async with asyncio.timeout(CHECK_S):
            await check()

    return checked


class Health:
    """The health endpoints. Only `readyz` knows of shutting down."""

    def __init__(self, *, store: Check, caches: Check) -> None:
        store, caches = _in_time(store), _in_time(caches)
        alive: dict[str, Check] = {"ping": _well, "log": _well, "etcd": store}
        alive["poststarthook/start-apiserver-admission-initializer"] = _well
        alive["poststarthook/rbac/bootstrap-roles"] = caches
        ready = {"ping": _well, "log": _well, "etcd": store, "informer-sync": caches}
        ready |= alive
        self._shutting_down = False
        ready["shutdown"] = self._not_shutting_down
        self._endpoints = {"healthz": alive, "livez": alive, "readyz": ready}

    def shut_down(self) -> None:
        """Say from now on that the server is not ready."""
        self._shutting_down = True

    async def _not_shutting_down(self) -> None:
        if self._shutting_down:
            raise RuntimeError("process is shutting down")

    async def answer(self, call: Call) -> web.StreamResponse:
        """Answer `/livez`, `/livez/etcd` and the like. Raise NoSuchPageError."""
        endpoint, _, single = call.path.raw.strip("/").partition("/")
        checks = self._endpoints[endpoint]
        if single:
            if single not in checks:
                raise NoSuchPageError
            checks = {single: checks[single]}
        excluded = set(call.query.get("exclude", ()))
        lines, failed = await _run(checks, excluded)
        unknown = excluded - checks.keys()
        if unknown:
            names = ", ".join(f'"{name}"' for name in sorted(unknown))
            lines.append(f"warn: some health checks cannot be excluded: no matches for {names}")
        if failed:
            lines.append(f"{endpoint} check failed")
            return text_reply(call, "\n".join(lines) + "\n", status=500)
        if "verbose" not in call.query or single:
            return text_reply(call, "ok")
        lines.append(f"{endpoint} check passed")
        return text_reply(call, "\n".join(lines) + "\n")


async def _run(checks: dict[str, Check], excluded: set[str]) -> tuple[list[str], bool]:
    lines, failed = [], False
    for name, check in checks.items():
        if name in excluded:
            lines.append(f"[+]{name} excluded: ok")
            continue
        try:
            await check()
        except Exception:
            lines.append(f"[-]{name} failed: reason withheld")
            failed = True
        else:
            lines.append(f"[+]{name} ok")
    return lines, failed
