"""Runs what a container asks for after its start and before its end."""

import asyncio

import aiohttp

from knarr.api.core.probe import LifecycleHandler
from kubelet.probes.handlers import Answer, Target, get_page, open_port, run_command
from kubelet.runtime.runtime import Runtime


async def run_hook(runtime: Runtime, target: Target, handler: LifecycleHandler) -> Answer:
    """Run a hook to its end; the caller limits the time."""
    if handler.exec is not None:
        answer = await run_command(runtime, target, handler.exec)
        return Answer("success") if answer.result == "success" else answer
    if handler.http_get is not None:
        async with aiohttp.ClientSession() as session:
            return await get_page(session, target, handler.http_get)
    if handler.tcp_socket is not None:
        return await open_port(target, handler.tcp_socket)
    if handler.sleep is not None:
        await asyncio.sleep(handler.sleep.seconds)
    return Answer("success")
