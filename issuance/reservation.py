"""What is fixed before a certificate is made, so that making it twice gives the same bytes: serial, names and dates."""

from __future__ import annotations

import calendar
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from issuance.profiles import profiles
from issuance.tokens import checked_label
from yinjian.approval import Approval, Usage
from yinjian.errors import Refused

RANDOM_BITS = 126  # CA/Browser Forum asks for 64; X.509 allows 20 octets
SERIAL_BITS = range(64, 160)  # how long a serial may be
CHINA = ZoneInfo("Asia/Shanghai")
_AGAIN = "Draw a new reservation."


@dataclass(frozen=True, slots=True)
class Reservation:
    """One certificate to be. Instants are UTC, in whole seconds; both are within the validity.

    Raises Refused when it could not become a certificate.
    """

    serial: int
    usage: Usage
    key_label: str
    key_id: bytes
    token_label: str
    not_before: datetime
    not_after: datetime

    def __post_init__(self) -> None:
        check_serial(self.serial)
        checked_label(self.token_label)
        checked_label(self.key_label)
        if not 1 <= len(self.key_id) <= 32:
            raise Refused("The reserved key id is not 1 to 32 bytes long.", _AGAIN)
        if any(at.utcoffset() != timedelta(0) or at.microsecond for at in (self.not_before, self.not_after)):
            raise Refused("A reserved instant is not in UTC and whole seconds.", _AGAIN)
        if self.not_before >= self.not_after:
            raise Refused("The reserved validity ends before it begins.", _AGAIN)


def check_serial(serial: int) -> None:
    """Raises Refused for a serial that is not positive and 64 to 159 bits long."""
    if serial <= 0 or serial.bit_length() not in SERIAL_BITS:
        raise Refused("The serial number is not positive and 64 to 159 bits long.", _AGAIN)


def reserve(
    approval: Approval,
    usage: Usage,
    now: datetime,
    *,
    years: int | None = None,
    runs_from: datetime | None = None,
    token_label: str = "",
) -> Reservation:
    """Draw serial, names and dates for one certificate of an approval, valid from `now`.

    `years`: those of the profiles, when not given.
    `runs_from`: the end of the certificate that is renewed; the years count from it when it is still to come.
    `token_label`: the token of a certificate that was reserved before, when both go onto one token.
    Raises Refused when the approval is younger than `now`.
    """
    begin = now.astimezone(UTC).replace(microsecond=0)
    if begin < approval.approved_at.astimezone(UTC).replace(microsecond=0):
        raise Refused("The approval is dated after the reservation.", "Set the machine's clock right.")
    serial = draw_serial()
    name = hashlib.sha256(serial.to_bytes(20, "big")).hexdigest()[:16]
    return Reservation(
        serial=serial,
        usage=usage,
        key_label=f"YJ-{name}-{usage.value}",
        key_id=serial.to_bytes(16, "big"),
        token_label=token_label or f"YJ-{name}",
        not_before=begin,
        not_after=last_second(max(begin, runs_from or begin), years or profiles().common.validity_years),
    )


def draw_serial() -> int:
    """126 random bits under a leading one: always positive, always 16 octets."""
    return 1 << RANDOM_BITS | secrets.randbits(RANDOM_BITS)


def last_second(start: datetime, years: int) -> datetime:
    """The last second of the period of `years` that begins on the day of `start`, in UTC.

    《民法典》第二百零一条 开始的当日不计入，自下一日开始计算;
    第二百零二条 到期月的对应日为期间的最后一日；没有对应日的，月末日为期间的最后一日;
    第二百零三条 期间的最后一日的截止时间为二十四时. Days are those of China: from 29 February to 28 February, 23:59:59.
    """
    first = start.astimezone(CHINA).date()
    longest = calendar.monthrange(first.year + years, first.month)[1]
    last = date(first.year + years, first.month, min(first.day, longest))
    return datetime.combine(last, time(23, 59, 59), CHINA).astimezone(UTC)
