"""Slots, tokens and sessions of a module: the right one exactly, or a Fault. For the token's own process."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pkcs11
from pkcs11 import TokenFlag

from issuance.cryptoki import Cryptoki
from issuance.wire import Fault

_BY_EXCEPTION = {
    pkcs11.PinIncorrect: "pin-incorrect",
    pkcs11.PinLocked: "pin-locked",
    pkcs11.PinInvalid: "pin-rule",
    pkcs11.PinLenRange: "pin-rule",
    pkcs11.PinTooWeak: "pin-rule",
    pkcs11.PinExpired: "pin-expired",
    pkcs11.UserPinNotInitialized: "unfinished",
    pkcs11.DeviceMemory: "full",
    pkcs11.DeviceRemoved: "no-token",
    pkcs11.TokenNotPresent: "no-token",
    pkcs11.EncryptedDataInvalid: "not-wrapped-here",
    pkcs11.EncryptedDataLenRange: "not-wrapped-here",
}
# CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_LOCKED, CKR_DEVICE_MEMORY
_BY_NUMBER = {0xA0: "pin-incorrect", 0xA1: "pin-rule", 0xA2: "pin-rule", 0xA4: "pin-locked", 0x31: "full"}


def initialised(module: Any) -> list[Any]:
    there = [slot.get_token() for slot in module.get_slots(token_present=True)]
    return [token for token in there if token.flags & TokenFlag.TOKEN_INITIALIZED]


def free_slot(module: Any) -> Any:
    for slot in module.get_slots(token_present=True):
        if not slot.get_token().flags & TokenFlag.TOKEN_INITIALIZED:
            return slot
    raise Fault("no-blank")


def initialise(module: Any, slot: Any, label: str, so_pin: str) -> Any:
    result = Cryptoki(module.so).init_token(slot.slot_id, so_pin.encode("utf-8"), label.encode("ascii"))
    if result:
        raise Fault(_BY_NUMBER.get(result, "other"), f"C_InitToken 0x{result:x}")
    return slot.get_token()


def finish(module: Any, token: Any, label: str, so_pin: str, pin: str) -> Any:
    """Give a token that has no holder's PIN yet its PIN. One that a kill left without an officer's starts anew."""
    try:
        set_pin(module, token, so_pin, pin)
    except pkcs11.PinIncorrect:
        # Only a token without an officer's PIN lets itself be initialised here: others ask for theirs, and refuse.
        token = initialise(module, token.slot, label, so_pin)
        set_pin(module, token, so_pin, pin)
    return token.slot.get_token()


def set_pin(module: Any, token: Any, so_pin: str, pin: str) -> None:
    with opened(module, token, so_pin=so_pin) as session:
        session.init_pin(pin)


def exact(module: Any, label: str, serial: str) -> Any:
    """The one token with this label and, where it is known, this serial."""
    there = [token for token in initialised(module) if token.label == label]
    exact = [token for token in there if not serial or token.serial.decode("ascii", "replace") == serial]
    if len(exact) > 1:
        raise Fault("many-tokens")
    if not exact:
        raise Fault("other-token" if there else "no-token")
    return exact[0]


@contextlib.contextmanager
def session(module: Any, label: str, serial: str, pin: str, rw: bool = True) -> Iterator[Any]:
    with faults(), opened(module, exact(module, label, serial), pin, rw=rw) as session:
        if rw and os.environ.get("SOFTHSM2_CONF"):
            # What a killed creation left. SoftHSM2 only: it makes objects step by step, and a half-made one stops
            # every later search. All that are made here carry a label.
            Cryptoki(module.so).destroy_nameless(session.handle)
        yield session


@contextlib.contextmanager
def opened(
    module: Any, token: Any, pin: str | None = None, so_pin: str | None = None, rw: bool = True
) -> Iterator[Any]:
    """A session, logged in. Nothing of it is left for the next one."""
    forget(module)
    try:
        with token.open(rw=rw, user_pin=pin, so_pin=so_pin) as session:
            yield session
    except pkcs11.PinIncorrect as error:
        raise Fault("pin-incorrect", ckr(error), _tries(token)) from None
    finally:
        # The binding forgets a session whose login failed, and an open one forbids the officer to log in.
        Cryptoki(module.so).close_all_sessions(token.slot.slot_id)


class Kept:
    """A session that stays logged in for the next signature, with the keys that were found in it."""

    def __init__(self, name: tuple[str, str, str], slot: int, session: Any) -> None:
        self.name, self.slot, self.session = name, slot, session
        self._found: dict[object, Any] = {}

    def once(self, what: object, find: Callable[[Any], Any]) -> Any:
        """What `find` finds in the session, looked for once."""
        if what not in self._found:
            self._found[what] = find(self.session)
        return self._found[what]


_kept: list[Kept] = []  # one, or none


@contextlib.contextmanager
def kept_session(module: Any, label: str, serial: str, pin: str) -> Iterator[Kept]:
    """The session that an earlier call left logged in with this token and PIN, or a new one. A fault ends it."""
    name = (label, serial, pin)
    with faults():
        if not _kept or _kept[0].name != name:
            forget(module)
            token = exact(module, label, serial)
            try:
                session = token.open(rw=False, user_pin=pin)
            except pkcs11.PKCS11Error as error:
                Cryptoki(module.so).close_all_sessions(token.slot.slot_id)
                if isinstance(error, pkcs11.PinIncorrect):
                    raise Fault("pin-incorrect", ckr(error), _tries(token)) from None
                raise
            _kept.append(Kept(name, token.slot.slot_id, session))
        try:
            yield _kept[0]
        except BaseException:
            forget(module)
            raise


def forget(module: Any) -> None:
    """End the session that a signature left."""
    while _kept:
        # The login goes with the last session: the next call asks for its PIN.
        Cryptoki(module.so).close_all_sessions(_kept.pop().slot)


def _tries(token: Any) -> str:
    flags = token.slot.get_token().flags
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        return "final"
    return "low" if flags & TokenFlag.USER_PIN_COUNT_LOW else ""


@contextlib.contextmanager
def faults() -> Iterator[None]:
    """What the module says, as a Fault."""
    try:
        yield
    except pkcs11.PKCS11Error as error:
        raise Fault(_BY_EXCEPTION.get(type(error), "other"), ckr(error)) from None


def ckr(error: Exception) -> str:
    """The PKCS#11 name of an exception (`CKR_DEVICE_ERROR`); numbers that have no class of their own as a number."""
    number = re.search(r"0x[0-9a-f]+", str(error)) if type(error) is pkcs11.PKCS11Error else None
    return number[0] if number else "CKR_" + re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).upper()


def described(token: Any) -> dict[str, str]:
    return {"label": token.label, "serial": token.serial.decode("ascii", "replace"), "model": token.model}
