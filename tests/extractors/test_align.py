"""Printed words laid over read ones: blanks keep their place whatever is misread beside them."""

from __future__ import annotations

import pytest

from extractors.align import align
from extractors.engine import Recognised
from extractors.textlines import TextLine
from extractors.values import _with_symbols
from yinjian.catalogue.layout import parse_line
from yinjian.lattice import Lattice

TEMPLATE = parse_line(
    "本单位授权经办人{field:authorization_agent_name}（身份证号码：{field:authorization_agent_id}）为合法代理人"
)


def line(text: str, y: float = 0.0) -> TextLine:
    n = max(1, len(text))
    spans = tuple((i / n, (i + 1) / n) for i in range(len(text)))
    steps = tuple(((symbol, -0.01),) for symbol in text)
    return TextLine((0, y, 20.0 * n, y + 20), Recognised(text, 0.99, Lattice("test", steps), spans))


def blanks(*texts: str) -> list[str]:
    found = align(TEMPLATE, [line(text, 30.0 * n) for n, text in enumerate(texts)], "")
    return ["".join(s.symbol.text for s in blank.symbols) for blank in found.blanks]


@pytest.mark.parametrize(
    "texts",
    [
        ("本单位授权经办人张三（身份证号码：230102198001011234）为合法代理人",),
        ("本单位授权经办人张三", "(身份证号码:230102198001011234", "）为合法代理人"),  # three pieces of one line
        ("本里位授权经力人张三（身份征号码：230102198001011234）为合注代理人",),  # misread
        ("单位授权经办人张三（身份证号码：2301021980", "01011234）为合法代理人"),  # broken over two lines
        ("本单位授权经办人张三身份证号码", "230102198001011234）为合法代理人"),  # marks passed over
    ],
)
def test_blanks_are_found(texts: tuple[str, ...]) -> None:
    assert blanks(*texts) == ["张三", "230102198001011234"]


def test_empty_blanks() -> None:
    assert blanks("本单位授权经办人（身份证号码：）为合法代理人") == ["", ""]


def test_agreement_is_the_share_of_printed_symbols() -> None:
    whole = align(TEMPLATE, [line("本单位授权经办人（身份证号码：）为合法代理人")], "")
    half = align(TEMPLATE, [line("本单位授权经办人")], "")
    assert whole.agreement == 1.0
    assert 0.3 < half.agreement < 0.5


def test_a_blanks_ink_is_looked_at_with_all_that_was_read_there() -> None:
    """The line below a blank may join its first symbol to the print before it, which is then left out."""
    read = [line("本单位授权经办人阎江新（身份证号码：", 200.0)]
    (blank,) = (b for b in align(TEMPLATE, read, "").blanks if b.symbols)
    middles = [(found.symbol.x0 + found.symbol.x1) / 2 for found in blank.symbols]
    ink = (middles[1] - 10.0, 200.0, middles[2] + 10.0, 230.0)
    x0, y0, x1, y1 = _with_symbols(ink, blank)
    assert x0 < middles[0] - 5.0
    assert (y0, x1, y1) == ink[1:2] + ink[2:]
    whole = (middles[0] - 1.0, 200.0, middles[2] + 1.0, 230.0)
    assert _with_symbols(whole, blank) == whole
