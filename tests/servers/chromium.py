"""Chromium, found and named; Playwright starts it."""

import shutil
import subprocess
from pathlib import Path

from tests.servers.processes import NotInstalled

HOW_TO_GET_IT = "Chromium: apt-get install chromium, or python -m playwright install chromium"


def find_binary() -> Path:
    """The system's browser, else the one that `playwright install chromium` brought."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return Path(found)
    for pattern in ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium"):
        for cache in (Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"):
            if brought := sorted(cache.glob(pattern)):
                return brought[-1]
    raise NotInstalled(HOW_TO_GET_IT)


def version(binary: Path) -> str:
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    number = next((word for word in said.split() if word[0].isdigit()), "")
    return f"Chromium {number} (from {binary})"
