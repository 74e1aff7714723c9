"""Serials, names and dates that are fixed before a certificate is made."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuance.reservation import CHINA, Reservation, check_serial, draw_serial, last_second, reserve
from tests.issuance.builder import NOW, PERSON, an_approval
from yinjian.approval import Usage
from yinjian.errors import InputError, Refused


@given(st.integers(min_value=-(1 << 170), max_value=1 << 170))
def test_serials_are_positive_and_64_to_159_bits(serial: int) -> None:
    if (1 << 63) <= serial < (1 << 159):
        check_serial(serial)
        assert len(serial.to_bytes((serial.bit_length() + 8) // 8, "big")) <= 20  # with DER's sign bit
    else:
        with pytest.raises(Refused, match="64 to 159"):
            check_serial(serial)


def test_drawn_serials_are_of_one_length_and_never_the_same() -> None:
    drawn = {draw_serial() for _ in range(2000)}
    assert len(drawn) == 2000
    assert {serial.bit_length() for serial in drawn} == {127}
    ones = [sum(serial >> bit & 1 for serial in drawn) for bit in range(126)]
    assert all(800 < count < 1200 for count in ones)  # each bit is drawn: 9 standard deviations


def test_names_come_from_the_serial_and_tell_nothing() -> None:
    made = reserve(an_approval("expert"), Usage.SIGN, NOW)
    assert made.token_label.isascii() and len(made.token_label) == 19 and made.token_label.startswith("YJ-")
    assert made.key_label == f"{made.token_label}-sign" and int.from_bytes(made.key_id, "big") == made.serial
    shown = repr(made)
    assert PERSON.person_name not in shown and PERSON.id_number not in shown


def test_a_second_certificate_can_share_the_token() -> None:
    first = reserve(an_approval(), Usage.SIGN, NOW)
    second = reserve(an_approval(), Usage.ENCRYPT, NOW, token_label=first.token_label)
    assert second.token_label == first.token_label
    assert second.key_label != first.key_label and second.key_id != first.key_id


def china(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=CHINA)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("start", "last"),
    [
        (china(2026, 7, 1, 12, 30, 15), china(2027, 7, 1, 23, 59, 59)),
        (china(2028, 2, 29, 9, 0, 0), china(2029, 2, 28, 23, 59, 59)),
        (china(2027, 2, 28, 9, 0, 0), china(2028, 2, 28, 23, 59, 59)),
        (china(2026, 12, 31, 23, 59, 59), china(2027, 12, 31, 23, 59, 59)),
        (datetime(2026, 6, 30, 16, 0, 0, tzinfo=UTC), china(2027, 7, 1, 23, 59, 59)),  # past midnight in China
        (datetime(2028, 2, 28, 16, 0, 0, tzinfo=UTC), china(2029, 2, 28, 23, 59, 59)),  # 29 February there
        (datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC), china(2027, 6, 30, 23, 59, 59)),
    ],
)
def test_a_year_ends_with_the_last_second_of_its_day_in_china(start: datetime, last: datetime) -> None:
    assert last_second(start, 1) == last
    assert last_second(start, 1).utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_a_year_is_never_short_by_more_than_a_leap_day(start: datetime) -> None:
    length = last_second(start, 1) - start
    assert timedelta(days=365) - timedelta(seconds=1) <= length + timedelta(days=1)
    assert timedelta(days=364, hours=23) < length < timedelta(days=367)


def test_a_renewal_runs_from_the_old_end_when_that_is_to_come() -> None:
    old_end = last_second(NOW + timedelta(days=20), 0)
    early = reserve(an_approval(), Usage.BOTH, NOW, runs_from=old_end)
    assert early.not_before == NOW and early.not_after == last_second(old_end, 1)
    late = reserve(an_approval(), Usage.BOTH, NOW, runs_from=NOW - timedelta(days=20))
    assert late.not_after == last_second(NOW, 1)


def test_fractions_of_a_second_are_dropped_and_other_zones_turned() -> None:
    made = reserve(an_approval(), Usage.BOTH, NOW.astimezone(CHINA).replace(microsecond=999_999))
    assert made.not_before == NOW and made.not_before.tzinfo is UTC


def test_nothing_is_reserved_before_it_was_approved() -> None:
    with pytest.raises(Refused, match="clock"):
        reserve(an_approval(), Usage.BOTH, an_approval().approved_at - timedelta(seconds=1))


BAD = {
    "serial": 5,
    "token_label": "王示例",
    "key_label": "",
    "key_id": b"",
    "not_before": NOW.replace(tzinfo=None),
    "not_after": NOW,
}


@pytest.mark.parametrize("field", BAD)
def test_a_reservation_that_could_not_be_issued_cannot_be_made(field: str) -> None:
    good = reserve(an_approval(), Usage.BOTH, NOW)
    with pytest.raises((Refused, InputError)):
        dataclasses.replace(good, **{field: BAD[field]})  # type: ignore[arg-type]


def test_other_zones_and_fractions_cannot_be_reserved() -> None:
    good = reserve(an_approval(), Usage.BOTH, NOW)
    for begin in (NOW.astimezone(CHINA), NOW.replace(microsecond=1)):
        with pytest.raises(Refused, match="UTC and whole seconds"):
            Reservation(good.serial, good.usage, good.key_label, good.key_id, good.token_label, begin, good.not_after)
