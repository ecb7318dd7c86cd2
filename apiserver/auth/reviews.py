"""Answers the reviews: who am I, whose token is this, may they, what may I."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from apiserver.auth.attributes import Attributes
from apiserver.auth.authenticate import authenticated
from apiserver.auth.gate import Gate
from apiserver.auth.rbac import Rbac
from apiserver.auth.service_account_tokens import ServiceAccountTokens
from apiserver.registry.request import Request, User
from knarr.api import codec, times
from knarr.api.authentication.self_subject_review import (
    SelfSubjectReview,
    SelfSubjectReviewStatus,
)
from knarr.api.authentication.token_review import TokenReview, TokenReviewStatus, UserInfo
from knarr.api.authorization.access_review import (
    LocalSubjectAccessReview,
    NonResourceAttributes,
    NonResourceRule,
    ResourceAttributes,
    ResourceRule,
    SelfSubjectAccessReview,
    SelfSubjectRulesReview,
    SelfSubjectRulesReviewSpec,
    SubjectAccessReview,
    SubjectAccessReviewStatus,
    SubjectRulesReviewStatus,
)
from knarr.api.errors import BadRequestError, UnauthorizedError
from knarr.api.field_errors import FieldError, invalid, invalid_error, required
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.rbac.rules import PolicyRule
from knarr.daemon.clock import Clock

Handler = Callable[[Request, Any], Awaitable[Any]]

AUTHENTICATION = "authentication.k8s.io"
AUTHORIZATION = "authorization.k8s.io"

_EVERYTHING = (
    PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
    PolicyRule(verbs=("*",), non_resource_urls=("*",)),
)
"""What members of system:masters have, beside what RBAC gives them."""


class Reviews:
    """The reviews, each a handler of the registry."""

    def __init__(
        self,
        gate: Gate,
        rbac: Rbac,
        tokens: ServiceAccountTokens,
        clock: Clock,
    ) -> None:
        self._gate = gate
        self._rbac = rbac
        self._tokens = tokens
        self._clock = clock

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """The handlers by group and plural."""
        return {
            (AUTHENTICATION, "selfsubjectreviews"): self.who_am_i,
            (AUTHENTICATION, "tokenreviews"): self.whose_token,
            (AUTHORIZATION, "selfsubjectaccessreviews"): self.may_i,
            (AUTHORIZATION, "subjectaccessreviews"): self.may_they,
            (AUTHORIZATION, "localsubjectaccessreviews"): self.may_they_here,
            (AUTHORIZATION, "selfsubjectrulesreviews"): self.what_may_i,
        }

    async def who_am_i(self, request: Request, asked: SelfSubjectReview) -> SelfSubjectReview:
        """Answer with the user of the request."""
        meta = ObjectMeta(creation_timestamp=times.to_time(self._clock.now()))
        status = SelfSubjectReviewStatus(user_info=_info(request.user))
        return replace(asked, metadata=meta, status=status)

    async def whose_token(self, request: Request, asked: TokenReview) -> TokenReview:
        """Answer whose token it is, and for which of the audiences it is good."""
        spec = asked.spec
        if asked.metadata.namespace:
            told = f"namespace is not allowed on this type: {asked.metadata.namespace}"
            raise BadRequestError(told)
        if not spec.token:
            raise BadRequestError("token is required for TokenReview in authentication")
        audiences = spec.audiences or self._tokens.audiences
        status = await self._token_status(spec.token, audiences)
        return replace(asked, status=status)

    async def _token_status(self, token: str, audiences: Sequence[str]) -> TokenReviewStatus:
        reviewed = await self._tokens.review(token, audiences)
        if reviewed is not None:
            user, fitting = reviewed
            return TokenReviewStatus(
                authenticated=True, user=_info(authenticated(user)), audiences=fitting
            )
        # Other sorts of tokens are meant for this server and nobody else.
        fitting = tuple(one for one in audiences if one in self._tokens.audiences)
        if fitting:
            try:
                user = await self._gate.authentication.bearer(token)
            except UnauthorizedError:
                pass
            else:
                return TokenReviewStatus(authenticated=True, user=_info(user), audiences=fitting)
        return TokenReviewStatus(error="invalid bearer token")

    async def may_i(
        self, request: Request, asked: SelfSubjectAccessReview
    ) -> SelfSubjectAccessReview:
        """Answer whether the one who asks may."""
        spec = asked.spec
        _check_one(asked)
        status = self._status(request.user, spec.resource_attributes, spec.non_resource_attributes)
        return replace(asked, status=status)

    async def may_they(self, request: Request, asked: SubjectAccessReview) -> SubjectAccessReview:
        """Answer whether somebody may."""
        return replace(asked, status=self._subject_status(asked))

    async def may_they_here(
        self, request: Request, asked: LocalSubjectAccessReview
    ) -> LocalSubjectAccessReview:
        """Answer whether somebody may in this namespace."""
        meant = asked.spec.resource_attributes
        if meant is not None and meant.namespace != request.namespace:
            error = invalid(
                "spec.resourceAttributes.namespace",
                meant.namespace,
                "must match metadata.namespace",
            )
            raise invalid_error(AUTHORIZATION, "", "", [error])
        return replace(asked, status=self._subject_status(asked))

    def _subject_status(
        self, asked: SubjectAccessReview | LocalSubjectAccessReview
    ) -> SubjectAccessReviewStatus:
        spec = asked.spec
        errors = []
        if not spec.user and not spec.groups:
            errors.append(required("spec.user", "at least one of user or group must be specified"))
        _check_one(asked, errors)
        user = User(
            name=spec.user,
            uid=spec.uid,
            groups=spec.groups,
            extra=tuple((key, tuple(values)) for key, values in spec.extra.items()),
        )
        return self._status(user, spec.resource_attributes, spec.non_resource_attributes)

    def _status(
        self,
        user: User,
        resource: ResourceAttributes | None,
        path: NonResourceAttributes | None,
    ) -> SubjectAccessReviewStatus:
        if resource is not None:
            asked = Attributes(
                user,
                resource.verb,
                group=resource.group,
                version=resource.version,
                resource=resource.resource,
                subresource=resource.subresource,
                namespace=resource.namespace,
                name=resource.name,
            )
        else:
            assert path is not None, "exactly one of the two is there"
            asked = Attributes(user, path.verb, is_resource=False, path=path.path)
        decision = self._gate.decide(asked)
        return SubjectAccessReviewStatus(
            allowed=decision.verdict == "allow",
            denied=decision.verdict == "deny",
            reason=decision.reason,
        )

    async def what_may_i(
        self, request: Request, asked: SelfSubjectRulesReview
    ) -> SelfSubjectRulesReview:
        """Answer with the rules that the one who asks has in a namespace."""
        if not asked.spec.namespace:
            raise BadRequestError("no namespace on request")
        rules = [bound.rule for bound in self._rbac.rules(request.user, asked.spec.namespace)]
        if "system:masters" in request.user.groups:
            rules += _EVERYTHING
        status = SubjectRulesReviewStatus(
            incomplete=False,
            resource_rules=tuple(_resource_rules(rules)),
            non_resource_rules=tuple(_path_rules(rules)),
        )
        return replace(asked, spec=SelfSubjectRulesReviewSpec(), status=status)


def _info(user: User) -> UserInfo:
    return UserInfo(username=user.name, uid=user.uid, groups=user.groups, extra=dict(user.extra))


def _check_one(
    asked: SelfSubjectAccessReview | SubjectAccessReview | LocalSubjectAccessReview,
    more: Sequence[FieldError] = (),
) -> None:
    """Raise InvalidError unless exactly one thing is asked, of nothing that is stored."""
    errors = []
    resource, path = asked.spec.resource_attributes, asked.spec.non_resource_attributes
    if resource is not None and path is not None:
        detail = "cannot be specified in combination with resourceAttributes"
        errors.append(invalid("spec.nonResourceAttributes", _plain(path), detail))
    if path is not None and isinstance(asked, LocalSubjectAccessReview):
        detail = "disallowed on this kind of request"
        errors.append(invalid("spec.nonResourceAttributes", _plain(path), detail))
    if resource is None and path is None:
        detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(required("spec.resourceAttributes", detail))
    errors += more
    meta = replace(asked.metadata, managed_fields=())
    is_local = isinstance(asked, LocalSubjectAccessReview)
    if (replace(meta, namespace="") if is_local else meta) != ObjectMeta():
        detail = "must be empty except for namespace" if is_local else "must be empty"
        errors.append(invalid("metadata", codec.to_plain(meta), detail))
    if errors:
        raise invalid_error(AUTHORIZATION, "", "", errors)  # Kubernetes names no kind here.


def _plain(path: NonResourceAttributes) -> dict[str, str]:
    return {"path": path.path, "verb": path.verb}


def _resource_rules(rules: Iterable[PolicyRule]) -> Iterable[ResourceRule]:
    for rule in rules:
        if rule.resources:
            yield ResourceRule(
                verbs=rule.verbs,
                api_groups=rule.api_groups,
                resources=rule.resources,
                resource_names=rule.resource_names,
            )


def _path_rules(rules: Iterable[PolicyRule]) -> Iterable[NonResourceRule]:
    for rule in rules:
        if rule.non_resource_urls:
            yield NonResourceRule(verbs=rule.verbs, non_resource_urls=rule.non_resource_urls)
