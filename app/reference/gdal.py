"""A program of its own: the polygons of one map file as JSON on standard output.

Started by `boundaries` with OGR_SKIP set and without the service's modules, so that a file made to
break GDAL breaks this process, within its limits, and nothing else.
"""

import json
import resource
import sys
import warnings

MEMORY_BYTES = 1_500_000_000
CPU_S = 60


def main(source: str, code_field: str, name_field: str) -> None:
    import pyogrio

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    wanted = [code_field, name_field]
    meta, _, shapes, values = pyogrio.raw.read(source, columns=wanted)
    if set(meta["fields"]) != set(wanted):
        json.dump({"error": "fields"}, sys.stdout)
        return
    columns = dict(zip(meta["fields"], values, strict=True))
    rows = [
        ["" if code is None else str(code), "" if name is None else str(name), (shape or b"").hex()]
        for code, name, shape in zip(columns[code_field], columns[name_field], shapes, strict=True)
    ]
    json.dump({"crs": meta["crs"], "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
