"""Ready-made answers to the very bytes that were asked before.

Clients ask the same few questions with the same bytes, but for the id. What a
reply was made of is known by Service; when that changes its answers go, and the
next query makes them anew. Rotating answers have one version for each turn.
"""

from collections.abc import Callable, Sequence
from itertools import cycle

ANSWERS_MAX = 50_000
"""So many questions have ready answers; at more all are forgotten, as nobody asks that way."""

QUESTION_BYTES_MAX = 300
"""A longer question is none that is asked often."""

Where = tuple[str, str]


class HotAnswers:
    """The answers, without their ids, by the questions without theirs."""

    def __init__(self) -> None:
        self.answers: dict[bytes, Callable[[], bytes]] = {}
        self.version = 0
        """How often anything was forgotten: an answer begun before is not to be kept."""
        self._of: dict[Where, list[bytes]] = {}

    def put(self, question: bytes, variants: Sequence[bytes], depends_on: Where) -> None:
        """Answer these bytes so from now on, each variant in its turn."""
        if len(question) > QUESTION_BYTES_MAX or question in self.answers:
            return
        if len(self.answers) >= ANSWERS_MAX:
            self.clear()
        self.answers[question] = cycle(variants).__next__
        self._of.setdefault(depends_on, []).append(question)

    def forget(self, namespace: str, name: str) -> None:
        """A Service, or without a name the namespace, has changed."""
        self.version += 1
        for question in self._of.pop((namespace, name), ()):
            del self.answers[question]

    def clear(self) -> None:
        """Forget everything."""
        self.version += 1
        self.answers.clear()
        self._of.clear()
