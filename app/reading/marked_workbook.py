"""A workbook of one sheet with nothing in it that can run: texts and numbers, written by hand.

openpyxl would write through temporary files, of which the reading process may have none.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from app.reading.marking import harmless

NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,10})?")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TYPES = (
    f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/></Types>'
)
RELATION = (
    HEAD + f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/{{kind}}" Target="{{target}}"/></Relationships>'
)
WORKBOOK = (
    HEAD + f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
    '<sheet name={name} sheetId="1" r:id="rId1"/></sheets></workbook>'
)


def parts(sheet: str, lines: Iterator[list[str]]) -> Iterator[bytes]:
    """The bytes of the workbook."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr(
            "_rels/.rels", RELATION.format(kind="officeDocument", target="xl/workbook.xml")
        )
        archive.writestr("xl/workbook.xml", WORKBOOK.format(name=quoteattr(sheet)))
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            RELATION.format(kind="worksheet", target="worksheets/sheet1.xml"),
        )
        with archive.open("xl/worksheets/sheet1.xml", "w") as out:
            out.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            for line in lines:
                out.write(f"<row>{''.join(map(_cell, line))}</row>".encode())
            out.write(b"</sheetData></worksheet>")
    yield whole.getvalue()


def _cell(text: str) -> str:
    if not text:
        return "<c/>"
    if NUMBER.fullmatch(text):
        return f"<c><v>{text}</v></c>"
    shown = escape(harmless(text))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'
