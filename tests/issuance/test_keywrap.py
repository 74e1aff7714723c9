"""A master key, wrapped by a key that stays on its token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from issuance import keywrap
from issuance.keywrap import KeyWrap
from tests.issuance.builder import PINS
from yinjian.errors import InputError, TokenError

MASTER = os.urandom(32)


@pytest.fixture
def wrapper(tmp_path: Path) -> Iterator[KeyWrap]:
    made = keywrap.create(tmp_path / "w", "YJ-STORE", PINS.so_pin, PINS.pin)
    yield made
    made.close()


def test_what_is_wrapped_comes_back_in_another_process(wrapper: KeyWrap, tmp_path: Path) -> None:
    wrapped = wrapper.wrap(MASTER)
    assert MASTER not in wrapped and len(wrapped) == 64
    wrapper.close()
    again = keywrap.open_keywrap(tmp_path / "w", "YJ-STORE", wrapper.token.serial, PINS.pin)
    assert again.unwrap(wrapped) == MASTER
    again.close()


def test_creating_again_keeps_the_key(wrapper: KeyWrap, tmp_path: Path) -> None:
    wrapped = wrapper.wrap(MASTER)
    again = keywrap.create(tmp_path / "w", "YJ-STORE", PINS.so_pin, PINS.pin)
    assert again.unwrap(wrapped) == MASTER and again.token == wrapper.token
    assert [(item.kind, item.sensitive, item.extractable) for item in again.device.contents(again.token, PINS.pin)] == [
        ("secret_key", True, False)
    ]
    again.close()


def test_no_two_wrappings_are_alike(wrapper: KeyWrap) -> None:
    assert len({wrapper.wrap(MASTER)[4:16] for _ in range(20)}) == 20


@pytest.mark.parametrize("place", [0, 4, 20, 63])
def test_a_changed_byte_is_noticed(place: int, wrapper: KeyWrap) -> None:
    wrapped = bytearray(wrapper.wrap(MASTER))
    wrapped[place] ^= 1
    with pytest.raises(TokenError, match=r"damaged|no wrapped master key"):
        wrapper.unwrap(bytes(wrapped))
    assert wrapper.unwrap(wrapper.wrap(MASTER)) == MASTER


def test_another_tokens_key_unwraps_nothing(wrapper: KeyWrap, tmp_path: Path) -> None:
    other = keywrap.create(tmp_path / "other", "YJ-STORE", PINS.so_pin, PINS.pin)
    with pytest.raises(TokenError, match="another key"):
        other.unwrap(wrapper.wrap(MASTER))
    other.close()


def test_what_the_key_encrypted_for_another_purpose_is_no_master_key(wrapper: KeyWrap) -> None:
    token, pin = wrapper.token, wrapper.pin
    foreign = wrapper.device.encrypt(token, pin, "YJ-wrap", b"yinjian-wrap", MASTER, b"something else")
    with pytest.raises(TokenError, match="another key"):
        wrapper.unwrap(b"YJW1" + foreign)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_only_32_bytes_are_a_master_key(length: int, wrapper: KeyWrap) -> None:
    with pytest.raises(InputError, match="32 bytes"):
        wrapper.wrap(bytes(length))


def test_opening_never_makes_a_key(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="directory is not there"):
        keywrap.open_keywrap(tmp_path / "w", "YJ-STORE", "", PINS.pin)
    assert not (tmp_path / "w").exists()


def test_the_pin_is_not_shown(wrapper: KeyWrap) -> None:
    assert PINS.pin not in repr(wrapper)
