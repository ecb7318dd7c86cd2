"""What to tell of names that pods take over."""

from collections.abc import Iterator

from knarr.api import names


def pod_name_warning(name: str) -> Iterator[str]:
    """A name that no host can have is a surprise when pods get it."""
    broken = names.dns_label(name)
    if name and broken:
        yield (
            "metadata.name: this is used in Pod names and hostnames, which can result in "
            f"surprising behavior; a DNS label is recommended: [{' '.join(broken)}]"
        )
