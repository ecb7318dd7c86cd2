"""Messages packed by hand are those that the protobuf library makes."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knarr.api.kind import Kind
from knarr.client import messages
from knarr.proto import resources_pb2 as pb

TEXT = st.text(max_size=200)
BYTES = st.binary(max_size=300)


def kind(group: str, version: str, plural: str) -> Kind:
    return Kind(group, version, plural, "Thing", "")


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(TEXT, TEXT, TEXT, TEXT, TEXT, st.integers(0, 2**40), BYTES, st.booleans())
def test_requests(
    group: str, namespace: str, name: str, labels: str, token: str, limit: int, body: bytes,
    yes: bool,  # drawn by the test
) -> None:  # fmt: skip
    place = pb.Target(
        group=group, version="v1", plural="things", namespace=namespace, name=name,
        subresource=token,
    )  # fmt: skip
    packed = messages.target(kind(group, "v1", "things"), namespace, name, token)
    assert packed == place.SerializeToString()
    options = pb.WriteOptions(field_manager=name, field_validation=labels, dry_run=yes)
    packed_options = messages.write_options(name, labels, dry_run=yes)
    assert packed_options == options.SerializeToString()
    wanted = pb.ListRequest(
        target=place, selection=pb.Selection(label_selector=labels), limit=limit,
        continue_token=token, form=pb.Form(kind="Table", include="Object"),
    )  # fmt: skip
    chosen = messages.selection(labels, "")
    listed = messages.list_request(packed, chosen, limit, token, messages.form("Table/Object"))
    assert listed == wanted.SerializeToString()
    written = pb.WriteRequest(target=place, object=body, options=options)
    assert messages.write_request(packed, body, packed_options) == written.SerializeToString()
    patched = pb.PatchRequest(
        target=place, patch=body, patch_type="a/b", force=yes, options=options
    )
    made = messages.patch_request(packed, body, "a/b", packed_options, force=yes)
    assert made == patched.SerializeToString()
    assert messages.get_request(packed, b"") == pb.GetRequest(target=place).SerializeToString()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(st.lists(BYTES), st.integers(0, 2**60), TEXT, st.lists(TEXT))
def test_answers(objects: list[bytes], revision: int, token: str, warnings: list[str]) -> None:
    page = pb.ListAnswer(
        objects=objects, revision=revision, continue_token=token, warnings=warnings, remaining=7
    )
    found = messages.list_answer(page.SerializeToString())
    assert (found.objects, found.revision, found.continue_token) == (objects, revision, token)
    assert found.warnings == tuple(warnings)
    one = pb.Answer(object=b"{}", revision=revision, warnings=warnings, created=True, pending=True)
    assert messages.answer(one.SerializeToString()) == messages.Answer(b"{}", tuple(warnings))
