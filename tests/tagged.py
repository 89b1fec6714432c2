"""A tagged PDF read back by its tags, as a screen reader does."""

import ctypes
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pypdfium2 as pdfium
from pypdf import PdfReader
from pypdfium2 import raw


@dataclass
class Node:
    """One element of the structure: its tag, its words without those below, its children."""

    tag: str
    alt: str | None = None
    own: str = ""
    scope: str | None = None
    below: list["Node"] = field(default_factory=list)

    @property
    def words(self) -> str:
        return " ".join((self.own + "".join(f" {one.words}" for one in self.below)).split())

    def all(self, *tags: str) -> Iterator["Node"]:
        for one in self.below:
            if one.tag in tags:
                yield one
            yield from one.all(*tags)


def read(body: bytes) -> tuple[PdfReader, Node]:
    """The file, and its structure."""
    reader = PdfReader(io.BytesIO(body))
    said = dict(_marked(body))
    pages = {page.indirect_reference.idnum: n for n, page in enumerate(reader.pages)}
    top = Node("Top")
    _walk(reader.trailer["/Root"]["/StructTreeRoot"], top, None, (pages, said))
    return reader, top


def _walk(element: Any, above: Node, page: int | None, known: tuple) -> None:
    pages, said = known
    element = element.get_object()
    if "/Pg" in element:
        page = pages[element.raw_get("/Pg").idnum]
    if element.get("/Type") == "/MCR":
        above.own += said.get((page, element["/MCID"]), "")
        return
    node = above
    if "/S" in element:
        scope = next((a["/Scope"] for a in _list(element.get("/A")) if "/Scope" in a), None)
        node = Node(element["/S"].removeprefix("/"), element.get("/Alt"), scope=scope)
        above.below.append(node)
    for one in _list(element.get("/K")):
        if isinstance(one, int):
            node.own += said.get((page, one), "")
        else:
            _walk(one, node, page, known)


def _list(value: Any) -> list:
    value = value.get_object() if hasattr(value, "get_object") else value
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    return [one if isinstance(one, int) else one.get_object() for one in found]


def _marked(body: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """The words of each piece of marked content."""
    document = pdfium.PdfDocument(body)
    found: dict[tuple[int, int], str] = {}
    for number, page in enumerate(document):
        text = page.get_textpage()
        for part in page.get_objects(max_depth=6, filter=[raw.FPDF_PAGEOBJ_TEXT]):
            mark = _mark(part.raw)
            if mark is not None:
                key = (number, mark)
                found[key] = found.get(key, "") + _words(part.raw, text.raw)
    document.close()
    yield from found.items()


def _mark(part: Any) -> int | None:
    value = ctypes.c_int()
    for n in range(raw.FPDFPageObj_CountMarks(part)):
        mark = raw.FPDFPageObj_GetMark(part, n)
        if raw.FPDFPageObjMark_GetParamIntValue(mark, b"MCID", value):
            return value.value
    return None


def _words(part: Any, text: Any) -> str:
    size = raw.FPDFTextObj_GetText(part, text, None, 0)
    room = ctypes.create_string_buffer(size)
    raw.FPDFTextObj_GetText(part, text, ctypes.cast(room, ctypes.POINTER(ctypes.c_ushort)), size)
    return room.raw[:size].decode("utf-16-le").rstrip("\0")
