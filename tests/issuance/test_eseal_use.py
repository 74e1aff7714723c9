"""Seals of all versions, made and put on data; and signed OFD files."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, core, pem, x509
from PIL import Image

from issuance import delegated, sm2authority, timestamps
from issuance.authority import Authority
from issuance.crl import Reason, Revoked
from issuance.delegated import TIME_STAMPS
from issuance.der import parts
from issuance.eseal import maker, ofd
from issuance.eseal.check import check, hash_of
from issuance.eseal.maker import Maker, NewSeal
from issuance.eseal.seal import Seal, SealSignature, parse
from issuance.eseal.use import put
from issuance.issuer import Issuer
from issuance.profiles import profiles
from issuance.reservation import reserve
from issuance.signing import key_of
from issuance.sm2 import SM2_WITH_SM3, SM3, Sm2Key
from issuance.steps import Step, is_valid
from issuance.trust import Trust
from tests.issuance.builder import CA_PINS, NOW, an_approval, run
from tests.pipeline.papers import seal as picture
from yinjian.approval import Usage
from yinjian.errors import InputError, Refused

PASSPHRASE = "korrekt pferd"
AT = NOW + timedelta(days=3)
PLACE = "/Doc_0/Signs/Sign_0/Signature.xml"


@dataclass(frozen=True)
class Holder:
    """A holder of an SM2 certificate, and the CAs."""

    key: Sm2Key
    certificate: bytes
    maker: Maker
    authority: timestamps.Authority
    known: tuple[bytes, ...]

    @property
    def makers(self) -> tuple[bytes, ...]:
        return self.maker.chain[1:]

    @property
    def trust(self) -> Trust:
        return Trust(self.known, self.makers)

    def seal(self, version: int = 4, stamp: bool = False, png: bytes = b"") -> bytes:
        png, name = png or picture(), "哈尔滨示例科技有限公司"
        new = NewSeal("AB12" * 8, 1, name, self.certificate, png, 40, 40, NOW, AT, version)
        return self.maker.make(new, self.stamp if stamp else None)

    def stamp(self, data: bytes) -> bytes:
        return self.authority.token(data, AT)

    def put(self, seal: bytes, data: bytes, stamp: bool = False) -> bytes:
        at = AT - timedelta(days=1)
        return put(seal, data, PLACE, self.certificate, self.key, at, self.stamp if stamp else None)

    def check(self, made: bytes, document: bytes | None = None) -> tuple[Step, ...]:
        return check(parse(made), AT - timedelta(hours=1), self.trust, document, strict=True)


@pytest.fixture(scope="module")
def sm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sm2")
    sm2authority.create(directory, "Test CA", PASSPHRASE, NOW)
    return directory


@pytest.fixture(scope="module")
def issuer(sm2: Path) -> Iterator[Issuer]:
    opened = sm2authority.open_issuer(sm2, PASSPHRASE)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def holder(sm2: Path, issuer: Issuer, ca: Authority, ca_home: Path) -> Iterator[Holder]:
    if delegated.ends(ca_home, TIME_STAMPS) is None:
        delegated.make(ca_home, TIME_STAMPS, ca, CA_PINS, NOW)
    approval, key = an_approval(), Sm2Key.generate()
    by = profiles().at("").with_key("enterprise", "sm2")
    certificate = issuer.issue(approval, reserve(approval, Usage.BOTH, NOW), key.public_key, by)
    with timestamps.open_authority(ca_home, CA_PINS.pin) as authority:
        yield Holder(key, certificate, maker.open_maker(sm2, PASSPHRASE), authority, (*ca.chain, *issuer.chain))


@pytest.mark.parametrize("version", [1, 4, 5])
def test_each_version_is_made_and_holds(version: int, holder: Holder) -> None:
    made = holder.seal(version)
    found = parse(made)
    assert isinstance(found, Seal)
    assert (found.version, found.name, found.valid_until) == (version, "哈尔滨示例科技有限公司", AT)
    assert found.signed.time_stamp is None
    steps = holder.check(made)
    assert is_valid(steps) and all(step.holds for step in steps)


@pytest.mark.parametrize("version", [1, 4, 5])
def test_openssl_accepts_every_signature(version: int, holder: Holder, tmp_path: Path) -> None:
    """The maker's on a seal, and the holder's on data."""
    seal = holder.seal(version)
    for found in (parse(seal), parse(holder.put(seal, b"data"))):
        signed = found.signed
        (tmp_path / "key").write_bytes(pem.armor("PUBLIC KEY", key_of(signed.certificate).spki))
        (tmp_path / "data").write_bytes(signed.covered)
        (tmp_path / "signature").write_bytes(signed.signature)
        ask = ("openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
        files = ("-pubin", "-inkey", tmp_path / "key", "-in", tmp_path / "data", "-sigfile", tmp_path / "signature")
        assert "Verified Successfully" in run(*ask, *files)


def test_a_seal_of_version_5_may_carry_a_time_stamp(holder: Holder) -> None:
    made = holder.seal(5, stamp=True)
    steps = {step.name: step for step in holder.check(made)}
    assert steps["seal's time stamp"].holds and "TSA" in steps["seal's time stamp"].said
    for version in (1, 4):
        with pytest.raises(Refused, match="version 5"):
            holder.seal(version, stamp=True)
    # of an authority that nobody here knows, it proves nothing
    others = check(parse(made), AT, Trust(makers=holder.makers), strict=True)
    assert not is_valid(others)


def small() -> bytes:
    """A picture that is decoded in no time."""
    stream = io.BytesIO()
    Image.open(io.BytesIO(picture())).resize((60, 60)).save(stream, "PNG")
    return stream.getvalue()


def test_every_flip_of_a_stamped_seal_is_refused(holder: Holder) -> None:
    made = holder.seal(5, stamp=True, png=small())
    around = parse(made)
    assert isinstance(around, Seal)
    begin = made.index(around.picture.data)
    end = begin + len(around.picture.data)
    # Of the picture every fifth byte; of all else, each.
    places = [*range(begin), *range(begin, end, 5), *range(end, len(made))]
    assert len(places) > 2500
    for place in places:
        changed = bytearray(made)
        changed[place] ^= 1 << (place % 8)
        try:
            assert not is_valid(holder.check(bytes(changed))), place
        except InputError:
            continue


@pytest.mark.parametrize("version", [1, 4, 5])
def test_a_seal_is_put_on_data(version: int, holder: Holder) -> None:
    made = holder.put(holder.seal(version), b"what is signed")
    found = parse(made)
    assert isinstance(found, SealSignature)
    assert (found.version, found.property_info, found.data_hash) == (version, PLACE, hash_of("sm3", b"what is signed"))
    assert found.time == (AT - timedelta(days=1)).replace(microsecond=0)
    steps = holder.check(made, b"what is signed")
    assert is_valid(steps) and all(step.holds for step in steps)
    failed = [step.name for step in holder.check(made, b"something else") if step.holds is False]
    assert failed == ["document"]


@pytest.mark.parametrize("version", [4, 5])
def test_a_signature_may_carry_a_time_stamp(version: int, holder: Holder) -> None:
    steps = {step.name: step for step in holder.check(holder.put(holder.seal(version), b"x", stamp=True), b"x")}
    assert steps["signature's time stamp"].holds
    with pytest.raises(Refused, match="no time stamp"):
        holder.put(holder.seal(1), b"x", stamp=True)


def test_only_who_the_seal_names_may_use_it_and_while_it_holds(holder: Holder, issuer: Issuer) -> None:
    approval, key = an_approval(), Sm2Key.generate()
    by = profiles().at("").with_key("enterprise", "sm2")
    other = issuer.issue(approval, reserve(approval, Usage.BOTH, NOW), key.public_key, by)
    with pytest.raises(Refused, match="not one that the seal names"):
        put(holder.seal(), b"x", PLACE, other, key, NOW)
    with pytest.raises(Refused, match="The seal holds from"):
        put(holder.seal(), b"x", PLACE, holder.certificate, holder.key, AT + timedelta(days=1))
    with pytest.raises(InputError, match="no seal"):
        put(holder.put(holder.seal(), b"x"), b"x", PLACE, holder.certificate, holder.key, NOW)


def test_what_was_revoked_makes_no_valid_signature(holder: Holder, issuer: Issuer) -> None:
    """A time stamp proves that one signed before; without it nothing does."""
    serial = x509.Certificate.load(holder.certificate).serial_number
    seal, plain = holder.seal(), holder.put(holder.seal(), b"x")
    stamped = holder.put(holder.seal(), b"x", stamp=True)
    for when, valid in ((AT - timedelta(hours=1), False), (AT + timedelta(hours=1), True)):
        entry = Revoked(serial, when, Reason.KEY_COMPROMISE)
        trust = replace(holder.trust, lists=(issuer.revocation_list(9, AT, AT + timedelta(days=2), [entry]),))

        def holds(made: bytes, trust: Trust = trust) -> bool:
            return is_valid(check(parse(made), AT, trust, strict=True))

        assert holds(stamped) is valid
        assert not holds(plain) and not holds(seal)
    others = replace(holder.trust, lists=(issuer.revocation_list(10, AT, AT + timedelta(days=2), []),))
    assert is_valid(check(parse(seal), AT, others, strict=True))


def test_a_signature_outside_the_certificates_life_is_told(holder: Holder) -> None:
    late = put(holder.seal(), b"x", PLACE, holder.certificate, holder.key, NOW)
    steps = {step.name: step for step in check(parse(late), AT, holder.trust, b"x", strict=True)}
    assert steps["signer's certificate"].holds and steps["period"].holds
    ended = replace(parse(late), time=AT + timedelta(days=400))  # as a clock set wrong would have it
    steps = {step.name: step for step in check(ended, AT, holder.trust, b"x", strict=True)}
    assert steps["signer's certificate"].holds is False and steps["signer's certificate"].decides
    assert steps["period"].holds is False and steps["period"].decides


def test_a_holder_cannot_pass_for_a_maker(holder: Holder) -> None:
    """The holder's certificate is of the same root: but of another CA than what makes seals."""
    forged = Maker(holder.key, (holder.certificate, *holder.makers))
    new = NewSeal("CD34" * 8, 1, "另一家公司", holder.certificate, picture(), 40, 40, NOW, AT)
    steps = holder.check(forged.make(new))
    assert not is_valid(steps)
    assert next(step for step in steps if step.name == "maker's signature").holds
    assert next(step for step in steps if step.name == "maker").holds is False


