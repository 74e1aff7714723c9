"""What stands on a sheet beside its text: running heads and feet, its number, labels, a scanner's mark, dust."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from extractors.textlines import TextLine, in_rows
from extractors.wording import words

FEW = 2  # symbols
APART, INDENT = 1.5, 4.0  # heights of a line: farther apart than lines are spaced, and than a paragraph is indented
LARGER = 1.4  # heights of a line: what is so high in the margin is none of the text's numbers
JOINT = 4  # symbols on either side show whether text goes on from one row to the next
MOSTLY = 0.8  # of a title's symbols are read where it is
NUMBERED = re.compile("第[0-9]+页|共[0-9]+页")  # a sheet's number, and how many there are
SIGN = re.compile("[A-Za-z]{2,}")  # what a company calls itself in letters
# What an office writes, stamps or sticks on a sheet, beside names and numbers: 「收讫 2026.11.28」, 「数字证书业务」.
OFFICE = re.compile(
    "收讫|收到|收件|收文|签收|已收|受理|登记|归档|存档|编号|单号|流水|条码|日期|附件|业务|办理|申请|材料|资料|文件|专用|用户"
    "|[表年月日号第页共一]"  # 一 may be the side of a stamp
)
LETTERS, FAX = re.compile("[A-Za-z]+"), re.compile("from|to|fax|tel|page", re.IGNORECASE)
LONGEST = 3  # symbols of one piece: of two and three any longer one is made up
# What scanning programs of telephones say of themselves: 「扫描全能王 创建」, 「Scanned with CamScanner」.
BY_SCANNER = re.compile(
    "(由|用|使用|通过|扫描|全能|王|夸克|白描|布丁|讯飞|腾讯|金山|文档|万能|手机|智能|极速|宝|大师|助手|精灵|件|创建|生成|制作|识别|拍摄"
    "|scanned|scanner|scan|with|by|using|cam|cs|wps|adobe|microsoft|office|lens|genius|tiny|app)+",
    re.IGNORECASE,
)
SCANNING = re.compile("扫描|白描|scan|lens", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Whole:
    """A text's words, which begin with its `title`, and the names that may stand at its sheets' heads and feet."""

    expected: str
    title: str
    names: tuple[str, ...] = ()


def without_running(lines: Sequence[TextLine], whole: Whole) -> list[TextLine]:
    """A page's lines that are its text: no label far from all of it, nor a hole in the margin that is read as 0."""
    labels = [_is_label(words(line.text), whole) for line in lines]
    text = [line for line, label in zip(lines, labels, strict=True) if not label]
    lines = [line for line, label in zip(lines, labels, strict=True) if not (label and _is_apart(line, text))]
    return [line for row in _body(in_rows(lines), whole) for line in row if not _is_beside(line, lines)]


def _body(rows: Sequence[Sequence[TextLine]], whole: Whole) -> Sequence[Sequence[TextLine]]:
    """A page's rows without its running heads and feet: number, title, names, the CA's sign, a scanner's mark."""
    while rows and _is_running(rows[0], rows[1:], whole, above=True):
        rows = rows[1:]
    while rows and _is_running(rows[-1], rows[:-1], whole, above=False):
        rows = rows[:-1]
    return rows


def _is_running(row: Sequence[TextLine], others: Sequence[Sequence[TextLine]], whole: Whole, *, above: bool) -> bool:
    """Whether a row above or below all `others` is none of the text: this does not go on from the one to the others."""
    expected, title = whole.expected, whole.title
    parts = [words(line.text) for line in row]
    parts = ["" if _is_scanners(part) or _names_it(part, whole) else NUMBERED.sub("", part) for part in parts]
    said, rest = "".join(parts), _said(others)
    if not said or not all(part in title or (part in expected and SIGN.fullmatch(part)) for part in parts):
        return not said
    if not rest:
        return not (said.startswith(title) or expected.endswith(said))
    if above and rest.startswith(expected[len(title) : 2 * len(title)]):  # what stands over the text is its title
        return len(said) < MOSTLY * len(title)
    return (said[-JOINT:] + rest[:JOINT] if above else rest[-JOINT:] + said[:JOINT]) not in expected


def _is_label(part: str, whole: Whole) -> bool:
    """Whether words are numbers, a letter or two, an office's words and pieces of names: they state nothing."""
    if part and part in whole.title:
        return False
    if not all(len(run) <= FEW or FAX.fullmatch(run) or run in whole.expected for run in LETTERS.findall(part)):
        return False
    names, reached = (whole.title, *whole.names), {0}
    for start in range(len(part)):
        ends = range(start + 1, min(len(part), start + LONGEST) + 1) if start in reached else ()
        reached |= {end for end in ends if _is_piece(part[start:end], names)}
    return len(part) in reached


def _names_it(part: str, whole: Whole) -> bool:
    """Whether words are a name, or a label made of names: a number alone may be one that the text ends with."""
    return part in whole.names or (not part.isascii() and _is_label(part, whole))


def _is_piece(piece: str, names: Sequence[str]) -> bool:
    return (
        piece.isascii()
        or OFFICE.fullmatch(piece) is not None
        or (len(piece) > 1 and any(piece in name for name in names))
    )


def _is_scanners(part: str) -> bool:
    """Whether words are no more than the mark that a telephone's scanner leaves at a sheet's foot."""
    return BY_SCANNER.fullmatch(part) is not None and SCANNING.search(part) is not None


def _said(rows: Sequence[Sequence[TextLine]]) -> str:
    return "".join(words(line.text) for row in rows for line in row)


def _is_beside(line: TextLine, lines: Sequence[TextLine]) -> bool:
    """Whether a symbol or two are none of the text's."""
    return len(words(line.text)) <= FEW and (_stands_alone(line, lines) or _is_page_number(line, lines))


def _is_page_number(line: TextLine, lines: Sequence[TextLine]) -> bool:
    """Whether a number below or above all text stands where none of its lines begins, not even an indented one."""
    others = [other.rect for other in lines if other is not line]
    outside = all(o[3] < line.centre[1] for o in others) or all(o[1] > line.centre[1] for o in others)
    indent = INDENT * median(other.height for other in lines)
    return words(line.text).isdigit() and outside and line.rect[0] > min((o[0] for o in others), default=0.0) + indent


def _is_apart(label: TextLine, text: Sequence[TextLine]) -> bool:
    """Whether a label stands far from all text, or beside it, and larger than its lines."""
    if not text or _stands_alone(label, text):
        return True
    outside = label.rect[2] < min(line.rect[0] for line in text) or label.rect[0] > max(line.rect[2] for line in text)
    return outside and label.height > LARGER * median(line.height for line in text)


def _stands_alone(line: TextLine, lines: Sequence[TextLine]) -> bool:
    """Whether a line stands farther from all others than these do from one another."""
    far = APART * median(other.height for other in lines)
    x0, y0, x1, y1 = line.rect
    gaps = (
        max(o[0] - x1, x0 - o[2], o[1] - y1, y0 - o[3]) for o in (other.rect for other in lines if other is not line)
    )
    return all(gap > far for gap in gaps)
