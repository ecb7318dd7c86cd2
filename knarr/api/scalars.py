"""Scalars of the Kubernetes API that JSON knows no type for."""

from typing import Annotated, Any

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""A whole number of 32 bits."""

IntOrString = int | str
"""A number, or a text such as `25%` or a port's name."""

Time = Annotated[str, msgspec.Meta(min_length=20, max_length=20, title="Time")]
"""A moment in UTC to the second, RFC 3339: `2024-05-01T12:00:00Z`. Texts order as moments do.

Other spellings are longer; their length makes the fast decoder give them to
`knarr.api.codec`'s thorough reading, which rewrites them.
"""

MicroTime = Annotated[str, msgspec.Meta(min_length=27, max_length=27, title="MicroTime")]
"""A moment in UTC to the microsecond: `2024-05-01T12:00:00.000000Z`."""

Base64 = Annotated[
    str,
    msgspec.Meta(
        pattern="^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        title="Base64",
    ),
]
"""Bytes in base64."""

Raw = Any
"""Any JSON value, kept as it is."""


class Quantity(str):
    """An amount such as `500m` or `2Gi`; `knarr.api.quantities` computes with it."""

    __slots__ = ()
