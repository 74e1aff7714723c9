"""What a token's process can do, one function each. Runs in that process only: the module is global state there.

Arguments and results are those of the wire. Every call opens a session of its own, logs in, and closes it, so that
nothing of one call (a login, a search) is left for the next. Signing alone keeps its session until another call comes:
logging in takes longer than the signature.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any

import pkcs11
from pkcs11 import Attribute, ObjectClass, TokenFlag
from pkcs11.mechanisms import GCMParams, Mechanism

from issuance import token_objects as objects
from issuance import token_slots as slots
from issuance.cryptoki import Cryptoki
from issuance.wire import Fault

_TAG_BITS, _NONCE = 128, 12


def open_module(path: str) -> Any:
    """The PKCS#11 module at `path`. Raises Fault `no-module`, or `no-store` when it starts but has no token store."""
    try:
        return pkcs11.lib(path)
    except (pkcs11.GeneralError, pkcs11.FunctionFailed) as error:
        raise Fault("no-store", slots.ckr(error)) from None
    except Exception as error:  # the binding raises plain RuntimeErrors for what dlopen says
        raise Fault("no-module", slots.ckr(error)) from None


def tokens(module: Any) -> list[dict[str, str]]:
    """Label, serial and model of every initialised token."""
    with slots.faults():
        return [slots.described(token) for token in slots.initialised(module)]


def prepare(module: Any, label: str, so_pin: str, pin: str) -> dict[str, str]:
    """Initialise a token with this label and these PINs; one that is so already is taken as it is."""
    with slots.faults():
        slots.forget(module)
        module.reinitialize()  # another process may have made it since this one started
        there = [token for token in slots.initialised(module) if token.label == label]
        if len(there) > 1:
            raise Fault("many-tokens")
        token = there[0] if there else slots.initialise(module, slots.free_slot(module), label, so_pin)
        if not token.flags & TokenFlag.USER_PIN_INITIALIZED:
            token = slots.finish(module, token, label, so_pin, pin)
        with slots.opened(module, token, pin):
            return slots.described(token)


def make_key(module: Any, label: str, serial: str, pin: str, key: str, id: bytes, kind: str) -> bytes:
    """The public key (SPKI DER) of the key pair with this name, made when it is not there."""
    with slots.session(module, label, serial, pin) as session:
        return objects.spki(objects.pair(session, key, id, kind))


def public_key(module: Any, label: str, serial: str, pin: str, key: str, id: bytes) -> bytes:
    with slots.session(module, label, serial, pin, rw=False) as session:
        return objects.spki(objects.the_only(objects.found(session, ObjectClass.PUBLIC_KEY, key, id)))


def sign_all(
    module: Any,
    label: str,
    serial: str,
    pin: str,
    key: str,
    id: bytes,
    data: list,  # type: ignore[type-arg]
    sm2: int,
    hashed: bool,
) -> list[bytes]:
    """A signature for each of several pieces of data: asking costs more than signing.

    `sm2`: the number of the mechanism for keys on that curve, 0 where it is not known; `hashed`: it takes the digest.
    """
    if not all(isinstance(piece, bytes) for piece in data):
        raise Fault("protocol")
    with slots.kept_session(module, label, serial, pin) as kept:
        private = kept.once((key, id), lambda session: _private(session, key, id))
        if kept.once(("sm2", key, id), lambda session: objects.is_sm2(private)):
            return [_sm2(module, kept, private, (key, id), piece, sm2, hashed) for piece in data]
        return [objects.signature(private, piece, hashlib.sha256(piece).digest()) for piece in data]


def _sm2(
    module: Any, kept: slots.Kept, private: Any, name: tuple[str, bytes], data: bytes, mechanism: int, hashed: bool
) -> bytes:
    """By a vendor's mechanism: PKCS#11 has none, and each maker its own number."""
    if not mechanism:
        raise Fault("no-sm2")
    head = kept.once(
        ("head", *name),
        lambda session: objects.sm2_head(objects.the_only(objects.found(session, ObjectClass.PUBLIC_KEY, *name))),
    )
    data = hashlib.new("sm3", head + data).digest() if hashed else data
    result, raw = Cryptoki(module.so).sign(kept.session.handle, private.handle, mechanism, data)
    if result:
        raise Fault("sm2-refused", f"0x{result:x}")
    return objects.sm2_signature(raw)


def write_certificate(module: Any, label: str, serial: str, pin: str, key: str, id: bytes, der: bytes) -> bytes:
    """Leave exactly this certificate under label and id, and return what the token then gives back."""
    with slots.session(module, label, serial, pin) as session:
        return _only_value(session, objects.certificate_template(der), key, id, der)


