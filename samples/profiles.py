"""Ways in which an application comes to be: who writes, what prints, what scans.

Those whose names begin with `heldout` are for the bench alone: their fonts, hands, seals, and cameras are in no other,
no test reads them, and nothing is tuned on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from forms.style import PageStyle
from samples.machine import Machine

_PRINT_FONTS = ("Noto Serif CJK SC", "AR PL UMing CN", "AR PL UKai CN", "Noto Sans CJK SC", "WenQuanYi Zen Hei")
_FILLS = ("Noto Serif CJK SC", "AR PL UKai CN", "Noto Sans CJK SC", "AR PL UMing CN")
_HELD_FONTS = ("LXGW WenKai", "AR PL KaitiM GB", "WenQuanYi Micro Hei")
_HANDS = ("ma-shan-zheng", "zhi-mang-xing", "kai")


@dataclass(frozen=True, slots=True)
class Profile:
    """`by_hand`: values are written, not printed. `packing`: pdf, jpeg, png, tiff or mixed.

    `fonts`: what the form is printed in; `fills`: what else printed values may be in; `hands`: font families.
    """

    name: str
    by_hand: bool
    machine: Machine
    packing: str
    fonts: tuple[str, ...] = _PRINT_FONTS
    fills: tuple[str, ...] = _FILLS
    hands: tuple[str, ...] = _HANDS
    seal_style: str = ""
    seal_shapes: tuple[str, ...] = ("round",) * 17 + ("oval", "oval", "square")


_SCAN = Machine(dpi=(200,))
_PHOTO = Machine(camera=True, dpi=(190, 200), skew=1.5, blur=(0.5, 1.0), noise=(0.8, 2.0), quality=(42, 62), turns=0.25)
_WORN = Machine(dpi=(150,), skew=1.4, blur=(0.5, 0.8), noise=(2.0, 5.0), quality=(38, 55), turns=0.3, shadow=0.8)
_CLEAN = Machine(dpi=(150,), noise=(0.0, 0.2), shadow=0.0)
_PLAIN = Machine(dpi=(150,), noise=(0.2, 0.6), quality=(38, 52))
_FINE = Machine(dpi=(240, 300, 300), skew=0.4, blur=(0.3, 0.5), noise=(0.5, 1.5), quality=(60, 70), turns=0.05)
_HELD = Machine(
    camera=True, dpi=(210,), skew=2.5, blur=(0.7, 1.3), noise=(2.0, 5.0), quality=(45, 70), turns=0.4, tilt=0.075,
    light=0.4, curl=0.006, desks=("dark",),
)  # fmt: skip

_HELD_SCAN = Machine(dpi=(200, 300), skew=1.2, blur=(0.4, 0.7), noise=(1.0, 3.0), quality=(45, 65), turns=0.3)
_HELD_PRINT: dict[str, Any] = {"fonts": _HELD_FONTS, "fills": _HELD_FONTS, "seal_style": "double"}
_HELD_HAND: dict[str, Any] = {"hands": ("long-cang",), "seal_style": "double"}

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile("print-scan", False, _SCAN, "pdf"),
        Profile("hand-scan", True, _SCAN, "pdf"),
        Profile("print-fine", False, _FINE, "pdf"),
        Profile("hand-tiff", True, _PLAIN, "tiff"),
        Profile("print-jpeg", False, _SCAN, "jpeg"),
        Profile("print-png", False, _CLEAN, "png"),
        Profile("print-worn", False, _WORN, "jpeg"),
        Profile("hand-worn", True, _WORN, "pdf"),
        Profile("print-photo", False, _PHOTO, "jpeg"),
        Profile("hand-photo", True, _PHOTO, "jpeg"),
        Profile("heldout", True, _HELD, "jpeg", **_HELD_HAND),
        Profile("heldout-hand", True, _HELD_SCAN, "tiff", **_HELD_HAND),
        Profile("heldout-print", False, _HELD_SCAN, "pdf", **_HELD_PRINT),
        Profile("heldout-photo", False, _HELD, "jpeg", **_HELD_PRINT),
    )
}
HELDOUT = tuple(name for name in PROFILES if name.startswith("heldout"))
DEFAULT = tuple(name for name in PROFILES if name not in HELDOUT)


def page_style(profile: Profile, rng: Generator, tick: str) -> PageStyle:
    """One Word installation's idea of the form."""
    font = str(rng.choice(profile.fonts))
    size = float(rng.choice((10.5, 10.5, 10.0, 11.0)))
    side = float(rng.uniform(17, 25))
    return PageStyle(
        font=font,
        label_font=str(rng.choice((font, font, "Noto Sans CJK SC"))),
        title_font=str(rng.choice((font, "Noto Sans CJK SC", "Noto Serif CJK SC"))),
        fill_font=str(rng.choice((font, *profile.fills))),
        font_size_pt=size,
        fill_size_pt=size + float(rng.choice((-0.5, 0, 0, 0.5, 1))),
        title_size_pt=float(rng.uniform(14, 18)),
        margin_mm=(float(rng.uniform(14, 24)), side, float(rng.uniform(12, 18)), side + float(rng.uniform(-2, 2))),
        section_width_mm=float(rng.uniform(18, 25)),
        label_width_mm=float(rng.uniform(33, 40)),
        second_label_width_mm=float(rng.uniform(29, 33)),
        column_split=float(rng.uniform(0.46, 0.54)),
        row_height_mm=float(rng.uniform(9.5, 12) if profile.by_hand else rng.uniform(7.5, 11)),
        collection_height_mm=float(rng.uniform(48, 58)),
        declaration_height_mm=float(rng.choice((0, 55, 62))),
        line_height=float(rng.uniform(1.3, 1.5)),
        line_weight_pt=float(rng.choice((0.4, 0.5, 0.75, 1.0))),
        tick=tick,
        agreement_size_pt=float(rng.uniform(8.5, 9.5)),
    )
