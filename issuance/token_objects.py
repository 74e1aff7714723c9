"""What lies on a token: finding it exactly, and what a killed process left behind. For the token's own process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import pkcs11
from asn1crypto import algos, core, keys, x509  # type: ignore[import-untyped]
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.util import ec

from issuance.wire import Fault

SM2_CURVE = "1.2.156.10197.1.301"
BITS = {"rsa2048": 2048, "rsa3072": 3072}
# ENTL and the id 1234567812345678, then a, b and the base point (GB/T 32918.5)
_SM2_ID = bytes.fromhex("0080") + b"1234567812345678"
_SM2_CURVE = bytes.fromhex(
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)
_HALVES = (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY)
_CLASSES = {
    ObjectClass.CERTIFICATE: "certificate",
    ObjectClass.PUBLIC_KEY: "public_key",
    ObjectClass.PRIVATE_KEY: "private_key",
    ObjectClass.SECRET_KEY: "secret_key",
    ObjectClass.DATA: "data",
}


def found(session: Any, kind: ObjectClass, label: str, key_id: bytes) -> list[Any]:
    """All objects of a class with exactly this label and id."""
    return list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: label, Attribute.ID: key_id}))


def the_only(items: Iterable[Any]) -> Any:
    """The one item. Raises Fault when there is none or more: never 'the last one found'."""
    several = list(items)
    if len(several) != 1:
        raise Fault("many-objects" if several else "no-object")
    return several[0]


def pair(session: Any, label: str, key_id: bytes, kind: str) -> Any:
    """The public key of the pair with this name; a complete pair is taken as it is, else one is made.

    A lone or unfinished half is what a killed generation left, and is made again. Where a certificate was written for
    it already, it is no such thing: Fault `key-damaged`.
    """
    halves = [found(session, half, label, key_id) for half in _HALVES]
    if all(len(half) == 1 and _finished(half[0]) for half in halves):
        return _of_kind(halves[0][0], halves[1][0], kind)
    if any(halves) and list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.ID: key_id})):
        raise Fault("key-damaged")
    for item in [*halves[0], *halves[1]]:
        item.destroy()
    return generate(session, label, key_id, kind)


def generate(session: Any, label: str, key_id: bytes, kind: str) -> Any:
    """A new key pair on the token. Every key may sign, since so it proves itself; the certificate limits its use."""
    common = {
        "id": key_id,
        "label": label,
        "store": True,
        "private_template": {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True},
    }
    sign = MechanismFlag.SIGN | MechanismFlag.VERIFY
    if kind in BITS:
        uses = sign | MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT | MechanismFlag.WRAP | MechanismFlag.UNWRAP
        return session.generate_keypair(KeyType.RSA, BITS[kind], capabilities=uses, **common)[0]
    curve = {Attribute.EC_PARAMS: ec.encode_named_curve_parameters(SM2_CURVE if kind == "sm2" else "secp256r1")}
    parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
    return parameters.generate_keypair(capabilities=sign | MechanismFlag.DERIVE, **common)[0]


def secret(session: Any, label: str, key_id: bytes) -> Any:
    """The AES-256 key with this name, made where there is none. An unfinished one never wrapped anything."""
    there = found(session, ObjectClass.SECRET_KEY, label, key_id)
    for item in [item for item in there if not _finished(item)]:
        item.destroy()
        there.remove(item)
    if there:
        return the_only(there)
    uses = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
    closed = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}
    return session.generate_key(
        KeyType.AES, 256, id=key_id, label=label, store=True, capabilities=uses, template=closed
    )


def spki(key: Any) -> bytes:
    """SubjectPublicKeyInfo DER of a public key object."""
    if key.key_type is KeyType.EC:
        return ec.encode_ec_public_key(key)
    numbers = keys.RSAPublicKey(
        {
            "modulus": int.from_bytes(key[Attribute.MODULUS], "big"),
            "public_exponent": int.from_bytes(key[Attribute.PUBLIC_EXPONENT], "big"),
        }
    )
    algorithm = keys.PublicKeyAlgorithm({"algorithm": "rsa", "parameters": core.Null()})
    return bytes(keys.PublicKeyInfo({"algorithm": algorithm, "public_key": numbers}).dump())


def certificate_template(der: bytes) -> dict[Any, Any]:
    """The attributes of a certificate object, value and name excepted."""
    body = x509.Certificate.load(der)
    return {
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
        Attribute.SUBJECT: body.subject.dump(),
        Attribute.ISSUER: body.issuer.dump(),
        Attribute.SERIAL_NUMBER: body["tbs_certificate"]["serial_number"].dump(),
    }


def signature(key: Any, data: bytes, digest: bytes) -> bytes:
    """RSA PKCS#1 v1.5 with SHA-256 over `data`, or DER Ecdsa-Sig-Value over `digest`, after the kind of key."""
    if key.key_type is KeyType.EC:
        return bytes(algos.DSASignature.from_p1363(key.sign(digest, mechanism=Mechanism.ECDSA)).dump())
    return bytes(key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))


def is_sm2(key: Any) -> bool:
    """Whether a key lies on the SM2 curve."""
    return key.key_type is KeyType.EC and key[Attribute.EC_PARAMS] == ec.encode_named_curve_parameters(SM2_CURVE)


def sm2_head(public: Any) -> bytes:
    """Z of GB/T 32918.2, 5.5: what is hashed before all that a key signs, for the default distinguishing id."""
    point = bytes(keys.PublicKeyInfo.load(spki(public))["public_key"])[1:]
    return hashlib.new("sm3", _SM2_ID + _SM2_CURVE + point).digest()


def sm2_signature(raw: bytes) -> bytes:
    """DER of a signature as modules give it: r and s of 32 bytes each, or DER already."""
    return bytes(algos.DSASignature.from_p1363(raw).dump()) if len(raw) == 64 else raw


def described(item: Any) -> dict[str, object]:
    return {
        "kind": _CLASSES[item[Attribute.CLASS]],
        "label": attribute(item, Attribute.LABEL) or "",
        "id": attribute(item, Attribute.ID) or b"",
        "sensitive": attribute(item, Attribute.SENSITIVE),
        "extractable": attribute(item, Attribute.EXTRACTABLE),
    }


def everything(session: Any) -> list[dict[str, object]]:
    """All objects that the session sees, described, in an order of their own."""
    items = [described(item) for kind in _CLASSES for item in session.get_objects({Attribute.CLASS: kind})]
    return sorted(items, key=lambda item: (str(item["kind"]), str(item["label"]), str(item["id"])))


def attribute(item: Any, name: Attribute) -> Any:
    """An attribute's value, None where the object has no such attribute."""
    try:
        return item[name]
    except (pkcs11.AttributeTypeInvalid, pkcs11.FunctionFailed):
        return None


def _finished(key: Any) -> bool:
    """CKA_LOCAL is set together with the key's numbers, at the end of a generation."""
    return bool(attribute(key, Attribute.LOCAL))


def _of_kind(private: Any, public: Any, kind: str) -> Any:
    """`public`, when the pair is of the kind asked for and its private half cannot leave the token."""
    size = BITS.get(kind)
    same = public.key_type is (KeyType.RSA if size else KeyType.EC) and is_sm2(public) is (kind == "sm2")
    if not same or (size and int.from_bytes(public[Attribute.MODULUS], "big").bit_length() != size):
        raise Fault("key-differs")
    if not private[Attribute.SENSITIVE] or private[Attribute.EXTRACTABLE]:
        raise Fault("key-open")
    return public
