"""Images of a Docker engine: those that are there, pulling, and the one of sandboxes."""

from collections.abc import Sequence

from kubelet.node.machine import architecture
from kubelet.runtime.docker.archive import LocalImage, docker_archive, layer
from kubelet.runtime.docker.create_options import is_to_be_non_root, user_of
from kubelet.runtime.docker.engine import Engine, EngineError
from kubelet.runtime.docker.pause import pause_program
from kubelet.runtime.docker.references import logins_for, repository_and_tag
from kubelet.runtime.docker.states import image as image_of
from kubelet.runtime.runtime import ContainerConfig, Credentials, Image, RuntimeFailureError

PAUSE_TAG = "knarr/pause:1"


class DockerImages:
    """The images of one engine."""

    def __init__(self, engine: Engine, sandbox_image: str) -> None:
        self._engine = engine
        self._sandbox_image = sandbox_image
        self._is_there = False

    async def get(self, name: str) -> Image | None:
        """The image of that name, or None. Raise RuntimeFailureError."""
        try:
            return image_of(await self._engine.json("GET", f"/images/{name}/json"))
        except EngineError as error:
            if error.status in (400, 404):
                return None
            raise RuntimeFailureError("ImageInspectError", error.message) from None

    async def list(self) -> Sequence[Image]:
        """All of them; none while the engine does not answer."""
        try:
            return [image_of(one) for one in await self._engine.json("GET", "/images/json")]
        except EngineError:
            return ()

    async def user_of(self, name: str) -> str:
        """The user an image runs as; empty for root. Raise EngineError."""
        return image_of(await self._engine.json("GET", f"/images/{name}/json")).user

    async def pull(self, name: str, credentials: Sequence[Credentials]) -> Image:
        """Get an image, with each login that fits, then without."""
        repository, tag = repository_and_tag(name)
        failed = ""
        for login in (*logins_for(name, credentials), ""):
            try:
                failed = await self._try(repository, tag, login)
            except EngineError as error:
                failed = error.message
            if not failed:
                found = await self.get(name)
                if found is not None:
                    return found
                failed = f"image {name} was pulled and is not there"
        raise RuntimeFailureError("ErrImagePull", failed)

    async def ensure_sandbox_image(self) -> str:
        """The name of the sandboxes' image, made and loaded if need be. Raise EngineError."""
        if self._sandbox_image:
            return self._sandbox_image
        if self._is_there:
            return PAUSE_TAG
        made = pause_image()
        try:
            await self._engine.raw("GET", f"/images/{made.id}/json")
        except EngineError as error:
            if error.status != 404:
                raise
            await self._engine.raw("POST", "/images/load", data=docker_archive((made,)))
        self._is_there = True
        return PAUSE_TAG

    def forget(self) -> None:
        """The sandboxes' image may be gone: look again."""
        self._is_there = False

    async def _try(self, repository: str, tag: str, login: str) -> str:
        """Pull once; answer what went wrong, empty when nothing did."""
        query = {"fromImage": repository, "tag": tag}
        headers = {"X-Registry-Auth": login} if login else {}
        failed = ""
        async for line in self._engine.lines(
            "POST", "/images/create", query=query, headers=headers
        ):
            failed = line.get("error", failed)
        return failed


def pause_image() -> LocalImage:
    """The sandboxes' image for this machine."""
    program = pause_program(architecture())
    return LocalImage(
        tags=(PAUSE_TAG,),
        layer=layer((("pause", program, 0o755),)),
        config={"Entrypoint": ["/pause"], "User": "65535:65535"},
        architecture=architecture(),
    )


def check_user(config: ContainerConfig, image_user: str) -> None:
    """Refuse root where the pod says so. Raise RuntimeFailureError in Kubernetes' words."""
    if not is_to_be_non_root(config):
        return
    user = user_of(config, "").partition(":")[0] or image_user.partition(":")[0]
    if user.isdigit() and user != "0":
        return
    if user_of(config, "").startswith("0"):
        told = "container's runAsUser breaks non-root policy"
    elif user in ("", "0", "root"):
        told = "container has runAsNonRoot and image will run as root"
    else:
        told = (
            f"container has runAsNonRoot and image has non-numeric user ({user}), "
            "cannot verify user is non-root"
        )
    pod = f"{config.pod.name}_{config.pod.namespace}({config.pod.uid})"
    raise RuntimeFailureError(
        "CreateContainerConfigError", f'{told} (pod: "{pod}", container: {config.name})'
    )
