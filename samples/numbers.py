"""Valid numbers: GB 11643 identity numbers, GB 32100 credit codes, GS 15-2006 registration numbers, telephones."""

from __future__ import annotations

from datetime import date
from random import Random

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_MOBILE = ("130", "131", "133", "136", "137", "138", "139", "150", "151", "152", "158", "159", "176", "180")

# GB/T 2260 codes, mostly of Heilongjiang, with the words of an address.
REGIONS: tuple[tuple[str, str], ...] = (
    ("230102", "黑龙江省哈尔滨市道里区"),
    ("230103", "黑龙江省哈尔滨市南岗区"),
    ("230104", "黑龙江省哈尔滨市道外区"),
    ("230109", "黑龙江省哈尔滨市松北区"),
    ("230110", "黑龙江省哈尔滨市香坊区"),
    ("230203", "黑龙江省齐齐哈尔市建华区"),
    ("230403", "黑龙江省鹤岗市工农区"),
    ("230603", "黑龙江省大庆市龙凤区"),
    ("231004", "黑龙江省牡丹江市爱民区"),
    ("230803", "黑龙江省佳木斯市向阳区"),
    ("220102", "吉林省长春市南关区"),
    ("210102", "辽宁省沈阳市和平区"),
)


def identity_check(body: str) -> str:
    """The 18th character for 17 digits (GB 11643)."""
    total = sum(w * int(d) for w, d in zip(_IDENTITY_WEIGHTS, body, strict=True))
    return "10X98765432"[total % 11]


def credit_check(body: str) -> str:
    """The 18th character for 17 characters (GB 32100)."""
    total = sum(CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return CREDIT_ALPHABET[-total % 31]


def organisation_check(body: str) -> str:
    """The 9th character for 8 characters (GB 11714), part of a credit code."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    total = sum(w * alphabet.index(c) for w, c in zip(_ORGANISATION_WEIGHTS, body, strict=True))
    return "0123456789X0"[11 - total % 11] if total % 11 else "0"


def registration_check(body: str) -> str:
    """The 15th digit for 14 digits (GS 15-2006: ISO 7064, MOD 11,10)."""
    product = 10
    for digit in body:
        total = (product + int(digit)) % 10
        product = (total or 10) * 2 % 11
    return str((11 - product) % 10)


def identity_number(rng: Random, region: str, born: date, male: bool) -> str:
    body = f"{region}{born:%Y%m%d}{rng.randrange(100):02d}{rng.randrange(5) * 2 + male}"
    return body + identity_check(body)


def credit_code(rng: Random, prefix: str, region: str) -> str:
    """`prefix`: registering department and kind, `91` for companies, `12` for public institutions."""
    if prefix == "91":
        organisation = "MA" + "".join(rng.choice(CREDIT_ALPHABET) for _ in range(6))
    else:
        organisation = "4" + "".join(rng.choice("0123456789") for _ in range(7))
    body = prefix + region + organisation + organisation_check(organisation)
    return body + credit_check(body)


def registration_number(rng: Random, region: str) -> str:
    body = f"{region}{rng.randrange(2)}{rng.randrange(10_000_000):07d}"
    return body + registration_check(body)


def mobile_number(rng: Random) -> str:
    return f"{rng.choice(_MOBILE)}{rng.randrange(100_000_000):08d}"


def another_character(rng: Random, text: str, alphabet: str, place: int) -> str:
    """`text` with a different character of `alphabet` at `place`."""
    other = rng.choice([c for c in alphabet if c != text[place]])
    return text[:place] + other + text[place + 1 :]
