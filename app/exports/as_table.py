"""CSV and XLSX: the marking, the names of the columns, the rows; nothing that runs."""

import io

from app.core.cells import Cell, csv_bytes
from app.exports.rules import Stamp
from app.exports.sheet import Sheet, header, lines, marked


def csv(sheet: Sheet, stamp: Stamp) -> bytes:
    """UTF-8 with a byte order mark, RFC 4180; each row is as wide as the next."""
    first = [str(cell) for cell in marked(sheet, stamp)]
    return csv_bytes(first, [header(sheet), *lines(sheet, stamp)])


def xlsx(sheet: Sheet, stamp: Stamp) -> bytes:
    """One sheet. Text is typed as text, so that no cell of the file can be a formula."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    book.properties.creator = "Contextmap"
    book.properties.title = f"{sheet.title}: {stamp.marking}"
    page = book.create_sheet(sheet.name[:31])
    page.freeze_panes = "B3"
    page.oddHeader.center.text = stamp.marking.replace("&", "&&")
    page.oddFooter.center.text = stamp.watermark.replace("&", "&&")
    names = header(sheet)
    for at, name in enumerate(names, start=1):
        page.column_dimensions[get_column_letter(at)].width = max(12, min(len(name) + 4, 30))
    bold = Font(bold=True)
    table: list[list[Cell]] = [marked(sheet, stamp), list(names), *lines(sheet, stamp)]
    for number, row in enumerate(table):
        cells = []
        for value in row:
            cell = WriteOnlyCell(page, value=value)
            if isinstance(value, str):
                cell.data_type = "s"
            if number < 2:
                cell.font = bold
            cells.append(cell)
        page.append(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
