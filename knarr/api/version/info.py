"""The types of info in version."""

from knarr.api.structs import ApiStruct


class Info(ApiStruct):
    """TODO."""

    build_date: str
    """TODO."""
    compiler: str
    """TODO."""
    emulation_major: str = ""
    """TODO."""
    emulation_minor: str = ""
    """TODO."""
    git_commit: str
    """TODO."""
    git_tree_state: str
    """TODO."""
    git_version: str
    """TODO."""
    go_version: str
    """TODO."""
    major: str
    """TODO."""
    min_compatibility_major: str = ""
    """TODO."""
    min_compatibility_minor: str = ""
    """TODO."""
    minor: str
    """TODO."""
    platform: str
    """TODO."""
