"""What failed in a browser, over HTTP or among killed processes is tried twice more, and named.

A shared machine can hold up a browser, a process or a statement with a time limit for seconds.
Nothing else gets a second chance: a rule, a number or a right in the database that is wrong once is
wrong. `scripts/test` calls this after a red run, with the file that `tests/conftest.py` wrote.
"""

import subprocess
import sys
from pathlib import Path

UNSTEADY = ("tests/e2e/", "tests/runtime/", "tests/endurance/", "tests/integration/")
MOST = 5
TIMES = 2


def may_be_tried(failed: list[str]) -> bool:
    """Whether these, of few files, depend on how busy the machine is.

    >>> may_be_tried(["tests/e2e/test_map.py::test_a", "tests/runtime/test_cli.py::test_b"])
    True
    >>> may_be_tried(["tests/e2e/test_map.py::test_a", "tests/sql/test_matrix.py::test_c"])
    False
    >>> may_be_tried([])
    False
    """
    files = {one.partition("::")[0] for one in failed}
    return 0 < len(files) <= MOST and all(one.startswith(UNSTEADY) for one in files)


def main(path: str) -> int:
    """Exit code of the last try; 1 where nothing may be tried."""
    failed = Path(path).read_text().splitlines()
    if not may_be_tried(failed):
        return 1
    print(f"== failed beside others, now alone: {' '.join(failed)}", file=sys.stderr)
    alone = [sys.executable, "-m", "pytest", "-q", *failed]
    return max(subprocess.run(alone, check=False).returncode for _ in range(TIMES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
