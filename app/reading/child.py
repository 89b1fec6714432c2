"""The program that reads one file, walled in: an open file and a question, both by number.

Started by `sandbox` as `python -I -S child.py FOLDER... QUESTION FILE`: the folders are where
Python packages are; nothing of the service's environment, files or network is here.
"""

import sys

if __name__ == "__main__":
    sys.path[:0] = sys.argv[1:-2]

import json
import os
import time
from typing import IO, Any

from app.reading import frames, walls

MEMORY = "This file needs more memory than may be used to read it. Split it, or simplify it."
BROKEN = "This file cannot be read. It may be damaged: save it again."


def main(question: int, file: int) -> int:
    asked = json.loads(os.read(question, 1 << 26))
    walls.limit(large=asked["do"] == "streets")
    closed = walls.close(asked["readable"])
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    if asked["do"] == "probe":
        frames.write(out, frames.PART, json.dumps(closed).encode())
    elif asked["walled"] and not all(closed):
        frames.write(out, frames.REFUSED, b"This server cannot read files safely.")
    else:
        _answer(asked, os.fdopen(file, "rb"), out)
    frames.write(out, frames.END, f"{_peak_bytes()} {time.process_time():.3f}".encode())
    out.flush()
    return 0


def _answer(asked: dict[str, Any], file: IO[bytes], out: IO[bytes]) -> None:
    from app.reading import answers
    from app.reading.rules import RefusedError

    try:
        answers.give(asked, file, out)
    except RefusedError as refused:
        frames.write(out, frames.REFUSED, str(refused).encode())
    except MemoryError:
        frames.write(out, frames.REFUSED, MEMORY.encode())
    except Exception:
        frames.write(out, frames.REFUSED, BROKEN.encode())


def _peak_bytes() -> int:
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - no pathlib needed here
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[-2]), int(sys.argv[-1])))
