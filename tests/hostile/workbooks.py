"""Hostile workbooks."""

import io
import struct
import zipfile

import openpyxl

from tests.hostile.case import Case, fixed, reads
from tests.hostile.tables import zipped

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def plain(*rows):
    book = openpyxl.Workbook()
    for row in rows or (["a", "b"], [1, 2]):
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def changed(replaced, *, drop=(), add=()):
    """A plain workbook with other parts."""
    kept = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(plain())) as old,
        zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in drop:
                new.writestr(name, replaced.get(name, old.read(name)))
        for name, body in {
            **{k: v for k, v in replaced.items() if k not in old.namelist()},
            **dict(add),
        }.items():
            new.writestr(name, body)
    return kept.getvalue()


def sheet(rows, before="", dimension=""):
    return (
        f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}">{dimension}'
        f"<sheetData>{rows}</sheetData></worksheet>"
    )


def with_sheet(*said, **more):
    return changed({"xl/worksheets/sheet1.xml": sheet(*said, **more)})


def inline(text, where="A1"):
    return f'<c r="{where}" t="inlineStr"><is><t>{text}</t></is></c>'


def external(place):
    before = f'<!DOCTYPE x [<!ENTITY x SYSTEM "file://{place.canary}">]>'
    return with_sheet(f'<row r="1">{inline("&x;")}</row>', before)


def smuggled(place):
    """Encodings written from right to left have a second `<` and `!`."""
    body = external(place)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        part = archive.read("xl/worksheets/sheet1.xml")
    part = part.replace(b'"1.0"', b'"1.0" encoding="mac_arabic"').replace(b"<!", b"\xbc\xa1")
    return changed({"xl/worksheets/sheet1.xml": part})


def external_strings(place):
    body = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "{place.url}">]>'
        f'<sst xmlns="{MAIN}"><si><t>&x;</t></si></sst>'
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    said = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    with zipfile.ZipFile(io.BytesIO(plain())) as old:
        types = old.read("[Content_Types].xml").replace(b"</Types>", said)
    cell = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    return changed(
        {
            "xl/sharedStrings.xml": body,
            "[Content_Types].xml": types,
            "xl/worksheets/sheet1.xml": sheet(cell),
        }
    )


def laughs():
    lines = ['<!ENTITY l0 "lol">']
    lines += [f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)]
    return with_sheet(f'<row r="1">{inline("&l9;")}</row>', f"<!DOCTYPE x [{''.join(lines)}]>")


def overlapping():
    """Fifty names for the same packed bytes."""
    one = io.BytesIO()
    with zipfile.ZipFile(one, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"x" * 4_000_000)
    body = one.getvalue()
    at = body.rfind(b"PK\x01\x02")
    end = body.rfind(b"PK\x05\x06")
    entry = body[at:end]
    entries = [
        entry.replace(b"xl/workbook.xml", f"xl/workboo{i:02}xml".encode()) for i in range(40)
    ]
    lists = entry + b"".join(entries)
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 41, 41, len(lists), at, 0)
    return body[:at] + lists + tail


