"""The program of a sandbox: it holds the pod's namespaces, ends on TERM, reaps orphans.

A static ELF of some 250 bytes, written here, since a pod's network shall need
no image from anywhere. It ignores SIGCHLD, so that the kernel reaps; blocks
TERM and INT and waits for one of them. Signals must be blocked, not handled:
to process 1 the kernel delivers no others.
"""

import struct

_MACHINES = {"amd64": 62, "arm64": 183}
_PAGES = {"amd64": 0x1000, "arm64": 0x10000}
_BASE = 0x400000
_HEADERS_SIZE = 64 + 56

_ACTION = struct.pack("<QQQQ", 1, 0, 0, 0)
"""struct sigaction with SIG_IGN."""

_SIGNALS = struct.pack("<Q", 1 << (15 - 1) | 1 << (2 - 1))
"""The set of TERM and INT."""

SIGCHLD = 17


def pause_program(architecture: str) -> bytes:
    """The executable for amd64 or arm64. Raise KeyError for others."""
    code = {"amd64": _amd64, "arm64": _arm64}[architecture]()
    size = _HEADERS_SIZE + len(code)
    header = b"\x7fELF" + bytes([2, 1, 1, 0]) + bytes(8)
    header += struct.pack(
        "<HHIQQQIHHHHHH",
        *(2, _MACHINES[architecture], 1, _BASE + _HEADERS_SIZE, 64, 0, 0, 64, 56, 1, 0, 0, 0),
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, _PAGES[architecture])
    return header + segment + code


class _Amd64:
    """Collects instructions, and fills in where the data lies."""

    def __init__(self) -> None:
        self.code = bytearray()
        self._references: list[tuple[int, str]] = []

    def add(self, instructions: bytes) -> None:
        """Some instructions as they are."""
        self.code += instructions

    def address(self, instruction: bytes, label: str) -> None:
        """Load the address of some data."""
        self.code += instruction
        self._references.append((len(self.code), label))
        self.code += bytes(4)

    def call(self, number: int) -> None:
        """A system call; its fourth argument is the size of a signal set."""
        self.code += b"\x41\xba" + struct.pack("<I", 8)  # mov r10d, 8
        self.code += b"\xb8" + struct.pack("<I", number) + b"\x0f\x05"  # mov eax, number; syscall

    def with_data(self) -> bytes:
        """The instructions, aligned, and the data after them."""
        while len(self.code) % 8:
            self.code.append(0x90)
        places = {"action": len(self.code), "signals": len(self.code) + len(_ACTION)}
        for at, label in self._references:
            self.code[at : at + 4] = struct.pack("<i", places[label] - (at + 4))
        return bytes(self.code) + _ACTION + _SIGNALS


def _amd64() -> bytes:
    made = _Amd64()
    made.add(b"\xbf" + struct.pack("<I", SIGCHLD))  # mov edi, SIGCHLD
    made.address(b"\x48\x8d\x35", "action")  # lea rsi, [action]
    made.add(b"\x31\xd2")  # xor edx, edx
    made.call(13)  # rt_sigaction
    made.add(b"\x31\xff")  # xor edi, edi: SIG_BLOCK
    made.address(b"\x48\x8d\x35", "signals")
    made.add(b"\x31\xd2")
    made.call(14)  # rt_sigprocmask
    again = len(made.code)
    made.address(b"\x48\x8d\x3d", "signals")  # lea rdi, [signals]
    made.add(b"\x31\xf6\x31\xd2")  # xor esi, esi; xor edx, edx
    made.call(128)  # rt_sigtimedwait
    made.add(b"\x85\xc0\x7e")  # test eax, eax; jle again
    made.add(bytes([(again - (len(made.code) + 1)) & 0xFF]))
    made.add(b"\x31\xff")
    made.call(231)  # exit_group(0)
    return made.with_data()


class _Arm64:
    """Collects instructions, and fills in where the data lies."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self._references: list[tuple[int, int, str]] = []

    def move(self, register: int, value: int) -> None:
        """Movz of a 32-bit register."""
        self.words.append(0x52800000 | value << 5 | register)

    def address(self, register: int, label: str) -> None:
        """Adr of some data."""
        self._references.append((len(self.words), register, label))
        self.words.append(0)

    def call(self, number: int) -> None:
        """A system call; its fourth argument is the size of a signal set."""
        self.move(3, 8)
        self.move(8, number)
        self.words.append(0xD4000001)

    def with_data(self) -> bytes:
        """The instructions, aligned, and the data after them."""
        if len(self.words) % 2:
            self.words.append(0xD503201F)
        end = len(self.words) * 4
        places = {"action": end, "signals": end + len(_ACTION)}
        for at, register, label in self._references:
            far = places[label] - at * 4
            low, high = far & 3, (far >> 2) & 0x7FFFF
            self.words[at] = 0x10000000 | low << 29 | high << 5 | register
        return b"".join(struct.pack("<I", word) for word in self.words) + _ACTION + _SIGNALS


def _arm64() -> bytes:
    made = _Arm64()
    made.move(0, SIGCHLD)
    made.address(1, "action")
    made.move(2, 0)
    made.call(134)  # rt_sigaction
    made.move(0, 0)
    made.address(1, "signals")
    made.move(2, 0)
    made.call(135)  # rt_sigprocmask
    again = len(made.words)
    made.address(0, "signals")
    made.move(1, 0)
    made.move(2, 0)
    made.call(137)  # rt_sigtimedwait
    made.words.append(0x7100001F)  # cmp w0, 0
    made.words.append(0x54000000 | ((again - len(made.words)) & 0x7FFFF) << 5 | 0xD)  # b.le again
    made.move(0, 0)
    made.call(94)  # exit_group
    return made.with_data()
