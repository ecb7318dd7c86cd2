"""Answers to requests of every area are those that were found right; the share may only rise.

`python -m tests.replay.test_replay` writes down what the server answers now, in answers.json; look
at the difference before it is committed. scores.json says how many of an area's answers match.
"""

import asyncio
import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

from tests.component.apiserver.test_rest import client
from tests.replay.steps import STEPS, Step

ANSWERS = Path(__file__).with_name("answers.json")
SCORES = Path(__file__).with_name("scores.json")
_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r'"resourceVersion": "\d+"'), '"resourceVersion": "<revision>"'),
    (re.compile(r'"\d+s"'), '"<age>"'),
    (re.compile(r"Python/3\.\d+ aiohttp/[\d.]+"), "<agent>"),
)


async def answers(folder: Path) -> list[dict[str, Any]]:
    """What the server says to every step."""
    found = []
    async with client(folder) as session:
        for step in STEPS:
            body = None if step.body is None else json.dumps(step.body)
            headers = {"Content-Type": "application/json"} if body else {}
            headers |= step.headers
            told = await _told(session, step, body, headers)
            while step.settles and told["status"] != step.settles:
                await asyncio.sleep(0.01)
                told = await _told(session, step, body, headers)
            found.append({"request": f"{step.method} {step.path}", **told})
    return found


async def _told(
    session: aiohttp.ClientSession, step: Step, body: str | None, headers: dict[str, str]
) -> dict[str, Any]:
    request = session.request(step.method, step.path, data=body, headers=headers)
    async with request as answer:
        return {"status": answer.status, "text": _steady(await answer.text())}


def _steady(text: str) -> Any:
    try:
        text = json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text
    for changing, sign in _CHANGING:
        text = changing.sub(sign, text)
    return json.loads(text)


async def test_no_area_gets_worse(tmp_path: Path) -> None:
    right = json.loads(ANSWERS.read_text())
    assert len(right) == len(STEPS), "run python -m tests.replay.test_replay"
    scores: Counter[str] = Counter()
    differences = []
    for step, wanted, found in zip(STEPS, right, await answers(tmp_path), strict=True):
        scores[step.area] += wanted == found
        if wanted != found:
            differences.append((wanted, found))
    least = json.loads(SCORES.read_text())
    worse = {area: count for area, count in least.items() if scores[area] < count}
    assert not worse, differences
    assert dict(scores) == least, "better than scores.json says: write that down"


def main() -> None:
    """Write down what the server answers."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(answers(Path(folder)))
    ANSWERS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    scores = Counter(step.area for step in STEPS)
    SCORES.write_text(json.dumps(scores, indent=1) + "\n")


if __name__ == "__main__":
    main()
