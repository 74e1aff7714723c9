"""Copies of documents on A4: business licences, certificates of public institutions, identity cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from numpy.random import Generator

from samples.artwork import emblem, frame, portrait, square_code, tint
from samples.formmarks import printed_seal
from samples.paper import Ink, Sheet
from samples.people import Company, Person
from samples.typefaces import wrapped
from yinjian.geometry import Box

_BLACK: Ink = (1.35, 1.35, 1.3)
_LABEL: Ink = (0.95, 0.65, 0.35)  # the bluish print of identity card labels
_GOLD: Ink = (0.12, 0.3, 0.7)
_PALE_GOLD: Ink = (0.01, 0.03, 0.1)
_PALE_BLUE: Ink = (0.1, 0.05, 0.02)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A labelled value of a licence. `field` names what a reader should find, "" what it need not."""

    label: str
    text: str
    field: str = ""
    truth: str = ""


@dataclass(frozen=True, slots=True)
class _Column:
    """Where entries stand: mm from the plate's left, the label's room, the value's room, sizes in mm."""

    x: float
    label: float
    value: float
    size: float
    font: str


def licence_sheet(company: Company, dpi: int, rng: Generator) -> Sheet:
    """A copy of a registration document, in colour or not, as wide or as tall as the original."""
    wide = bool(rng.random() < 0.5)
    plate = Sheet.blank(dpi, "", size=(275, 195) if wide else (190, 272))
    tint(plate, _PALE_GOLD, rng)
    frame(plate, 5, float(rng.uniform(3, 5)), _GOLD)
    (_wide if wide else _tall)(plate, company, rng)
    sheet = Sheet.blank(dpi, "business_licence", size=(297, 210) if wide else (210, 297))
    sheet.paste(plate, float(rng.uniform(6, 16)), float(rng.uniform(5, 12)))
    if rng.random() < 0.5:
        sheet.without_colour()
    return sheet


def _wide(plate: Sheet, company: Company, rng: Generator) -> None:
    """The landscape copy: two columns under the title."""
    font = str(rng.choice(("song", "hei", "ming")))
    _head(plate, company, 137.5, 12)
    _code(plate, company, 16, 34, font)
    square_code(plate, f"https://example.invalid/{company.code}", 236, 20, 22)
    entries = _entries(company)
    left = _Column(18, 30, 92, float(rng.uniform(4.0, 4.6)), font)
    right = _Column(152, 28, 80, left.size, font)
    names = {"注册资本", "开办资金", "成立日期", "营业期限", "有效期", "住所", "经费来源"}
    _column(plate, [e for e in entries if e.label not in names], left, 72)
    _column(plate, [e for e in entries if e.label in names], right, 72)
    _authority(plate, company, 205, 152, font, rng)


def _tall(plate: Sheet, company: Company, rng: Generator) -> None:
    """The portrait copy: one column."""
    font = str(rng.choice(("song", "hei", "kai")))
    _head(plate, company, 95, 16)
    _code(plate, company, 95 - 34, 70, font)
    _column(plate, _entries(company), _Column(22, 34, 108, float(rng.uniform(4.2, 4.8)), font), 90)
    _authority(plate, company, 128, 232, font, rng)


def _title(company: Company) -> str:
    return "事业单位法人证书" if company.public else "营业执照"


def _head(plate: Sheet, company: Company, middle: float, top: float) -> None:
    emblem(plate, middle, top + 10, 20)
    title, size = _title(company), 9.0 if company.public else 12.0
    gap = size * (1.15 if company.public else 1.6)
    start = middle - gap * len(title) / 2 + (gap - size) / 2
    for i, character in enumerate(title):
        plate.print_text(character, start + i * gap, top + 20, "song-bold", size, _BLACK)
    plate.print_text("（副  本）", middle - 10, top + 36, "song", 4.2, _BLACK)