# ---- OFD

OFD_XML = """<?xml version="1.0" encoding="UTF-8"?>
<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.1" DocType="OFD"><ofd:DocBody>
<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot><ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>
</ofd:DocBody></ofd:OFD>"""
LIST = """<ofd:Signatures xmlns:ofd="http://www.ofdspec.org/2016"><ofd:MaxSignId>1</ofd:MaxSignId>
<ofd:Signature ID="1" Type="{kind}" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>"""
DESCRIPTION = """<?xml version="1.0" encoding="UTF-8"?>
<ofd:Signature xmlns:ofd="http://www.ofdspec.org/2016"><ofd:SignedInfo><ofd:Provider ProviderName="Test"/>
<ofd:SignatureMethod>1.2.156.10197.1.501</ofd:SignatureMethod>
<ofd:References CheckMethod="{method}">{references}</ofd:References>
<ofd:StampAnnot ID="2" PageRef="1" Boundary="150 200 40 40"/>{seal}</ofd:SignedInfo>
<ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"""
DOCUMENT = {
    "Doc_0/Document.xml": b'<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"/>',
    "Doc_0/Pages/Page_0/Content.xml": b"<page>10,000</page>",
    "Doc_0/Res/image.png": bytes(range(256)),
}
Sign = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Ofd:
    """A file to be made. `listed`: what the signature protects."""

    files: dict[str, bytes]
    sign: Sign
    seal: bytes | None = None
    listed: tuple[str, ...] = (*DOCUMENT,)
    method: str = "1.2.156.10197.1.401"
    kind: str = "Seal"

    def parts(self) -> dict[str, bytes]:
        hashed = {"1.2.156.10197.1.401": "sm3", "MD5": "md5", "SHA256": "sha256"}.get(self.method, "sm3")
        references = "".join(
            f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>'
            f"{base64.b64encode(hash_of(hashed, self.files[name])).decode()}</ofd:CheckValue></ofd:Reference>"
            for name in self.listed
        )
        seal = "<ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal>" if self.seal else ""
        text = DESCRIPTION.format(method=self.method, references=references, seal=seal).encode()
        own = {PLACE[1:]: text, "Doc_0/Signs/Sign_0/SignedValue.dat": self.sign(text)}
        if self.seal:
            own["Doc_0/Signs/Sign_0/Seal.esl"] = self.seal
        listed = LIST.format(kind=self.kind).encode()
        return {"OFD.xml": OFD_XML.encode(), **self.files, "Doc_0/Signs/Signatures.xml": listed, **own}


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


