"""What a file is by its content: its name is somebody else's word."""

import re

from app.reading.rules import RefusedError

SAVE_TABLE = "Save it as CSV or XLSX."
SAVE_MAP = "Save it as GeoJSON or GeoPackage."

# What begins so is never one of ours; the words name it and the way out.
OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "This file is compressed (gzip). Unpack it first."),
    (b"BZh", "This file is compressed (bzip2). Unpack it first."),
    (b"\xfd7zXZ\x00", "This file is compressed (xz). Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "This file is compressed (zstd). Unpack it first."),
    (b"7z\xbc\xaf\x27\x1c", "This file is an archive (7z). Unpack it first."),
    (b"Rar!", "This file is an archive (rar). Unpack it first."),
    (b"%PDF", f"This file is a PDF, not a table. {SAVE_TABLE}"),
    (b"GIF8", "This file is a picture (GIF), not a table."),
    (b"\x89PNG", "This file is a picture (PNG), not a table."),
    (b"\xff\xd8\xff", "This file is a picture (JPEG), not a table."),
    (b"II*\x00", "This file is a picture (TIFF), not a table."),
    (b"MM\x00*", "This file is a picture (TIFF), not a table."),
    (b"\x7fELF", "This file is a program, not a table."),
    (b"MZ\x90\x00", "This file is a program, not a table."),
    (b"#!", "This file is a program, not a table."),
    (b"{\\rtf", f"This file is a text document (RTF). {SAVE_TABLE}"),
    (b"PAR1", f"This file is Parquet. {SAVE_TABLE}"),
    (b"ARROW1", f"This file is Arrow. {SAVE_TABLE}"),
    (b"fgb\x03fgb", f"This file is FlatGeobuf. {SAVE_MAP}"),
    (b"\x00\x00\x27\x0a", f"This file is a part of a shapefile. {SAVE_MAP}"),
    (b"\x00\x00\xfe\xff", "This file is text in UTF-32. Save it as UTF-8."),
    (b"\xff\xfe\x00\x00", "This file is text in UTF-32. Save it as UTF-8."),
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROTECTED = "EncryptedPackage".encode("utf-16-le")
SQLITE = b"SQLite format 3\x00"
BLANKS = b" \t\r\n"
ROOT = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")


def kind_of(head: bytes, size: int) -> str:
    """CSV, XLSX, KMZ, GEOJSON, GPKG or KML, by the first 64 KB.

    A zip is told apart by its list of parts, which `archives` reads: here it is "ZIP".
    """
    if size == 0:
        raise RefusedError("This file is empty.")
    if head.startswith(SQLITE):
        return "GPKG"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "ZIP"
    _refuse_others(head)
    start = _start_of_text(head)
    if not start:
        raise RefusedError("This file is empty.")
    if start.startswith("<"):
        return _kind_of_xml(start)
    return "GEOJSON" if _is_json(start) else "CSV"


def _refuse_others(head: bytes) -> None:
    for mark, words in OTHERS:
        if head.startswith(mark):
            raise RefusedError(words)
    if head.startswith(OLE):
        if PROTECTED in head:
            raise RefusedError("This workbook is protected by a password. Save it without one.")
        raise RefusedError("This is an old Excel file (.xls). Save it as .xlsx, without password.")
    if head[257:262] == b"ustar":
        raise RefusedError("This file is an archive (tar). Unpack it first.")


def _start_of_text(head: bytes) -> str:
    """The first characters after a byte order mark and blanks, whatever the encoding."""
    encoding = "latin-1"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        head = head[: len(head) - len(head) % 2]
    elif head.startswith(b"\xef\xbb\xbf"):
        head = head[3:]
    return head.decode(encoding, "replace").lstrip()


def _is_json(start: str) -> bool:
    """A table may begin with a bracket; JSON goes on with what JSON allows."""
    return re.match(r"\{\s*(\"|\}|$)|\[\s*([\[\]{\"\d-]|$)", start) is not None


def _kind_of_xml(start: str) -> str:
    start = re.sub(r"(?s)<\?.*?\?>|<!--.*?-->", "", start).lstrip()
    root = ROOT.match(start)
    name = root[2].lower() if root else ""
    if name == "kml":
        return "KML"
    if start.startswith("<!") and re.match(r"(?i)<!doctype\s+html", start) is None:
        raise RefusedError(
            "This XML file defines entities of its own, which are never read. Save it as GeoJSON."
        )
    if name == "html" or start.startswith("<!"):
        raise RefusedError(f"This file is a web page. {SAVE_TABLE}")
    if name.startswith("ogrvrt"):
        raise RefusedError(
            f"This file only points to other files (VRT), which are never opened. {SAVE_MAP}"
        )
    if name == "workbook":
        raise RefusedError(f"This is an old Excel file (XML). {SAVE_TABLE}")
    raise RefusedError(f"This file is XML of a kind that is not read. {SAVE_MAP}")