def lying_count():
    """A list of three hundred parts whose end says one."""
    body = bytearray(zipped(*[(f"xl/{i}.xml", "x") for i in range(300)], ("xl/workbook.xml", "x")))
    end = body.rfind(b"PK\x05\x06")
    body[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    return bytes(body)


def linked():
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        part = zipfile.ZipInfo("xl/workbook.xml")
        part.external_attr = 0xA1FF << 16
        archive.writestr(part, "/etc/passwd")
    return kept.getvalue()


def secret():
    body = bytearray(plain())
    at = body.find(b"PK\x01\x02")
    body[at + 8] |= 1
    return bytes(body)


FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
WIDE = '<row r="1"><c r="XFD1"><v>1</v></c></row>'
NAMED = f'<row r="1">{inline("a")}{inline("b", "B1")}</row>'
OUT_OF_LIST = f'{NAMED}<row r="2"><c r="A2" t="s"><v>99999999</v></c></row>'
RUNS = f'{NAMED}<row r="2">{inline("=cmd|1!A0", "A2")}<c r="B2"><f>WEBSERVICE("http://127.0.0.1/")</f><v>7</v></c></row>'
CONTROL = f'{NAMED}<row r="2">{inline("&#7;bell", "A2")}</row>'
CLAIM = '<dimension ref="A1:XFD1048576"/>'

CASES = [
    Case("an old workbook", fixed(OLE), "old Excel file"),
    Case(
        "a workbook with a password",
        fixed(OLE + "EncryptedPackage".encode("utf-16-le")),
        "protected by a password",
    ),
    Case("a workbook with macros", fixed(changed({"xl/vbaProject.bin": b"x"})), "macros"),
    Case("a binary workbook", fixed(zipped(("xl/workbook.bin", "x"))), "XLSB"),
    Case("an OpenDocument", fixed(zipped(("mimetype", "x"), ("content.xml", "x"))), "OpenDocument"),
    Case("a text document", fixed(zipped(("word/document.xml", "x"))), "DOCX"),
    Case("a workbook cut short", fixed(plain()[:-200]), "damaged"),
    Case("half a workbook", fixed(plain()[:2000]), "damaged"),
    Case(
        "a workbook without sheets",
        fixed(changed({}, drop={"xl/worksheets/sheet1.xml"})),
        "no sheet",
    ),
    Case("an entity that is somebody's file in a sheet", external, "entities of its own"),
    Case("an entity to fetch in the texts", external_strings, "entities of its own"),
    Case("an entity in letters of a second kind", smuggled, "unusual way"),
    Case("a billion laughs in a sheet", fixed(laughs()), "entities of its own"),
    Case("a sheet that bursts", fixed(with_sheet(" " * 80_000_000)), "far more than it seems"),
    Case(
        "texts that burst",
        fixed(changed({"xl/sharedStrings.xml": "<t>" + "x" * 40_000_000})),
        "far more than it seems",
    ),
    Case("many names for the same bytes", fixed(overlapping()), "far more than it seems|damaged"),
    Case(
        "a hundred parts",
        fixed(changed({f"xl/media/{i}.png": "x" for i in range(100)})),
        "more than 50 parts",
    ),
    Case("more parts than it says", fixed(lying_count()), "more than 50 parts|damaged"),
    Case("a part with an absolute path", fixed(changed({"/etc/cron.d/x": "x"})), "outside it"),
    Case("a part that slips out", fixed(changed({"xl/../../../x": "x"})), "outside it"),
    Case("a part that slips out, backwards", fixed(changed({"xl\\..\\..\\x": "x"})), "outside it"),
    Case("a part that is a link", fixed(linked()), "points outside"),
    Case("a part with a password", fixed(secret()), "password"),
    Case(
        "two parts of one name",
        fixed(
            zipped(("xl/workbook.xml", "x"), ("xl/workbookZxml", "y")).replace(b"kZxml", b"k.xml")
        ),
        "one name",
    ),
    Case("a row a million rows below", fixed(with_sheet(FAR)), "blank rows|columns|no rows"),
    Case(
        "a cell sixteen thousand columns away",
        fixed(with_sheet(WIDE)),
        "more than 200 columns|empty",
    ),
    Case("a text that is not in the list", fixed(with_sheet(OUT_OF_LIST)), "damaged"),
    Case(
        "a claim of a million rows",
        fixed(with_sheet(f'{NAMED}<row r="2">{inline("x", "A2")}</row>', dimension=CLAIM)),
        None,
        reads(("x", None)),
    ),
    Case("formulas", fixed(with_sheet(RUNS)), None, reads(("=cmd|1!A0", "7"))),
    Case("a bell in a cell", fixed(with_sheet(CONTROL)), "damaged"),
    Case(
        "two hundred rows of a thousand cells",
        fixed(plain(["a"] * 1000, [1] * 1000)),
        "more than 200 columns",
    ),
    Case("a workbook of nothing", fixed(plain([])), "empty"),
]