@pytest.fixture(scope="module")
def signed(holder: Holder) -> Ofd:
    seal = holder.seal()
    return Ofd(DOCUMENT, lambda text: holder.put(seal, text), seal)


def looked_at(data: bytes, holder: Holder) -> dict[str, Step]:
    (found,) = ofd.check(data, AT - timedelta(hours=1), holder.trust, strict=True)
    return {step.name: step for step in found.steps}


def test_a_signed_file_holds_in_every_step(signed: Ofd, holder: Holder) -> None:
    data = zipped(signed.parts())
    steps = looked_at(data, holder)
    assert all(step.holds for step in steps.values()), [s for s in steps.values() if not s.holds]
    assert {"protected files", "other files", "seal file", "maker", "signer's signature", "document"} <= set(steps)
    (found,) = ofd.check(data, AT, Trust())
    assert found.path == PLACE[1:] and found.drawn == (ofd.Drawn("1", (150, 200, 40, 40)),)
    assert found.made is not None and found.made.seal.name == "哈尔滨示例科技有限公司"


def test_what_was_changed_is_named(signed: Ofd, holder: Holder) -> None:
    whole = signed.parts()
    page = "Doc_0/Pages/Page_0/Content.xml"
    cases: dict[str, tuple[dict[str, bytes], str]] = {
        "a page": ({page: b"<page>90,000</page>"}, "protected files"),
        "the description": ({PLACE[1:]: whole[PLACE[1:]].replace(b"150 200", b"10 20")}, "document"),
        "a file more": ({"Doc_0/Pages/Page_1/Content.xml": b"<page/>"}, "other files"),
        "another seal": ({"Doc_0/Signs/Sign_0/Seal.esl": holder.seal(5)}, "seal file"),
        "no value": ({"Doc_0/Signs/Sign_0/SignedValue.dat": b"x"}, "signed value"),
        "a seal as value": ({"Doc_0/Signs/Sign_0/SignedValue.dat": holder.seal()}, "signed value"),
    }
    for name, (change, failed) in cases.items():
        steps = looked_at(zipped(whole | change), holder)
        assert steps[failed].holds is False, name
        assert not is_valid(tuple(steps.values())), name
    gone = looked_at(zipped({name: data for name, data in whole.items() if name != page}), holder)
    assert page in gone["protected files"].said


