"""The gate of the API server: who asks, for whom, and whether they may."""

from collections.abc import Sequence
from typing import Protocol

from apiserver.auth.attributes import Attributes, Decision, refusal
from apiserver.auth.authenticate import Authentication
from knarr.api.errors import ForbiddenError

MASTERS = "system:masters"
"""Members of this group may everything, whatever the rules say, so that nobody is locked out."""


class Authorizer(Protocol):
    """Decides about one request. It never waits: what it needs lies in memory."""

    def decide(self, asked: Attributes) -> Decision:
        """Allow, deny, or have no opinion."""
        ...


class Authorization:
    """The chain of authorizers."""

    def __init__(self, authorizers: Sequence[Authorizer]) -> None:
        self._authorizers = authorizers

    def decide(self, asked: Attributes) -> Decision:
        """The first opinion that any authorizer has; none when no one has any."""
        if MASTERS in asked.user.groups:
            return Decision("allow")
        reasons = []
        for authorizer in self._authorizers:
            decision = authorizer.decide(asked)
            if decision.verdict != "none":
                return decision
            if decision.reason:
                reasons.append(decision.reason)
        return Decision("none", "\n".join(reasons))

    def check(self, asked: Attributes) -> None:
        """Raise ForbiddenError unless the request is allowed."""
        if MASTERS in asked.user.groups:
            return
        error = self.refused(asked)
        if error is not None:
            raise error

    def refused(self, asked: Attributes) -> ForbiddenError | None:
        """The error that a request would meet, None when it is allowed."""
        decision = self.decide(asked)
        return None if decision.verdict == "allow" else refusal(asked, decision.reason)


class Gate(Authorization):
    """Who asks, and whether they may."""

    def __init__(self, authentication: Authentication, authorizers: Sequence[Authorizer]) -> None:
        super().__init__(authorizers)
        self.authentication = authentication


class AllowAll:
    """The authorizer that `--authorization-mode=AlwaysAllow` asks for."""

    def decide(self, asked: Attributes) -> Decision:
        """Allow."""
        return Decision("allow")
