"""ImageLocality: prefer nodes that have a pod's images."""

import numpy as np

from scheduler.arrays import Ints, Slots
from scheduler.plugins.plugin import SCORE_MAX
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

MEBIBYTE = 1024 * 1024
LEAST = 23 * MEBIBYTE
"""Images smaller than this together make no difference."""
MOST_EACH = 1000 * MEBIBYTE
"""From so much a container on, more makes no difference."""


class ImageLocality:
    """Scores by the size of the images that are there, spread over how many nodes have them."""

    name = "ImageLocality"
    is_local = False  # How many nodes there are, and have an image, matters too.

    def scores(self, snapshot: Snapshot, shape: Shape) -> bool:
        """Whether any node has one of the images."""
        return any(image in snapshot.images for image in _images(shape))

    def score(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Ints:
        """Sizes between the bounds, as a share of the largest that counts."""
        sizes = np.zeros(snapshot.length, dtype=np.int64)
        images = _images(shape)
        for image in images:
            having = snapshot.images.get(image, {})
            spread = len(having) / snapshot.node_count if snapshot.node_count else 0.0
            for slot, size in having.items():
                sizes[slot] += int(size * spread)
        most = MOST_EACH * len(images)
        bounded = np.clip(sizes[slots], LEAST, most)
        return SCORE_MAX * (bounded - LEAST) // (most - LEAST)

    def normalise(self, raw: Ints) -> Ints:
        """Scores are on the scale already."""
        return raw


def _images(shape: Shape) -> list[str]:
    spec = shape.pod.spec
    return [_normal(each.image) for each in (*spec.init_containers, *spec.containers)]


def _normal(image: str) -> str:
    """The name of an image with its tag, as nodes report it."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"
