"""A server that starts waits for its store."""

import pytest

from apiserver.registry import patience
from apiserver.storage.store import KeyExistsError, Stored, UnavailableError, UnknownOutcomeError


async def test_tries_again_while_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AGAIN_S", 0)
    answers = [UnavailableError("no leader"), UnknownOutcomeError("lost"), None]

    async def write() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    await patience.patiently(write)
    assert answers == []


async def test_gives_up_in_the_end_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AGAIN_S", 0)

    async def write() -> None:
        raise UnavailableError("no leader")

    with pytest.raises(UnavailableError, match="no leader"):
        await patience.patiently(write)


async def test_what_the_store_answers_is_final() -> None:
    async def write() -> None:
        raise KeyExistsError("key", Stored("key", b"", 1, 1))

    with pytest.raises(KeyExistsError):
        await patience.patiently(write)
