"""Hostile tables, and files that only say they are tables."""

import bz2
import gzip
import io
import lzma
import os
import random
import tarfile
import zipfile

from tests.hostile.case import Case, fixed, problem, reads, remarked


def zipped(*parts, **how):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts:
            archive.writestr(name, body, **how)
    return kept.getvalue()


def tarred():
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    return kept.getvalue()


def sparse(size, start=b""):
    def make(place):
        path = place.folder / "sparse.csv"
        with path.open("wb") as out:
            out.write(start)
            out.truncate(size)
        return path

    return make


def linked(place):
    path = place.folder / "linked.csv"
    path.symlink_to(place.canary)
    return path


def pipe(place):
    path = place.folder / "pipe.csv"
    os.mkfifo(path)
    return path


NUMBERS = random.Random(7)
WIDE = ",".join(f"c{i}" for i in range(100_000)).encode()
WORDS = b"name,note\n" + b"a,plain\n" * 2000
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"

CASES = [
    Case("nothing", fixed(b""), "empty"),
    Case("only a mark of UTF-8", fixed(b"\xef\xbb\xbf"), "empty"),
    Case("only a mark of UTF-16", fixed(b"\xff\xfe"), "empty"),
    Case("only blanks", fixed(b" \r\n\t\n" * 50), "empty"),
    Case("only a header", fixed(b"a,b,c\n"), "no rows"),
    Case("a header without names", fixed(b",,,\n1,2,3,4\n"), "empty"),
    Case("a NUL in a cell", fixed(b"a,b\n1,x\0y\n"), "NUL"),
    Case("nothing but NUL", fixed(bytes(100_000)), "longer than 64 KB|NUL"),
    Case("UTF-8, then Windows-1252", fixed("é,b\n".encode() * 9 + b"\xe9,x\n"), "mixes encodings"),
    Case("Windows-1252 with an unknown letter", fixed(b"a,b\n\xe9,\x81\n"), "not Windows-1252"),
    Case(
        "half a letter of UTF-16",
        fixed(b"\xff\xfe" + "a,b\n1,2\n".encode("utf-16-le") + b"x"),
        "not UTF-16",
    ),
    Case(
        "a lone surrogate of UTF-16",
        fixed(b"\xff\xfe" + "a,b\n".encode("utf-16-le") + b"\x00\xd8,\x00\n\x00"),
        "not UTF-16",
    ),
    Case("UTF-32", fixed("a,b\n1,2\n".encode("utf-32")), "UTF-32"),
    Case("surrogates hidden in UTF-8", fixed(b"\xc3\xa9,b\n\xed\xa0\x80,1\n"), "mixes encodings"),
    Case(
        "control letters in a cell",
        fixed(b"a,b\n1,\x1b[31mred\n"),
        None,
        problem("cannot be shown", 2),
    ),
    Case("control letters in the header", fixed(b"a,\x07b\n1,2\n"), "name of column 2"),
    Case("a line of five gigabytes", sparse(5 << 30, b"a,b\n1,"), "at most 250 MB"),
    Case("a line of 200 megabytes", sparse(200 << 20, b"a,b\n1,"), "longer than 64 KB"),
    Case("a long line of letters", fixed(b"a,b\n1," + b"x" * 8_000_000), "longer than 64 KB"),
    Case("a hundred thousand columns", fixed(WIDE + b"\n1\n"), "longer than 64 KB|columns"),
    Case("201 columns", fixed(b",".join([b"a"] * 201) + b"\n1\n"), "at most 200"),
    Case(
        "a wide row under a narrow header", fixed(b"a,b\n" + b"," * 60_000 + b"\n"), "at most 200"
    ),
    Case("a quotation mark never closed", fixed(b'a,b\n1,"x\n' + b"2,3\n" * 200_000), "32 KB"),
    Case("a quotation mark never closed, short", fixed(b'a,b\n1,"x\n'), "never closed"),
    Case("a quotation mark in the middle", fixed(b'a,b\n1,"x"y\n'), "quotation mark inside a cell"),
    Case("a cell of 40 KB", fixed(b"a,b\n1," + b"x" * 40_000 + b"\n"), "32 KB"),
    Case("a name of 300 letters", fixed(b"a," + b"x" * 300 + b"\n1,2\n"), "longer than 200"),
    Case("millions of rows", fixed(b"a\n" + b"1\n" * 2_500_000), "more than 1,200,000 rows"),
    Case("millions of blank rows", fixed(b"a\n" + b"\n" * 9_000_000), "more than 1,200,000 rows"),
    Case(
        "equal names of columns",
        fixed(b"a,a,a\n1,2,3\n"),
        None,
        remarked("Two columns are called a."),
    ),
    Case(
        "a formula",
        fixed(b"a,b\n=cmd|' /C calc'!A0,@SUM(A1)\n"),
        None,
        reads(("=cmd|' /C calc'!A0", "@SUM(A1)")),
    ),
    Case(
        "swapped columns",
        fixed(b"lon,lat\n51.4,-0.3\n51.5,-0.2\n"),
        None,
        remarked("These look swapped."),
    ),
    Case(
        "infinite coordinates", fixed(b"lon,lat\n1e999,nan\ninf,51\n"), None, remarked("no numbers")
    ),
    Case("a picture and a zip at once", fixed(GIF + zipped(("a.csv", "a,b\n1,2\n"))), "picture"),
    Case("a PDF and a table at once", fixed(b"%PDF-1.7\na,b\n1,2\n"), "PDF"),
    Case("a program", fixed(b"\x7fELF\x02\x01\x01" + bytes(100)), "program"),
    Case("a script", fixed(b"#!/bin/sh\ncurl x,y\n"), "program"),
    Case("a web page", fixed(b"<!DOCTYPE html><html><script>1</script></html>"), "web page"),
    Case("a text document", fixed(b"{\\rtf1 a,b}"), "RTF"),
    Case("a gzip bomb", fixed(gzip.compress(bytes(50_000_000))), "gzip"),
    Case("bzip2", fixed(bz2.compress(b"a,b\n1,2\n")), "bzip2"),
    Case("xz", fixed(lzma.compress(b"a,b\n1,2\n")), "xz"),
    Case("a tar", fixed(tarred()), "tar"),
    Case("a zip of tables", fixed(zipped(("a.csv", "a,b\n1,2\n"))), "zip archive"),
    Case(
        "a zip in a zip in a zip",
        fixed(zipped(("b.zip", zipped(("c.zip", zipped(("d.csv", "a"))))))),
        "zip archive",
    ),
    Case("a part of a shapefile", fixed(b"\x00\x00\x27\x0a" + bytes(96)), "shapefile"),
    Case(
        "chance",
        fixed(NUMBERS.randbytes(1_000_000)),
        "NUL|64 KB|not Windows|mixes|quotation|columns",
    ),
    Case("a link to somebody's file", linked, "not a file"),
    Case("a pipe", pipe, "not a file"),
    Case("a folder", lambda place: place.folder, "not a file"),
    Case("a device", lambda place: type(place.folder)("/dev/zero"), "not a file"),
    Case(
        "a process's own secrets", lambda place: type(place.folder)("/proc/self/environ"), "empty"
    ),
    Case("a path that is none", lambda place: place.folder / ("x" * 300), "not a file"),
    Case("commas alone", fixed(b"a,b\n" + b",\n" * 100_000), "no rows"),
    Case("sep= and nothing", fixed(b"sep=;\n"), "empty"),
    Case("many words", fixed(WORDS + b"\xff\xfe\x00,x\n"), "NUL"),
]
