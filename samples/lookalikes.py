"""Texts that differ by one symbol from a true one, as a forger or a slip would have it."""

from __future__ import annotations

from random import Random

# Symbols within a group are taken for one another by people and by recognisers.
GROUPS = (
    "日曰", "未末", "己已巳", "人入八", "大太犬", "士土", "干千于", "元无", "天夫", "田由甲申", "目自", "王玉主",
    "刀力", "乃及", "午牛", "木本术", "白百", "乌鸟", "今令", "贝见", "车东", "历厉", "辛幸", "名各", "石右", "住往",
    "侯候", "折拆", "晴睛", "清请情", "洪供", "辨辩", "博搏", "祥详", "伟纬", "杨扬", "郎朗", "柱桩", "密蜜", "泰秦",
    "徽微", "壁璧", "揭竭", "渴喝", "抡抢", "沦沧", "哀衰", "茶荼", "析折", "拔拨", "仑仓", "免兔", "凤风", "戌戍",
    "昌冒", "宁守", "宇字", "浙淅", "淮准", "源原", "桦华", "澜阑", "霁齐", "岚风", "珩行", "屿与", "禾木", "阳旭",
    "01", "17", "38", "56", "49", "27", "0O", "8B", "5S", "2Z", "6G", "1I",
)  # fmt: skip
_DIGITS, _LETTERS = "0123456789", "ABCDEFGHJKLMNPQRTUWXY"
_COMMON = "的一是不人在有中国大上公司科工程设备技术有限责任业务城市建新安金海林长江北东龙华平明文光天正德信达通源盛丰泰"


def like(symbol: str) -> tuple[str, ...]:
    """What the symbol may be taken for."""
    return tuple(c for group in GROUPS if symbol in group for c in group if c != symbol)


def impostor(text: str, rng: Random) -> str:
    """`text` (not empty) with one symbol changed: to a look-alike where it has one, else to one of its own kind."""
    open_to = [n for n, c in enumerate(text) if like(c)]
    place = rng.choice(open_to) if open_to and rng.random() < 0.7 else rng.randrange(len(text))
    others = like(text[place]) or tuple(c for c in _kind(text[place]) if c != text[place])
    return text[:place] + rng.choice(others) + text[place + 1 :]


def impostors(text: str, count: int, rng: Random) -> list[str]:
    """Different ones, at most `count`."""
    drawn = dict.fromkeys(impostor(text, rng) for _ in range(4 * count))
    return list(drawn)[:count]


def _kind(symbol: str) -> str:
    if symbol in _DIGITS:
        return _DIGITS
    return _LETTERS if symbol.isascii() else _COMMON
