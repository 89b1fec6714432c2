"""Tables as a page and the PDF print them. Files keep a row for each cell; a page is read aloud.

No cell is lost: each stands on the page with the name that it belongs to.
"""

from app.briefings.models import Json

LISTED, MANY_ROWS = "RQ7", 12
SIGN, COUNTED = "&", "& counted in "


def aloud(block: Json) -> Json:
    """The block with its rows and its note as they are printed."""
    return _signed(_gathered(block))


def _gathered(block: Json) -> Json:
    """Many named places as one row for each band, in the order of the list.

    >>> rows = [[f"Park {n}", ["none" if n else "1 to 7"]] for n in range(13)]
    >>> _gathered({"kind": "table", "source": "RQ7", "rows": rows})["rows"][0]
    ['1 to 7', ['Park 0']]
    """
    rows = block.get("rows", [])
    if (block["kind"], block.get("source")) != ("table", LISTED) or len(rows) < MANY_ROWS:
        return block
    found: dict[str, list[str]] = {}
    for name, (band,) in rows:
        found.setdefault(band, []).append(name)
    told = [[band, ["; ".join(names)]] for band, names in found.items()]
    return block | {"columns": ["Places"], "rows": told}


def _signed(block: Json) -> Json:
    """`&` alone where a group is counted with others; the note says with which, once a column.

    >>> rows = [["Knife crime", ["& counted in Knife crime + Robbery"]], ["Other", ["10"]]]
    >>> told = _signed({"rows": rows, "columns": ["Kingston"], "note": "Small."})
    >>> told["rows"][0], told["note"]
    (['Knife crime', ['&']], 'Small. In Kingston, & is counted in Knife crime + Robbery.')
    """
    columns = block.get("columns", [])
    meant = dict.fromkeys(
        (column, cell.removeprefix(COUNTED))
        for _, shown in block.get("rows", ())
        for column, cell in zip(columns, shown, strict=True)
        if cell.startswith(COUNTED)
    )
    if not meant or len({column for column, _ in meant}) < len(meant):
        return block
    rows = [
        [name, [SIGN if cell.startswith(COUNTED) else cell for cell in shown]]
        for name, shown in block["rows"]
    ]
    said = [f"In {column}, {SIGN} is counted in {where}." for column, where in meant]
    return block | {"rows": rows, "note": " ".join([block.get("note", ""), *said]).strip()}
