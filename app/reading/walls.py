"""The reading process walls itself in: limits, no files, no network, no other program.

Inside bubblewrap this is the second wall; where a container allows no namespaces it is the first
(docs/adr/0022). Only ctypes: the wall stands before anything heavier is loaded.
"""

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Callable, Iterable

MEMORY_BYTES = 500_000_000
CPU_S = 30
# An area of OpenStreetMap, put together in memory, at an administrator's command.
LARGE_MEMORY_BYTES = 6_000_000_000
LARGE_CPU_S = 1800
OPEN_FILES = 64

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 22, 38
FILTER = 2
ERRNO, ALLOW, KILL = 0x00050000, 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 1, 38
X32 = 0x40000000

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Numbers of system calls that reading needs none of: network, programs, other processes, mounts,
# keys, kernel machinery, and writing of any file system.
REFUSED = {
    "x86_64": (
        *(41, 42, 43, 44, 46, 49, 50, 53, 288, 307),  # socket .. sendmmsg
        *(56, 57, 58, 59, 322, 62, 200, 234, 129, 297, 424, 434, 438),  # clone .. pidfd_getfd
        *(101, 310, 311, 312, 272, 308, 155, 161, 165, 166, 428, 429, 430, 432, 442),
        *(175, 313, 176, 246, 320, 248, 249, 250, 298, 321, 323, 304, 303, 425, 426, 427, 440),
        *(82, 264, 316, 83, 258, 84, 87, 263, 86, 265, 88, 266, 90, 91, 268, 92, 93, 94, 260),
        *(76, 133, 259, 188, 189, 190, 197, 198, 199, 132, 235, 261, 280, 169, 167, 168, 170, 171),
    ),
    "aarch64": (
        *(198, 199, 200, 201, 202, 203, 206, 211, 242, 269),
        *(220, 221, 281, 129, 130, 131, 138, 240, 424, 434, 438),
        *(117, 270, 271, 272, 97, 268, 41, 51, 40, 39, 428, 429, 430, 432, 442),
        *(105, 273, 106, 104, 294, 217, 218, 219, 241, 280, 282, 265, 264, 425, 426, 427, 440),
        *(38, 276, 34, 35, 37, 36, 52, 53, 55, 54, 33, 5, 6, 7, 14, 15, 16, 88, 142, 161, 162),
    ),
}
CLONE3 = 435
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
EXECUTE, READ_FILE, READ_DIR = 1, 1 << 2, 1 << 3


def limit(*, large: bool = False) -> None:
    """Memory, time, files: set by the process itself, before it looks at the file."""
    limits = {
        resource.RLIMIT_AS: LARGE_MEMORY_BYTES if large else MEMORY_BYTES,
        resource.RLIMIT_CPU: LARGE_CPU_S if large else CPU_S,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
    }
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


def close(readable: Iterable[str]) -> tuple[bool, bool]:
    """Whether files other than `readable` are closed, and whether the system calls are."""
    libc = ctypes.CDLL(None, use_errno=True)
    _call(libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)
    if _call(libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False, False
    return _landlock(libc, readable), _seccomp(libc)


def _call(function: Callable[..., int], *arguments: int | bytes | None) -> int:
    """Whole machine words: the kernel looks at the upper halves of some."""
    return function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))


def _landlock(libc: ctypes.CDLL, readable: Iterable[str]) -> bool:
    abi = _call(libc.syscall, LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return False
    # All that the kernel's version knows is closed; network (version 4) too.
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    ask = struct.pack("<QQ", files, 3) if abi >= 4 else struct.pack("<Q", files)
    ruleset = _call(libc.syscall, LANDLOCK_CREATE, ask, len(ask), 0)
    if ruleset < 0:
        return False
    for path in readable:
        _let_read(libc, ruleset, path)
    closed = _call(libc.syscall, LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(ruleset)
    return closed


def _let_read(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        at = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rights = READ_FILE | EXECUTE | (READ_DIR if os.path.isdir(path) else 0)  # noqa: PTH112 - no pathlib yet
    _call(libc.syscall, LANDLOCK_ADD, ruleset, 1, struct.pack("<Qi", rights, at), 0)
    os.close(at)


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in ARCH:
        return False
    program = _program(machine)
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    return _call(libc.prctl, PR_SET_SECCOMP, FILTER, head, 0, 0) == 0


def _program(machine: str) -> bytes:
    """Classic BPF: another architecture is killed, a refused call gets an error."""
    refused = sorted(set(REFUSED[machine]))
    steps = [
        _step(0x20, 0, 0, 4),  # load the architecture
        _step(0x15, 1, 0, ARCH[machine]),
        _step(0x06, 0, 0, KILL),
        _step(0x20, 0, 0, 0),  # load the number
        _step(0x35, 0, 1, X32),
        _step(0x06, 0, 0, KILL),
        _step(0x15, 0, 1, CLONE3),
        _step(0x06, 0, 0, ERRNO | ENOSYS),
    ]
    for number in refused:
        steps += [_step(0x15, 0, 1, number), _step(0x06, 0, 0, ERRNO | EPERM)]
    return b"".join([*steps, _step(0x06, 0, 0, ALLOW)])


def _step(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)