def _code(plate: Sheet, company: Company, x: float, y: float, font: str) -> None:
    label = "注册号" if company.old_number else "统一社会信用代码"
    plate.print_text(label, x, y, font, 3.8, _BLACK)
    box = plate.print_text(company.code, x, y + 6, "hei", 4.6, _BLACK)
    plate.note("licence_uscc", company.code, [box])


def _entries(company: Company) -> list[_Entry]:
    name = _Entry("名称", company.name, "licence_unit_name", company.name)
    person = _Entry("法定代表人", company.principal.name, "licence_legal_person", company.principal.name)
    home = _Entry("住所", company.address, "licence_address", company.address)
    until = company.until.isoformat() if company.until else "长期"
    if company.public:
        term = _Entry("有效期", f"自{_day(company.founded)}至{_end(company.until)}", "licence_valid_until", until)
        aim = _Entry("宗旨和业务范围", company.scope)
        return [name, aim, home, person, _Entry("经费来源", "财政补助"), _Entry("开办资金", company.capital), term]
    term_text = f"{_day(company.founded)}至{_end(company.until)}" if company.until else "长期"
    term = _Entry("营业期限", term_text, "licence_valid_until", until)
    facts = [_Entry("注册资本", company.capital), _Entry("成立日期", _day(company.founded)), term]
    return [name, _Entry("类型", company.kind), home, person, *facts, _Entry("经营范围", company.scope)]


def _day(day: date) -> str:
    return f"{day.year}年{day.month:02d}月{day.day:02d}日"


def _end(day: date | None) -> str:
    return _day(day) if day else "长期"


def _column(plate: Sheet, entries: Sequence[_Entry], column: _Column, top: float) -> None:
    """Entries below one another; a value breaks at its room's width."""
    y = top
    size, room = plate.pixels(column.size), plate.pixels(column.value)
    for entry in entries:
        _spread(plate, entry.label, column, y)
        lines = wrapped(entry.text, column.font, size, room)[:5]
        boxes = []
        for line in lines:
            boxes.append(plate.print_text(line, column.x + column.label + 4, y, column.font, column.size, _BLACK))
            y += column.size * 1.55
        if entry.field:
            plate.note(entry.field, entry.truth, boxes)
        y += column.size * 0.75


def _spread(plate: Sheet, label: str, column: _Column, y: float) -> None:
    """A label with its characters spread over its room."""
    size = min(column.size, column.label / len(label))
    step = (column.label - size) / max(1, len(label) - 1)
    for i, character in enumerate(label):
        plate.print_text(character, column.x + i * step, y, "song-bold", size, _BLACK)


def _authority(plate: Sheet, company: Company, x: float, y: float, font: str, rng: Generator) -> None:
    """The registering authority with its own seal and the day."""
    plate.print_text("登记管理机关" if company.public else "登记机关", x, y, font, 4.4, _BLACK)
    day = date(min(2024, company.founded.year + int(rng.integers(0, 6))), int(rng.integers(1, 13)), 12)
    plate.print_text(_day(day), x + 6, y + 20, font, 4.2, _BLACK)
    printed_seal(plate, company.authority, x + 24, y + 12, rng)


def card_sheet(person: Person, role: str, side: str, dpi: int, rng: Generator) -> Sheet:
    """A copy of an identity card: `side` "front", "back" or "both", one above the other."""
    sheet = Sheet.blank(dpi, "identity_card", role, side)
    scale = float(rng.uniform(1.0, 1.35))
    x = (210 - 85.6 * scale) / 2 + float(rng.uniform(-12, 12))
    y = float(rng.uniform(30, 50))
    faces = {"front": (_front,), "back": (_back,), "both": (_front, _back)}[side]
    for face in faces:
        sheet.paste(face(person, role, scale, dpi, rng), x + float(rng.uniform(-2, 2)), y)
        y += 54 * scale + float(rng.uniform(10, 26))
    if rng.random() < 0.5:
        sheet.without_colour()
    return sheet


