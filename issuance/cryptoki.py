"""The few PKCS#11 calls that the binding lacks, from the module's function list. For the token's own process."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

Word, Pointer = ctypes.c_ulong, ctypes.c_void_p
CKA_LABEL, CKA_ID = 0x3, 0x102
CKR_OK, CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID = 0x0, 0x12, 0x13
# Places in CK_FUNCTION_LIST (PKCS#11 2.40, pkcs11f.h)
_INIT_TOKEN, _CLOSE_ALL_SESSIONS, _DESTROY_OBJECT, _GET_ATTRIBUTE_VALUE = 9, 14, 22, 24
_FIND_OBJECTS_INIT, _FIND_OBJECTS, _FIND_OBJECTS_FINAL = 26, 27, 28
_SIGN_INIT, _SIGN = 42, 43
_BATCH = 64
_LONGEST_SIGNATURE = 1024  # bytes


class _Attribute(ctypes.Structure):
    """CK_ATTRIBUTE"""

    _fields_ = (("type", Word), ("value", Pointer), ("length", Word))


class _Mechanism(ctypes.Structure):
    """CK_MECHANISM, without a parameter"""

    _fields_ = (("mechanism", Word), ("parameter", Pointer), ("length", Word))


class Cryptoki:
    """The function list of a module that is loaded and initialised already."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)  # the same module once more: the loader gives the one that is open
        self._functions = Pointer()
        self._library.C_GetFunctionList(ctypes.byref(self._functions))

    def init_token(self, slot: int, so_pin: bytes, label: bytes) -> int:
        """C_InitToken; its CKR. `label` is padded with blanks to 32 bytes."""
        call = (Word, ctypes.c_char_p, Word, ctypes.c_char_p)
        return self._call(_INIT_TOKEN, call, slot, so_pin, len(so_pin), label.ljust(32))

    def close_all_sessions(self, slot: int) -> None:
        """C_CloseAllSessions: those, too, that the binding left open."""
        self._call(_CLOSE_ALL_SESSIONS, (Word,), slot)

    def destroy_nameless(self, session: int) -> None:
        """Destroy all objects that have neither label nor id."""
        for item in list(self._objects(session)):
            if all(self._is_empty(session, item, name) for name in (CKA_LABEL, CKA_ID)):
                self._call(_DESTROY_OBJECT, (Word, Word), session, item)

    def sign(self, session: int, key: int, mechanism: int, data: bytes) -> tuple[int, bytes]:
        """C_SignInit and C_Sign by a mechanism's number, a vendor's too; the CKR and the signature."""
        chosen, size = _Mechanism(mechanism, None, 0), Word(_LONGEST_SIGNATURE)
        result = self._call(_SIGN_INIT, (Word, Pointer, Word), session, ctypes.byref(chosen), key)
        if result != CKR_OK:
            return result, b""
        made = ctypes.create_string_buffer(size.value)
        call = (Word, ctypes.c_char_p, Word, Pointer, Pointer)
        result = self._call(_SIGN, call, session, data, len(data), ctypes.byref(made), ctypes.byref(size))
        return result, made.raw[: size.value]

    def _objects(self, session: int) -> Iterator[int]:
        self._call(_FIND_OBJECTS_INIT, (Word, Pointer, Word), session, None, 0)
        found, count = (Word * _BATCH)(), Word(1)
        while count.value:
            call = (Word, Pointer, Word, Pointer)
            if self._call(_FIND_OBJECTS, call, session, ctypes.byref(found), _BATCH, ctypes.byref(count)) != CKR_OK:
                break
            yield from found[: count.value]
        self._call(_FIND_OBJECTS_FINAL, (Word,), session)

    def _is_empty(self, session: int, item: int, name: int) -> bool:
        """Whether the object lacks the attribute. Not so when the token does not answer: then nothing is known."""
        wanted = _Attribute(name, None, 0)
        call = (Word, Word, Pointer, Word)
        result = self._call(_GET_ATTRIBUTE_VALUE, call, session, item, ctypes.byref(wanted), 1)
        if result == CKR_OK:
            return int(wanted.length) == 0
        return result in (CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID)

    def _call(self, place: int, types: tuple[type, ...], *values: object) -> int:
        # CK_FUNCTION_LIST is a version, padded to a pointer's size, then the pointers.
        address = (self._functions.value or 0) + (1 + place) * ctypes.sizeof(Pointer)
        function = ctypes.CFUNCTYPE(Word, *types)(Pointer.from_address(address).value or 0)
        return int(function(*values))
