"""Check digits of the numbers on the forms. A check digit proves the shape of a number, not whose it is."""

from __future__ import annotations

from datetime import date

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I, O, S, V, Z
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
# The first two digits of GB/T 2260, and 81, 82, 83 for residents from Hong Kong, Macao and Taiwan.
_BY_TENS = {"1": "12345", "2": "123", "3": "1234567", "4": "123456", "5": "01234", "6": "12345", "7": "1", "8": "123"}
PROVINCES = frozenset(tens + unit for tens, units in _BY_TENS.items() for unit in units)


def uscc_check(first17: str) -> str:
    """The eighteenth character of a unified social credit code (GB 32100-2015, modulus 31)."""
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def is_uscc(code: str) -> bool:
    """18 characters of the standard's alphabet with the right last one."""
    return len(code) == 18 and all(c in USCC_ALPHABET for c in code) and code[17] == uscc_check(code[:17])


def registration_check(first14: str) -> str:
    """The fifteenth digit of a 注册号 (GS 15-2006; ISO 7064 MOD 11,10)."""
    product = 10
    for digit in first14:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def is_registration_number(number: str) -> bool:
    """15 digits with the right last one."""
    return len(number) == 15 and _digits(number) and number[14] == registration_check(number[:14])


def identity_check(first17: str) -> str:
    """The eighteenth character of a citizen's identity number (GB 11643-1999; ISO 7064 MOD 11-2)."""
    return _ID_CHECKS[sum(int(c) * w for c, w in zip(first17, _ID_WEIGHTS, strict=True)) % 11]


def is_identity_number(number: str, as_of: date) -> bool:
    """18 characters, a region that exists, a real birth date that is not in the future, the right last character."""
    if len(number) != 18 or not _digits(number[:17]) or number[:2] not in PROVINCES:
        return False
    born = _birth_date(number)
    return born is not None and date(1900, 1, 1) <= born <= as_of and number[17] == identity_check(number[:17])


def _birth_date(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _digits(text: str) -> bool:
    """ASCII digits only: str.isdigit() would let ² and ٣ through."""
    return text.isascii() and text.isdigit()
