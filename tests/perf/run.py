"""`scripts/bench [--fast] [NAME...]`: one JSON line per figure, beside its peer in the same run."""

import importlib
import json
import sys
import traceback
from pathlib import Path

NAMES = sorted(p.stem.removeprefix("bench_") for p in Path(__file__).parent.glob("bench_*.py"))


def main(argv: list[str]) -> int:
    fast = "--fast" in argv
    asked = [name for name in argv if not name.startswith("--")]
    unknown = [name for name in asked if name not in NAMES]
    if unknown:
        sys.stderr.write(f"There is no benchmark {unknown[0]}. There are: {', '.join(NAMES)}.\n")
        return 2
    failed = False
    for name in asked or NAMES:
        try:
            for row in importlib.import_module(f"tests.perf.bench_{name}").rows(fast):
                print(json.dumps(row), flush=True)
        except Exception as error:
            failed = True
            print(
                json.dumps({"name": name, "error": f"{type(error).__name__}: {error}"}), flush=True
            )
            traceback.print_exc()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