def read_certificate(module: Any, label: str, serial: str, pin: str, id: bytes) -> bytes:
    with slots.session(module, label, serial, pin, rw=False) as session:
        wanted = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: id}
        return bytes(objects.the_only(session.get_objects(wanted))[Attribute.VALUE])


def write_data(module: Any, label: str, serial: str, pin: str, name: str, value: bytes) -> bytes:
    """Leave exactly this value under the name, as a private data object, and return what the token then gives back."""
    with slots.session(module, label, serial, pin) as session:
        return _only_value(session, {Attribute.CLASS: ObjectClass.DATA, Attribute.PRIVATE: True}, name, None, value)


def read_data(module: Any, label: str, serial: str, pin: str, name: str) -> bytes:
    with slots.session(module, label, serial, pin, rw=False) as session:
        wanted = {Attribute.CLASS: ObjectClass.DATA, Attribute.LABEL: name}
        return bytes(objects.the_only(session.get_objects(wanted))[Attribute.VALUE])


def contents(module: Any, label: str, serial: str, pin: str) -> list[dict[str, object]]:
    with slots.session(module, label, serial, pin, rw=False) as session:
        return objects.everything(session)


def change_pin(module: Any, label: str, serial: str, pin: str, new: str) -> bool:
    with slots.session(module, label, serial, pin) as session:
        session.set_pin(pin, new)
    return True


def reset_pin(module: Any, label: str, serial: str, so_pin: str, pin: str) -> bool:
    """The security officer gives the holder a new PIN (解锁); keys and certificates stay."""
    with slots.faults():
        slots.set_pin(module, slots.exact(module, label, serial), so_pin, pin)
    return True


def make_wrapping_key(module: Any, label: str, serial: str, pin: str, key: str, id: bytes) -> bool:
    """An AES-256 key that never leaves the token, made when it is not there."""
    with slots.session(module, label, serial, pin) as session:
        objects.secret(session, key, id)
    return True


def encrypt(module: Any, label: str, serial: str, pin: str, key: str, id: bytes, data: bytes, aad: bytes) -> bytes:
    """AES-256-GCM: nonce (12 bytes), cipher text, tag (16 bytes)."""
    nonce = os.urandom(_NONCE)
    with slots.session(module, label, serial, pin, rw=False) as session:
        secret = objects.the_only(objects.found(session, ObjectClass.SECRET_KEY, key, id))
        parameters = GCMParams(nonce, aad, _TAG_BITS)
        return nonce + bytes(secret.encrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=parameters))


def decrypt(module: Any, label: str, serial: str, pin: str, key: str, id: bytes, data: bytes, aad: bytes) -> bytes:
    with slots.session(module, label, serial, pin, rw=False) as session:
        secret = objects.the_only(objects.found(session, ObjectClass.SECRET_KEY, key, id))
        parameters = GCMParams(data[:_NONCE], aad, _TAG_BITS)
        try:
            return bytes(secret.decrypt(data[_NONCE:], mechanism=Mechanism.AES_GCM, mechanism_param=parameters))
        except pkcs11.GeneralError:  # what SoftHSM2 says of a tag that does not fit
            raise Fault("not-wrapped-here") from None


OPERATIONS: dict[str, Callable[..., object]] = {
    operation.__name__: operation
    for operation in (
        tokens,
        prepare,
        make_key,
        public_key,
        sign_all,
        write_certificate,
        read_certificate,
        write_data,
        read_data,
        contents,
        change_pin,
        reset_pin,
        make_wrapping_key,
        encrypt,
        decrypt,
    )
}


def _private(session: Any, key: str, id: bytes) -> Any:
    return objects.the_only(objects.found(session, ObjectClass.PRIVATE_KEY, key, id))


def _only_value(session: Any, template: dict[Any, Any], label: str, key_id: bytes | None, value: bytes) -> bytes:
    """One object with this name and value. The new one comes before an old one goes: a kill leaves two, never none."""
    name = {Attribute.LABEL: label} | ({} if key_id is None else {Attribute.ID: key_id})
    wanted = {Attribute.CLASS: template[Attribute.CLASS]} | name
    there = list(session.get_objects(wanted))
    same = [item for item in there if bytes(item[Attribute.VALUE]) == value]
    kept = same[0] if same else session.create_object(template | name | {Attribute.VALUE: value, Attribute.TOKEN: True})
    for item in there:
        if item != kept:
            item.destroy()
    return bytes(objects.the_only(session.get_objects(wanted))[Attribute.VALUE])
