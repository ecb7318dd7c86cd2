"""Scalars of the Kubernetes API that JSON knows no type for."""

from typing import Annotated, Any

import msgspec

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
"""A whole number of 32 bits."""

IntOrString = int | str
"""A number, or a text such as `25%` or a port's name."""

Time = str
"""A moment in UTC to the second, RFC 3339: `2024-05-01T12:00:00Z`. Texts order as moments do."""

MicroTime = str
"""A moment in UTC to the microsecond: `2024-05-01T12:00:00.000000Z`."""

Base64 = str
"""Bytes in base64."""

Raw = Any
"""Any JSON value, kept as it is."""


class Quantity(str):
    """An amount such as `500m` or `2Gi`; `knarr.api.quantities` computes with it."""

    __slots__ = ()
