"""Fonts with Chinese characters, found through fontconfig."""

from __future__ import annotations

import shutil
import subprocess

from PIL import ImageFont

from yinjian.errors import SetupError

# family -> the Debian package that brings it
FAMILIES = {
    "Noto Sans CJK SC": "fonts-noto-cjk",
    "Noto Serif CJK SC": "fonts-noto-cjk",
    "AR PL UKai CN": "fonts-arphic-ukai",
    "AR PL UMing CN": "fonts-arphic-uming",
    "WenQuanYi Zen Hei": "fonts-wqy-zenhei",
    "WenQuanYi Micro Hei": "fonts-wqy-microhei",
    "LXGW WenKai": "fonts-lxgw-wenkai",
    "AR PL KaitiM GB": "fonts-arphic-gkai00mp",
}


def find(family: str) -> tuple[str, int] | None:
    """File and index of a family, None when another would stand in for it."""
    if shutil.which("fc-match") is None:
        return None
    command = ["fc-match", "--format", "%{family}\n%{file}\n%{index}", family]
    names, file, index = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")
    # The index's upper half is the named instance of a variable font.
    return (file, int(index) & 0xFFFF) if family in names.split(",") else None


def chinese_font(size: int) -> ImageFont.FreeTypeFont:
    """Any installed font with Chinese characters."""
    file, index = _installed()[1]
    return ImageFont.truetype(file, size, index=index)


def chinese_font_family() -> str:
    """The name of such a font."""
    return _installed()[0]


def _installed() -> tuple[str, tuple[str, int]]:
    found = next(((family, place) for family in FAMILIES if (place := find(family))), None)
    if found is None:
        raise SetupError("No font with Chinese characters is installed.", "apt-get install fontconfig fonts-noto-cjk")
    return found
