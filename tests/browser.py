"""Print the path of a Chromium that tests can drive; without root one is unpacked for them."""

import shutil
import sys
from pathlib import Path

from app.core import debian
from app.core.settings import default_data_dir

PACKAGES = ("chromium", "fonts-liberation", "libatomic1")
WRAPPER = """#!/bin/sh
export LD_LIBRARY_PATH='{libraries}' FONTCONFIG_FILE='{root}/fonts.conf'
exec '{root}/usr/lib/chromium/chromium' "$@"
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir>{root}/var/cache/fontconfig</cachedir>
  <alias><family>serif</family><prefer><family>Liberation Serif</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Liberation Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>Liberation Mono</family></prefer></alias>
</fontconfig>
"""


def find() -> Path | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    return None


def unpacked(folder: Path) -> Path:
    """A wrapper, since the unpacked libraries and fonts are not where the system looks."""
    root = debian.unpack(folder, PACKAGES)
    wrapper = root / "chromium"
    wrapper.write_text(WRAPPER.format(libraries=debian.library_path(root), root=root))
    wrapper.chmod(0o755)
    (root / "fonts.conf").write_text(FONTS.format(root=root))
    for_node = root / "for-node"  # what Playwright's own program misses; scripts/test points there
    for_node.mkdir(exist_ok=True)
    library = next(root.glob("usr/lib/*/libatomic.so.1"))
    (for_node / library.name).unlink(missing_ok=True)
    (for_node / library.name).symlink_to(library)
    return wrapper


def main() -> int:
    try:
        browser = find() or unpacked(default_data_dir() / "chromium")
    except debian.PackagesError as failed:
        sys.stderr.write(f"{failed} Install Chromium; the browser tests drive it.\n")
        return 1
    sys.stdout.write(f"{browser}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
