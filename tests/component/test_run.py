"""How a daemon ends: by a signal, by a failure, by a wrong setting."""

import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import asyncio, sys
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import SettingsError

async def main():
    try:
        print("runs", flush=True)
        {body}
    finally:
        print("cleaned up", flush=True)

set_up_logs()
run_daemon("knarr-test", main())
"""


def started(body: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "runs\n"
    return process


def ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What is left of the output; `communicate` would lose what `readline` has read ahead."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        out, err = process.stdout.read(), process.stderr.read()
        process.wait(timeout=10)
    return out, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_unwinds_and_is_no_failure(number: signal.Signals) -> None:
    process = started("await asyncio.sleep(60)")
    process.send_signal(number)
    out, err = ended(process)
    assert process.returncode == 0
    assert out == "cleaned up\n"
    assert "event=stopped daemon=knarr-test" in err


def test_a_second_signal_ends_it_at_once() -> None:
    process = started(
        "await asyncio.sleep(60)\n    except asyncio.CancelledError:\n"
        "        print('hangs', flush=True)\n        await asyncio.sleep(60)"
    )
    assert process.stdout is not None
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "hangs\n"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    ended(process)
    assert process.returncode == 1
    assert time.monotonic() - began < 5


def test_a_bug_in_a_task_ends_the_process() -> None:
    process = started(
        "async with asyncio.TaskGroup() as group:\n"
        "            group.create_task(asyncio.sleep(60))\n"
        "            raise RuntimeError('a bug')"
    )
    out, err = ended(process)
    assert process.returncode == 1
    assert out == "cleaned up\n"
    assert "RuntimeError: a bug" in err


def test_a_wrong_setting_is_one_line() -> None:
    process = started("raise SettingsError('cannot listen on 127.0.0.1:80')")
    _, err = ended(process)
    assert process.returncode == 1
    assert err == "knarr-test: cannot listen on 127.0.0.1:80\n"
