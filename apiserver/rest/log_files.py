"""The log files of the server's host, at `/logs/`, as a web server shows a folder."""

import asyncio
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

from aiohttp import web

from apiserver.rest.call import Call
from apiserver.rest.reply import headers
from apiserver.rest.routes import NoSuchPageError, not_allowed

FOLDER = Path("/var/log")
"""Where logs are, as Kubernetes serves it."""


class LogFiles:
    """Answers `/logs/` and all below it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    async def page(self, call: Call) -> web.StreamResponse:
        """A folder's list or a file."""
        if call.method != "GET":
            raise not_allowed()
        raw = call.path.raw.removeprefix("/logs")
        if not raw:
            return web.Response(status=301, headers={"Location": "/logs/", "Audit-Id": call.id})
        place = await asyncio.to_thread(self._place, unquote(raw).lstrip("/"))
        if place is None:
            raise NoSuchPageError
        if not isinstance(place, Path):
            found = headers(call, "text/html; charset=utf-8")
            return web.Response(body=place.encode(), headers=found)
        answer = web.FileResponse(place)
        answer.headers["Audit-Id"] = call.id
        return answer

    def _place(self, name: str) -> Path | str | None:
        """The file, or what is in the folder; nothing for what is not below ours."""
        if "\0" in name:
            return None
        folder = self._folder.resolve()
        try:
            place = (folder / name).resolve()
            if not place.is_relative_to(folder):
                return None
            if place.is_file():
                return place
            below = [(each.name, each.is_dir()) for each in place.iterdir()]
        except OSError:
            return None
        names = sorted(f"{each}/" if is_folder else each for each, is_folder in below)
        rows = "".join(f'<a href="{quote(each)}">{escape(each)}</a>\n' for each in names)
        return f"<!doctype html>\n<pre>\n{rows}</pre>\n"