def _card(scale: float, dpi: int, rng: Generator) -> Sheet:
    plate = Sheet.blank(dpi, "", size=(85.6 * scale, 54 * scale))
    tint(plate, _PALE_BLUE, rng, float(rng.uniform(0.8, 1.6)))
    edge = max(1, plate.pixels(0.25))
    for part in (plate.density[:edge], plate.density[-edge:], plate.density[:, :edge], plate.density[:, -edge:]):
        part += 0.45
    return plate


def _front(person: Person, role: str, k: float, dpi: int, rng: Generator) -> Sheet:
    """Name, sex, nation, birth, address, number and portrait; `k` is the copy's scale."""
    plate = _card(k, dpi, rng)

    def pair(label: str, text: str, x: float, y: float, size: float = 3.3) -> Box:
        plate.print_text(label, x * k, y * k, "hei", 2.5 * k, _LABEL)
        return plate.print_text(text, (x + len(label) * 2.5 + 3.2) * k, (y - 0.5) * k, "hei", size * k, _BLACK)

    plate.note(f"{role}.id_name", person.name, [pair("姓名", person.name, 6, 6.5, 3.8)])
    pair("性别", "男" if person.male else "女", 6, 13.5)
    pair("民族", person.nation, 24, 13.5)
    for text, x in ((str(person.born.year), 14.2), (str(person.born.month), 28.5), (str(person.born.day), 37.5)):
        plate.print_text(text, x * k, 19.6 * k, "hei", 3.2 * k, _BLACK)
    for label, x in (("出生", 6), ("年", 23.5), ("月", 33.5), ("日", 42.5)):
        plate.print_text(label, x * k, 20 * k, "hei", 2.5 * k, _LABEL)
    plate.print_text("住址", 6 * k, 27 * k, "hei", 2.5 * k, _LABEL)
    lines = wrapped(person.address, "hei", plate.pixels(3.2 * k), plate.pixels(38 * k))
    boxes = [plate.print_text(t, 14.2 * k, (26.4 + 4.4 * i) * k, "hei", 3.2 * k, _BLACK) for i, t in enumerate(lines)]
    plate.note(f"{role}.id_address", person.address, boxes)
    plate.print_text("公民身份号码", 6 * k, 45.2 * k, "hei", 2.5 * k, _LABEL)
    number = plate.print_text(person.id_number, 29 * k, 44 * k, "hei-bold", 4.2 * k, _BLACK)
    plate.note(f"{role}.id_number", person.id_number, [number])
    portrait(plate, 56 * k, 8 * k, 24 * k, not person.male, rng)
    return plate


def _back(person: Person, role: str, k: float, dpi: int, rng: Generator) -> Sheet:
    """The emblem, the titles, who issued the card and how long it holds."""
    plate = _card(k, dpi, rng)
    emblem(plate, 14 * k, 13.5 * k, 15 * k)
    _letters(plate, "中华人民共和国", 26 * k, 5.5 * k, 5.0 * k, 7.4 * k)
    _letters(plate, "居民身份证", 28 * k, 14 * k, 7.0 * k, 10.2 * k)
    plate.print_text("签发机关", 18 * k, 36.5 * k, "hei", 2.7 * k, _BLACK)
    plate.print_text(person.authority, 33 * k, 36 * k, "hei", 3.3 * k, _BLACK)
    plate.print_text("有效期限", 18 * k, 44.5 * k, "hei", 2.7 * k, _BLACK)
    start = f"{person.id_from:%Y.%m.%d}"
    end = f"{person.id_until:%Y.%m.%d}" if person.id_until else "长期"
    box = plate.print_text(f"{start}-{end}", 33 * k, 44 * k, "hei", 3.3 * k, _BLACK)
    plate.note(f"{role}.id_valid_from", person.id_from.isoformat(), [box])
    plate.note(f"{role}.id_valid_until", person.id_until.isoformat() if person.id_until else "长期", [box])
    return plate


def _letters(plate: Sheet, text: str, x: float, y: float, size: float, step: float) -> None:
    for i, character in enumerate(text):
        plate.print_text(character, x + i * step, y, "song-bold", size, _BLACK)
