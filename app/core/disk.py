"""Room on the disk of the data folder: in words, and whether anything may still be changed."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

SHORT = 0.1  # of the whole disk
MB, GB = 1_000_000, 1_000_000_000


class Room(NamedTuple):
    total: int
    free: int

    @property
    def short(self) -> bool:
        """Less than a tenth is left: a database that cannot write stops."""
        return self.free < SHORT * self.total

    @property
    def words(self) -> str:
        """As on pages.

        >>> Room(100_000_000_000, 4_400_000_000).words
        '4.4 GB of 100 GB free'
        """
        return f"{self.free / GB:,.1f} GB of {self.total / GB:,.0f} GB free"


def room(folder: Path) -> Room:
    """Of the folder, or of the nearest one above it that is there."""
    while not folder.exists():
        folder = folder.parent
    found = shutil.disk_usage(folder)
    return Room(found.total, found.free)


def sync_folder(folder: Path) -> None:
    """A file that was made, renamed or removed is so on the disk when its folder is.

    Raises
    ------
    OSError
        The file system cannot, as some of networks.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