def test_what_is_not_protected_is_told(signed: Ofd, holder: Holder) -> None:
    some = replace(signed, listed=("Doc_0/Document.xml", "Doc_0/Res/image.png"))
    steps = looked_at(zipped(some.parts()), holder)
    assert steps["other files"].holds is False and "Content.xml" in steps["other files"].said
    none = looked_at(zipped(replace(signed, listed=()).parts()), holder)
    assert none["protected files"].holds is False


@pytest.mark.parametrize(("method", "said"), [("MD5", "broken"), ("", "broken"), ("1.2.3", "not known")])
def test_a_digest_that_protects_nothing_is_told(method: str, said: str, signed: Ofd, holder: Holder) -> None:
    steps = looked_at(zipped(replace(signed, method=method).parts()), holder)
    assert steps["protected files"].holds is False and said in steps["protected files"].said


def test_a_sha_256_digest_is_taken(signed: Ofd, holder: Holder) -> None:
    assert looked_at(zipped(replace(signed, method="SHA256").parts()), holder)["protected files"].holds


def plain(holder: Holder, oid: str) -> Sign:
    """SignedData of GB/T 35275, without attributes: the signature is on the data."""

    def sign(text: bytes) -> bytes:
        certificate = x509.Certificate.load(holder.certificate)
        signed = cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [{"algorithm": SM3}],
                "encap_content_info": {"content_type": "data"},
                "certificates": [certificate],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": cms.SignerIdentifier(
                            "issuer_and_serial_number",
                            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
                        ),
                        "digest_algorithm": {"algorithm": SM3},
                        "signature_algorithm": {"algorithm": SM2_WITH_SM3},
                        "signature": holder.key.sign(text),
                    }
                ],
            }
        )
        inside = parts(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())[1]
        return bytes(core.Sequence(contents=core.ObjectIdentifier(oid).dump() + inside).dump())

    return sign


@pytest.mark.parametrize("oid", ["1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2"])
def test_a_plain_signature_is_checked_too(oid: str, holder: Holder) -> None:
    made = Ofd(DOCUMENT, plain(holder, oid), kind="Sign")
    steps = looked_at(zipped(made.parts()), holder)
    assert all(step.holds for step in steps.values()), steps
    other = Ofd(DOCUMENT, lambda text: plain(holder, oid)(text + b" "), kind="Sign")
    assert looked_at(zipped(other.parts()), holder)["signer's signature"].holds is False


