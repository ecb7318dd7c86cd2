"""The pages of a daemon's health, over HTTP."""

import aiohttp
import pytest

from knarr.daemon.health import Health, NotReadyError, serve_health
from knarr.daemon.settings import SettingsError


def failing() -> None:
    raise NotReadyError("informers are not listed")


@pytest.mark.parametrize(
    ("page", "status", "text"),
    [
        pytest.param("/healthz", 200, "ok", id="lives"),
        pytest.param("/livez?verbose", 200, "[+]ping ok\nlivez check passed\n", id="says how"),
        pytest.param(
            "/readyz",
            500,
            "[+]ping ok\n[-]informers failed: informers are not listed\nreadyz check failed\n",
            id="is not ready and says why",
        ),
        pytest.param("/readyz?exclude=informers", 200, "ok", id="leaves out what is excluded"),
        pytest.param("/readyz/informers", 500, "informers are not listed\n", id="one check"),
        pytest.param("/readyz/ping", 200, "ok", id="one check that passes"),
        pytest.param("/readyz/nothing", 404, "404 page not found\n", id="no such check"),
    ],
)
async def test_pages(page: str, status: int, text: str) -> None:
    health = Health(ready={"informers": failing})
    async with (
        serve_health(health, "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{page}") as answer,
    ):
        assert answer.status == status
        assert await answer.text() == text


async def test_metrics_are_prometheus_text() -> None:
    async with (
        serve_health(Health(), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as answer,
    ):
        assert "process_resident_memory_bytes" in await answer.text()


async def test_a_busy_port_is_one_clear_line() -> None:
    async with serve_health(Health(), "127.0.0.1", 0) as port:
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with serve_health(Health(), "127.0.0.1", port):
                pass
