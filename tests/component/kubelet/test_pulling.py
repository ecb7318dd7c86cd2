"""Images come from a registry, with a password where it asks for one."""

from base64 import b64encode

import pytest

from knarr.api.core.pod import Pod
from knarr.api.core.secret import Secret
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import events, made, main_pod, output, told, until
from tests.images import archive_of
from tests.registry import serve_registry

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOGIN = "knarr:sesame"


def waiting_for(one: Pod, *reasons: str) -> bool:
    states = [status.state.waiting for status in one.status.container_statuses]
    return any(state is not None and state.reason in reasons for state in states)


async def test_a_secret_opens_the_registry(world: World) -> None:
    auth = b64encode(LOGIN.encode()).decode()
    with serve_registry([archive_of("echo")], login=LOGIN) as registry:
        image = f"{registry.host}/library/echo:1"
        await world.client.create(main_pod("shut-out", "true", f"image: {image}"))
        shut = await until(
            world.client,
            "shut-out",
            lambda one: waiting_for(one, "ErrImagePull", "ImagePullBackOff"),
        )
        (failed, *_) = await events(world.client, "shut-out", "Failed")
        assert f'Failed to pull image "{image}"' in failed.message
        assert shut.status.phase == "Pending"

        config = f'{{"auths": {{"{registry.host}": {{"auth": "{auth}"}}}}}}'
        data = b64encode(config.encode()).decode()
        await world.client.create(
            made(
                Secret,
                "{metadata: {name: login}, type: kubernetes.io/dockerconfigjson, "
                f"data: {{.dockerconfigjson: {data}}}}}",
            )
        )
        spec = "{imagePullSecrets: [{name: login}]}"
        container = f"image: {image}\nimagePullPolicy: Always\ncommand: [cat, /dir/file]"
        wanted = main_pod("let-in", "", container, spec)
        assert await output(world.client, world.kubelet, wanted) == "from an image\n"
        (pulled, *_) = await events(world.client, "let-in", "Pulled")
        assert f'Successfully pulled image "{image}"' in pulled.message
        assert "/v2/library/echo/manifests/1" in registry.asked


@pytest.mark.parametrize(
    ("name", "container", "reason"),
    [
        pytest.param(
            "never",
            "image: 127.0.0.1:9/no/such:1\nimagePullPolicy: Never",
            "ErrImageNeverPull",
            id="never pulled",
        ),
        pytest.param("nobody", "image: 127.0.0.1:9/no/such:1", "ImagePullBackOff", id="nobody"),
        pytest.param("nameless", "image: 'Not a name!'", "InvalidImageName", id="no name"),
    ],
)
async def test_what_cannot_be_had_is_told(
    world: World, name: str, container: str, reason: str
) -> None:
    await world.client.create(main_pod(name, "true", container))
    waits = await until(world.client, name, lambda one: waiting_for(one, reason))
    assert waits.status.phase == "Pending"
    await told(world.client, name, "Failed", f"Error: {reason}")
    if reason == "ImagePullBackOff":
        state = waits.status.container_statuses[0].state.waiting
        back_off = 'Back-off pulling image "127.0.0.1:9/no/such:1"'
        assert state is not None
        assert state.message.startswith(f"{back_off}: ErrImagePull: ")
        await told(world.client, name, "BackOff", back_off)