def test_the_unsigned_files_cannot_lead_elsewhere(signed: Ofd, holder: Holder) -> None:
    """OFD.xml and the list of signatures are signed by nobody: what they name must be."""
    whole = signed.parts()
    page, listed = "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Signs/Signatures.xml"
    root = "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    body = "<ofd:DocBody><ofd:DocRoot>/Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody>"
    forged = whole[listed].replace(b"<ofd:MaxSignId>", b"<ofd:Pages/><ofd:MaxSignId>")
    many = whole[listed].replace(
        b"</ofd:Signatures>", b'<ofd:Signature BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>'
    )
    for name, text in (
        ("a page as document", OFD_XML.replace("Doc_0/Document.xml", page)),
        ("the list as document", OFD_XML.replace("Doc_0/Document.xml", listed)),
        ("no such document", OFD_XML.replace("Doc_0/Document.xml", "Doc_9/Document.xml")),
    ):
        steps = looked_at(zipped({**whole, "OFD.xml": text.encode()}), holder)
        assert steps["other files"].holds is False, name
    for change in (
        {"OFD.xml": OFD_XML.replace("<ofd:DocBody>", f"{body}<ofd:DocBody>").encode()},
        {"OFD.xml": OFD_XML.replace(root, root + root).encode()},
        {"OFD.xml": OFD_XML.replace(root, f"{root}<ofd:Content/>").encode()},
        {listed: forged},
        {listed: many},
    ):
        with pytest.raises(InputError):
            ofd.check(zipped({**whole, **change}), AT, Trust())


def test_a_zip_that_others_read_otherwise_is_refused(signed: Ofd) -> None:
    whole = signed.parts()
    data = zipped(whole)
    evil = zipped({**whole, "Doc_0/Pages/Page_0/Content.xml": b"<page>90,000</page>"})
    commented = io.BytesIO(data)
    with zipfile.ZipFile(commented, "a") as made:
        made.comment = b"PK"
    streamed = io.BytesIO()
    with zipfile.ZipFile(streamed, "w") as made:
        for name, content in whole.items():
            with made.open(name, "w") as entry:  # sizes follow the data where a ZIP is written to a stream
                entry.write(content)
    assert ofd.check(streamed.getvalue(), AT, Trust())
    for changed in (evil + data, evil[:-22] + data, data + b"x", commented.getvalue()):
        with pytest.raises(InputError, match="ZIP"):
            ofd.check(changed, AT, Trust())


def test_what_is_no_signed_ofd_is_told_apart(signed: Ofd) -> None:
    whole = signed.parts()
    unsigned = {**DOCUMENT, "OFD.xml": OFD_XML.replace("/Doc_0/Signs/Signatures.xml", "").encode()}
    bomb = b"0" * (17 * 1024 * 1024)
    entity = OFD_XML.replace("<ofd:OFD", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><ofd:OFD').encode()
    cases = [
        (b"PK\x03\x04 not a zip", "cannot be read"),
        (zipped(whole)[:-30], "cannot be read"),
        (zipped(DOCUMENT), "OFD.xml is missing"),
        (zipped(unsigned), "not signed"),
        (zipped({**whole, "OFD.xml": b"<a"}), "no XML"),
        (zipped({**whole, "OFD.xml": bomb}), "too large"),
        (zipped({**whole, "OFD.xml": entity}), "document type"),
        (zipped({**whole, "OFD.xml": OFD_XML.replace("/Doc_0/Signs", "../../etc").encode()}), "outside of it"),
        (zipped({**whole, "../x": b""}), "outside of it"),
        (zipped({name: data for name, data in whole.items() if not name.endswith("Signatures.xml")}), "lacks"),
    ]
    for data, said in cases:
        with pytest.raises(InputError, match=said):
            ofd.check(data, datetime.now(UTC), Trust())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(signed: Ofd) -> None:
    stream = io.BytesIO(zipped(signed.parts()))
    with zipfile.ZipFile(stream, "a") as made:
        made.writestr("Doc_0/Pages/Page_0/Content.xml", b"<page>90,000</page>")
    with pytest.raises(InputError, match="two files of one name"):
        ofd.check(stream.getvalue(), AT, Trust())
