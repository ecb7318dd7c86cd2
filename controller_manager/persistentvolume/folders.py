"""The folders of volumes that were made here."""

import asyncio
import shutil
from pathlib import Path

from controller_manager.persistentvolume.provisioning import PROVISIONED_BY, PROVISIONER
from knarr.api.core.persistent_volume import PersistentVolume


async def remove_folder(volume: PersistentVolume, root: str) -> str:
    """Remove the data of a volume that was made under `root`; answer why that failed, or nothing.

    Only a folder directly in `root` that is named as its volume is ever touched: whoever may
    write a PersistentVolume can name any path of this host in it.
    """
    source = volume.spec.host_path
    if source is None or volume.metadata.annotations.get(PROVISIONED_BY) != PROVISIONER:
        return ""
    path = Path(root) / volume.metadata.name
    if not root or source.path != str(path) or "/" in volume.metadata.name:
        return ""
    if not path.exists():
        return ""
    try:
        await asyncio.to_thread(shutil.rmtree, path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"failed to remove {path}: {error.strerror}"
    return ""
