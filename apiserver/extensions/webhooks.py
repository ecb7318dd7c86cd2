"""Asks the webhooks of the cluster's users what may be stored, and in which form."""

import asyncio
import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast

from msgspec import Struct

from apiserver.admission.admission import Admission, Attributes, Operation, View
from apiserver.extensions.authorizer import Decide, authorizer_for
from apiserver.extensions.calls import CallError, Calls
from apiserver.extensions.matching import is_exempt, labels_match, matched_kind
from apiserver.extensions.review import objects, plain, request_of, typed
from apiserver.registry.core import Core
from knarr.api.admissionregistration.webhook_configuration import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
)
from knarr.api.errors import ApiError, BadRequestError, InternalError
from knarr.api.kind import Kind
from knarr.api.meta.status import Status, StatusCause, StatusDetails
from knarr.api.patches import json_patch
from knarr.api.patches.errors import PatchError
from knarr.cel.errors import CelError, CelSyntaxError
from knarr.cel.program import program

TIMEOUT_S = 10
"""How long a webhook may take that does not say."""

Webhook = MutatingWebhook | ValidatingWebhook


class DeniedError(ApiError):
    """What a webhook answered that refused a request."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message, details=status.details)
        self._status = status
        self.code = status.code or 400  # type: ignore[misc]  # each refusal has a code of its own
        self.reason = status.reason  # type: ignore[misc]  # and a reason

    def to_status(self) -> Status:
        """The webhook's Status."""
        return self._status


class _Hook(Struct, frozen=True):
    """One webhook that a request concerns."""

    key: tuple[str, str]
    webhook: Webhook
    kind: Kind


class _Webhooks(Admission):
    operations: ClassVar[frozenset[Operation]] = frozenset(
        {"CREATE", "UPDATE", "DELETE", "CONNECT"}
    )
    subresources: ClassVar[frozenset[str]] = frozenset({"*"})

    def __init__(self, calls: Calls, decide: Decide) -> None:
        self._calls = calls
        self._decide = decide

    def _concerned(
        self, configurations: Sequence[Any], attributes: Attributes, core: Core
    ) -> Iterator[_Hook]:
        if is_exempt(attributes.kind):
            return
        for configuration in sorted(configurations, key=lambda each: each.metadata.name):
            for webhook in configuration.webhooks:
                kind = matched_kind(webhook.rules, attributes, core.kinds, webhook.match_policy)
                if kind is None or not labels_match(
                    webhook.namespace_selector, webhook.object_selector, attributes, core
                ):
                    continue
                if _conditions_hold(webhook, attributes, kind, self._decide):
                    yield _Hook((configuration.metadata.name, webhook.name), webhook, kind)

    async def _ask(self, hook: _Hook, attributes: Attributes, core: Core) -> dict[str, Any] | None:
        """The response of a webhook; None where it failed and that is no matter."""
        webhook = hook.webhook
        if attributes.dry_run and webhook.side_effects not in ("None", "NoneOnDryRun"):
            raise BadRequestError(f'admission webhook "{webhook.name}" does not support dry run')
        uid = core.new_uid()
        review = _review(attributes, hook.kind, uid)
        timeout_s = webhook.timeout_seconds or TIMEOUT_S
        try:
            answer = await self._calls.post(core, webhook.client_config, review, timeout_s)
            response = _response(answer, uid)
        except CallError as error:
            if webhook.failure_policy == "Ignore":
                return None
            told = f'failed calling webhook "{webhook.name}": failed to call webhook: {error}'
            raise InternalError(f"Internal error occurred: {told}", details=_causes(told)) from None
        attributes.warnings.extend(response.get("warnings") or ())
        for key, value in (response.get("auditAnnotations") or {}).items():
            attributes.audit[f"{webhook.name}/{key}"] = str(value)
        if not response.get("allowed"):
            raise DeniedError(_denial(webhook.name, response.get("status") or {}))
        return response


class MutatingWebhooks(_Webhooks):
    """Lets webhooks change what is stored, one after the other."""

    async def admit(self, attributes: Attributes, view: View) -> Any:
        """The object as the webhooks want it."""
        core = cast("Core", view)
        configurations = core.list(MutatingWebhookConfiguration)
        if not configurations:
            return attributes.object
        results: dict[tuple[str, str], Any] = attributes.notes.setdefault("webhooks", {})
        for hook in self._concerned(configurations, attributes, core):
            if attributes.is_reinvocation and not _is_asked_again(hook, results, attributes):
                continue
            before = attributes.object
            response = await self._ask(hook, attributes, core)
            if response is not None and response.get("patch"):
                attributes.object = _patched(core, attributes, hook.webhook, response)
            results[hook.key] = attributes.object
            if attributes.object != before and not attributes.is_reinvocation:
                attributes.reinvoke = True
        return attributes.object


