"""The process knarr-dns: what it says of a configuration that cannot be used."""

import sys
from pathlib import Path

import pytest

from tests.component.dns.lab import run_tool


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            ".:53 {\n bogus\n}\n", "Corefile:2: bogus: there is no such plugin", id="name"
        ),
        pytest.param(".:53 {\n errors\n", "Corefile:1: the block that begins here", id="brace"),
        pytest.param(
            ".:53 {\n forward . nowhere\n}\n",
            "Corefile:2: forward: 'nowhere' is neither an address nor a file",
            id="upstream",
        ),
        pytest.param("tls://.:853 {\n}\n", "Corefile:1: tls:// is not served", id="transport"),
        pytest.param(
            ".:53 {\n kubernetes cluster.local {\n  pods maybe\n }\n}\n",
            "Corefile:2: kubernetes: cannot use pods maybe",
            id="a plugin's word",
        ),
    ],
)
async def test_one_line_says_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "Corefile"
    path.write_text(text)
    printed = await run_tool(sys.executable, "-m", "dns", "--conf", str(path))
    assert printed.startswith(f"knarr-dns: {told}")
