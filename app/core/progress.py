"""A progress bar on a terminal; silent elsewhere. Results go to standard output, this does not."""

import sys
from dataclasses import dataclass

WIDTH = 30


@dataclass(slots=True)
class Progress:
    """`progress(done, total, "Reading 2018-04")`; a finished total ends the line."""

    enabled: bool | None = None

    def __call__(self, done: int, total: int, words: str) -> None:
        if not (sys.stderr.isatty() if self.enabled is None else self.enabled):
            return
        share = min(1.0, done / total) if total else 1.0
        bar = "#" * int(share * WIDTH)
        sys.stderr.write(f"\r{words[:40]:<40} [{bar:<{WIDTH}}] {share:4.0%}")
        if share >= 1:
            sys.stderr.write("\n")
        sys.stderr.flush()
