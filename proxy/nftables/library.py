"""nft without a process of its own: the library that nft is made of, where it is there.

Starting nft costs as much again as a small change does in the kernel. Large
transactions are left to a process all the same, which gives its memory back.
"""

import ctypes
from functools import cache

LIBRARY = "libnftables.so.1"


@cache
def library() -> ctypes.CDLL | None:
    """The library; None where there is none we can use."""
    try:
        found = ctypes.CDLL(LIBRARY)
        found.nft_ctx_new.restype = ctypes.c_void_p
        found.nft_ctx_new.argtypes = [ctypes.c_uint32]
        found.nft_ctx_free.argtypes = [ctypes.c_void_p]
        found.nft_ctx_buffer_error.argtypes = [ctypes.c_void_p]
        found.nft_ctx_buffer_output.argtypes = [ctypes.c_void_p]
        found.nft_ctx_get_error_buffer.argtypes = [ctypes.c_void_p]
        found.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        found.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    except (OSError, AttributeError):
        return None
    return found


def apply(found: ctypes.CDLL, commands: bytes) -> str | None:
    """Carry out commands, all of them or none; answer what is wrong with them."""
    context = found.nft_ctx_new(0)
    if not context:
        return "libnftables cannot be used"
    try:
        found.nft_ctx_buffer_error(context)
        found.nft_ctx_buffer_output(context)
        if found.nft_run_cmd_from_buffer(context, commands):
            told: bytes = found.nft_ctx_get_error_buffer(context) or b""
            return told.decode(errors="replace").strip() or "libnftables failed"
    finally:
        found.nft_ctx_free(context)
    return None