def _is_asked_again(
    hook: _Hook, results: dict[tuple[str, str], Any], attributes: Attributes
) -> bool:
    """Whether others changed the object since this webhook saw it, and it wants to know."""
    wants = isinstance(hook.webhook, MutatingWebhook)
    wants = wants and getattr(hook.webhook, "reinvocation_policy", "") == "IfNeeded"
    return wants and hook.key in results and results[hook.key] != attributes.object


class ValidatingWebhooks(_Webhooks):
    """Lets webhooks refuse requests, all asked at once."""

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Raise what the first webhook refused with."""
        core = cast("Core", view)
        configurations = core.list(ValidatingWebhookConfiguration)
        if not configurations:
            return
        hooks = list(self._concerned(configurations, attributes, core))
        failures: dict[int, ApiError] = {}

        async def ask(index: int, hook: _Hook) -> None:
            try:
                await self._ask(hook, attributes, core)
            except ApiError as error:
                failures[index] = error

        async with asyncio.TaskGroup() as group:
            for index, hook in enumerate(hooks):
                group.create_task(ask(index, hook), name=f"webhook {hook.webhook.name}")
        if failures:
            raise failures[min(failures)]


def _conditions_hold(webhook: Webhook, attributes: Attributes, kind: Kind, decide: Decide) -> bool:
    if not webhook.match_conditions:
        return True
    variables = {
        **objects(attributes),
        "request": request_of(attributes, kind),
        "authorizer": authorizer_for(decide, attributes),
    }
    failed: list[str] = []
    for condition in webhook.match_conditions:
        try:
            if program(condition.expression).evaluate(variables) is not True:
                return False
        except (CelError, CelSyntaxError) as error:
            failed.append(f"expression '{condition.expression}' resulted in error: {error}")
    if not failed:
        return True
    if webhook.failure_policy == "Ignore":
        return False
    told = f'failed calling webhook "{webhook.name}": {"; ".join(failed)}'
    raise InternalError(f"Internal error occurred: {told}", details=_causes(told))


def _causes(told: str) -> StatusDetails:
    return StatusDetails(causes=(StatusCause(message=told),))


def _review(attributes: Attributes, kind: Kind, uid: str) -> dict[str, Any]:
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": uid,
            **request_of(attributes, kind),
            **objects(attributes, kind),
        },
    }


def _response(answer: Any, uid: str) -> dict[str, Any]:
    if not isinstance(answer, dict) or answer.get("kind") != "AdmissionReview":
        kind = answer.get("kind") if isinstance(answer, dict) else answer
        raise CallError(
            "received invalid webhook response: expected webhook response of "
            f"admission.k8s.io/v1, Kind=AdmissionReview, got {kind}"
        )
    response = answer.get("response")
    if not isinstance(response, dict):
        raise CallError("received invalid webhook response: webhook response was absent")
    if response.get("uid") != uid:
        raise CallError(
            f'received invalid webhook response: expected response.uid="{uid}", '
            f'got "{response.get("uid", "")}"'
        )
    if response.get("patch") and response.get("patchType") != "JSONPatch":
        raise CallError(
            "received invalid webhook response: webhook returned response.patchType="
            f'"{response.get("patchType", "")}", want "JSONPatch"'
        )
    return response


def _denial(name: str, status: dict[str, Any]) -> Status:
    denied = f'admission webhook "{name}" denied the request'
    message, reason = status.get("message") or "", status.get("reason") or ""
    code = status.get("code") or 0
    if message or reason:
        told = f"{denied}: {message or reason}"
    else:
        told = f"{denied} without explanation"
    return Status(status="Failure", message=told, reason=reason, code=code if code >= 400 else 400)


def _patched(core: Core, attributes: Attributes, webhook: Webhook, response: dict[str, Any]) -> Any:
    before = plain(attributes.object, attributes.kind)
    try:
        operations = json_patch.read(base64.b64decode(response["patch"], validate=True))
        after = json_patch.apply(before, operations)
    except (PatchError, binascii.Error, TypeError) as error:
        told = f'failed calling webhook "{webhook.name}": {error}'
        raise InternalError(f"Internal error occurred: {told}", details=_causes(told)) from None
    return typed(core, attributes.kind, after)
