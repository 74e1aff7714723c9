"""Sealed PDFs: what others accept, what they look like, what becomes of them when certificates end or are revoked."""

from __future__ import annotations

import asyncio
import io
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pymupdf
import pypdfium2
import pytest
from asn1crypto import x509
from PIL import Image, ImageDraw
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from issuance import authority, delegated, timestamps
from issuance.authority import Authority
from issuance.authority_plan import Names
from issuance.crl import Reason, Revoked
from issuance.delegated import OCSP, TIME_STAMPS
from issuance.ocsp import open_responder
from issuance.pdf import sealing
from issuance.pdf.checking import SignedPdf, check
from issuance.pdf.drawing import LAST, Drawn, Place, strips
from issuance.pdf.sealing import Evidence, Holder, LocalTimeStamper, Stamping, Where
from issuance.reservation import Reservation, reserve
from issuance.softhsm import SoftTokens
from issuance.steps import is_valid
from issuance.tokens import KeyKind, Pins
from issuance.trust import Trust
from tests.issuance.builder import CA_PINS, NOW, PINS, an_approval
from yinjian.approval import Usage
from yinjian.errors import InputError, Refused, TokenError

AT = NOW + timedelta(days=5)
MM = 72 / 25.4
RED = (200, 20, 30)


def ring(side: int = 945) -> Image.Image:
    """A seal of 40 mm at 600 dpi whose ring touches its edges: its size can be measured."""
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    drawn = ImageDraw.Draw(picture)
    drawn.ellipse((0, 0, side - 1, side - 1), outline=(*RED, 255), width=28)
    drawn.text((side * 0.4, side * 0.1), "N", fill=(*RED, 255), font_size=200)  # which way is up
    return picture


DRAWN = Drawn(ring(), 40, 40)


@dataclass(frozen=True)
class Office:
    """A holder with a token, and who answers and stamps for the CA."""

    ca: Authority
    home: Path
    holder: Holder
    reservation: Reservation

    def evidence(self, at: datetime, revoked: Revoked | None = None) -> Evidence:
        begin = at.replace(microsecond=0)
        entries = [revoked] if revoked else []
        listed = self.ca.revocation_list(7, begin - timedelta(hours=1), begin + timedelta(hours=47), entries)
        with open_responder(self.home, CA_PINS.pin) as responder:
            asked = responder.about(self.reservation.serial, "sha1")
            answer = responder.answer(asked, revoked, begin, begin + timedelta(hours=12))
        return Evidence(at, (listed,), (answer,))

    def seal(self, pdf: bytes, where: Where, at: datetime = AT, evidence: Evidence | None = None) -> bytes:
        with timestamps.open_authority(self.home, CA_PINS.pin) as stamps:
            stamper = LocalTimeStamper(stamps, lambda: at)
            return sealing.seal(pdf, DRAWN, where, self.holder, evidence or self.evidence(at), Stamping(stamper))

    def check(self, pdf: bytes, at: datetime, lists: tuple[bytes, ...] = ()) -> SignedPdf:
        (found,) = check(pdf, at, Trust(self.ca.chain, lists=lists))
        return found


@pytest.fixture(scope="module")
def office(ca_home: Path, ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    for task in (OCSP, TIME_STAMPS):
        if delegated.ends(ca_home, task) is None:
            delegated.make(ca_home, task, ca, CA_PINS, NOW)
    approval = an_approval()
    reservation = replace(reserve(approval, Usage.BOTH, NOW), not_after=AT + timedelta(days=30))
    device, token = SoftTokens(tmp_path_factory.mktemp("holder")).prepare("YJ-holder", PINS.so_pin, PINS.pin)
    with device:
        name = reservation.key_label, reservation.key_id
        key = device.make_key(token, PINS.pin, *name, KeyKind.RSA_2048)
        certificate = ca.issue(approval, reservation, key)
        sign = lambda data: device.sign(token, PINS.pin, *name, data)  # noqa: E731
        holder = Holder(certificate, ca.chain, sign)
        yield Office(ca, ca_home, holder, reservation)


def document(pages: int = 1, turned: int = 0, size: tuple[int, int] = (595, 842)) -> bytes:
    made = pymupdf.open()
    for number in range(pages):
        page = made.new_page(width=size[0], height=size[1])
        page.insert_textbox((40, 40, size[0] - 40, size[1] - 40), f"contract {number} 0123456789 " * 200, fontsize=11)
        page.set_rotation(turned)
    return bytes(made.tobytes())


@pytest.fixture(scope="module")
def sealed(office: Office) -> bytes:
    return office.seal(document(2), Where(Place(1, 120, 200)))


def test_each_step_holds_and_pyhanko_agrees(office: Office, sealed: bytes) -> None:
    found = office.check(sealed, AT + timedelta(hours=1))
    assert [(step.name, step.holds) for step in found.steps] == [
        ("signature", True),
        ("document", True),
        ("time stamp", True),
        ("certificate", True),
    ]
    assert found.at == AT.replace(microsecond=0)
    one = PdfFileReader(io.BytesIO(sealed)).embedded_regular_signatures[0]
    root = x509.Certificate.load(office.ca.chain[1])
    context = ValidationContext(trust_roots=[root], moment=AT + timedelta(minutes=1), allow_fetching=False)
    status = asyncio.run(async_validate_pdf_signature(one, context))
    assert status.bottom_line, status.pretty_print_details()
    assert status.timestamp_validity is not None and status.timestamp_validity.trusted


def test_pdfsig_accepts_it(sealed: bytes, office: Office, tmp_path: Path) -> None:
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    done = subprocess.run(("pdfsig", "-nocert", tmp_path / "sealed.pdf"), capture_output=True, text=True)
    assert "Signature is Valid" in done.stdout
    assert "ETSI.CAdES.detached" in done.stdout


def test_it_is_pades_b_lt(sealed: bytes) -> None:
    """ETSI EN 319 142-1: signing certificate named, a time stamp, certificates and revocation in the file."""
    reader = PdfFileReader(io.BytesIO(sealed))
    one = reader.embedded_regular_signatures[0]
    signed = {attribute["type"].native for attribute in one.signer_info["signed_attrs"]}
    unsigned = {attribute["type"].native for attribute in one.signer_info["unsigned_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= signed
    assert "signing_time" not in signed  # the time is the stamp's
    assert "signature_time_stamp_token" in unsigned
    store = reader.root["/DSS"]
    assert len(store["/Certs"]) >= 3 and len(store["/OCSPs"]) >= 1 and len(store["/CRLs"]) >= 1


def test_it_holds_after_the_certificate_ended(office: Office, sealed: bytes) -> None:
    for later in (timedelta(days=31), timedelta(days=700), timedelta(days=3000)):
        assert is_valid(office.check(sealed, AT + later).steps)


def test_a_revocation_before_the_seal_is_found_and_one_after_it_changes_nothing(office: Office) -> None:
    """Somebody seals with the evidence of before: only the newer list knows."""
    when = AT + timedelta(days=2)
    revoked = Revoked(office.reservation.serial, when, Reason.KEY_COMPROMISE)
    newer = office.evidence(AT + timedelta(days=10), revoked).lists
    before = office.seal(document(), Where(Place(1, 100, 100)), when - timedelta(days=1))
    assert is_valid(office.check(before, AT + timedelta(days=11), newer).steps)
    stale = office.evidence(when - timedelta(hours=1))
    after = office.seal(document(), Where(Place(1, 100, 100)), when + timedelta(hours=5), stale)
    found = office.check(after, AT + timedelta(days=11), newer)
    assert not is_valid(found.steps)
    assert "revoked" in next(step.said for step in found.steps if step.name == "newest list")


def test_a_revoked_certificate_does_not_seal(office: Office) -> None:
    revoked = Revoked(office.reservation.serial, AT - timedelta(days=1), Reason.SUPERSEDED)
    with pytest.raises(Refused, match="may not seal"):
        office.seal(document(), Where(Place(1, 100, 100)), AT, office.evidence(AT, revoked))
    held = Revoked(office.reservation.serial, AT - timedelta(days=1), Reason.CERTIFICATE_HOLD)
    with pytest.raises(Refused, match="may not seal"):
        office.seal(document(), Where(Place(1, 100, 100)), AT, office.evidence(AT, held))


def test_a_certificate_that_ended_does_not_seal(office: Office) -> None:
    with pytest.raises(Refused, match="may not seal"):
        office.seal(document(), Where(Place(1, 100, 100)), AT + timedelta(days=31))


def test_every_change_is_found(office: Office, sealed: bytes) -> None:
    text = sealed.index(b"stream")
    for place in (text + 40, sealed.index(b"/Contents <") + 400, 20, sealed.index(b"/Rect") + 8):
        changed = bytearray(sealed)
        changed[place] ^= 1
        try:
            found = office.check(bytes(changed), AT + timedelta(hours=1))
        except InputError:
            continue
        assert not is_valid(found.steps), place


def test_what_is_drawn_over_it_later_is_found(office: Office, sealed: bytes) -> None:
    made = pymupdf.open(stream=sealed)
    made[0].insert_text((100, 100), "forged")
    changed = made.tobytes() if not made.can_save_incrementally() else _added(sealed)
    assert not is_valid(office.check(changed, AT + timedelta(hours=1)).steps)


def _added(pdf: bytes) -> bytes:
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        made = pymupdf.open(file.name)
        made[0].insert_text((100, 100), "forged")
        made.saveIncr()
        return Path(file.name).read_bytes()


def fields(pdf: bytes, add: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """The PDF with something added by somebody without a key."""
    writer, out = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False), io.BytesIO()
    add(writer)
    writer.write(out)
    return out.getvalue()


def laid_over(writer: IncrementalPdfFileWriter) -> None:
    append_signature_field(writer, SigFieldSpec("Extra", on_page=0, box=(0, 0, 595, 842)))


def filled_in(writer: IncrementalPdfFileWriter) -> None:
    for reference in writer.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if field["/FT"] == "/Tx":
            field[generic.pdf_name("/V")] = generic.pdf_string("90000")
            writer.mark_update(reference)


def test_a_field_that_is_laid_over_it_later_is_found(office: Office, sealed: bytes) -> None:
    found = office.check(fields(sealed, laid_over), AT + timedelta(hours=1))
    assert [step.name for step in found.steps if not step.holds] == ["document"]
    before = fields(document(), laid_over)  # one that was there is what was sealed
    assert is_valid(office.check(office.seal(before, Where(Place(1, 60, 60))), AT + timedelta(hours=1)).steps)


def test_a_form_that_is_filled_in_later_is_found(office: Office) -> None:
    made = pymupdf.open(stream=document())
    widget = pymupdf.Widget()
    widget.field_name, widget.field_type = "sum", pymupdf.PDF_WIDGET_TYPE_TEXT
    widget.rect = pymupdf.Rect(300, 300, 400, 320)
    widget.field_value = "10"
    made[0].add_widget(widget)
    sealed = office.seal(made.tobytes(), Where(Place(1, 60, 60)))
    assert is_valid(office.check(sealed, AT + timedelta(hours=1)).steps)
    found = office.check(fields(sealed, filled_in), AT + timedelta(hours=1))
    assert [step.name for step in found.steps if not step.holds] == ["document"]


def test_what_follows_the_end_is_found(office: Office, sealed: bytes) -> None:
    assert not is_valid(office.check(sealed + b"\n%hello\n", AT + timedelta(hours=1)).steps)
    assert is_valid(office.check(sealed + b"\r\n", AT + timedelta(hours=1)).steps)


def test_a_second_seal_leaves_the_first_as_it_was(office: Office, sealed: bytes) -> None:
    with pytest.raises(InputError, match="signed already"):
        office.seal(sealed, Where(Place(2, 60, 60)), AT + timedelta(hours=2))
    both = office.seal(sealed, Where(Place(2, 60, 60), beside=True), AT + timedelta(hours=2))
    assert both.startswith(sealed)
    found = check(both, AT + timedelta(hours=3), Trust(office.ca.chain))
    assert [one.field for one in found] == ["Seal1", "Seal2"]
    assert all(is_valid(one.steps) for one in found)
    with pytest.raises(InputError, match="signed already"):
        office.seal(sealed, Where(Place(1, 60, 60), across=True), AT + timedelta(hours=2))


def test_a_stamp_of_an_unknown_authority_proves_nothing(office: Office, sealed: bytes) -> None:
    (found,) = check(sealed, AT, Trust())
    steps = {step.name: step for step in found.steps}
    assert steps["signature"].holds and steps["document"].holds
    assert not steps["time stamp"].holds and "no root that is known" in steps["time stamp"].said
    assert not steps["certificate"].holds


def test_another_cas_authority_stamps_and_signs_nothing(office: Office, tmp_path: Path) -> None:
    """Its root is known for time stamps: that proves nothing of who signs."""
    names = Names("另一机构", "另一根", "另一签发")
    with authority.create(tmp_path / "ca", names, "11111111", "22222222", NOW) as other:
        delegated.make(tmp_path / "ca", TIME_STAMPS, other, Pins("11111111", "22222222"), NOW)
        with timestamps.open_authority(tmp_path / "ca", "22222222") as stamps:
            by = Stamping(LocalTimeStamper(stamps, lambda: AT), other.chain)
            made = sealing.seal(document(), DRAWN, Where(Place(1, 60, 60)), office.holder, office.evidence(AT), by)
            with pytest.raises(Refused, match="authority's certificate does not hold"):
                sealing.seal(
                    document(), DRAWN, Where(Place(1, 60, 60)), office.holder, office.evidence(AT), Stamping(by.stamper)
                )
    own = Trust(office.ca.chain)
    (unknown,) = check(made, AT + timedelta(days=50), own)
    assert not is_valid(unknown.steps)
    (found,) = check(made, AT + timedelta(days=50), replace(own, stampers=other.chain))
    assert is_valid(found.steps)
    (turned,) = check(made, AT, Trust(stampers=office.ca.chain + other.chain))
    assert [step.name for step in turned.steps if not step.holds] == ["certificate"]


# ---- what it looks like


def shot(pdf: bytes, page: int, dpi: int = 300) -> np.ndarray:
    made = pymupdf.open(stream=pdf)[page].get_pixmap(dpi=dpi, annots=True)
    return np.frombuffer(made.samples, np.uint8).reshape(made.height, made.width, -1)[:, :, :3].astype(int)


def reddish(picture: np.ndarray) -> np.ndarray:
    return (picture[:, :, 0] - picture[:, :, 1] > 90) & (picture[:, :, 0] > 150)


def extent(mask: np.ndarray, dpi: int) -> tuple[float, float, float, float]:
    """Left, top, width, height in mm."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    mm = 25.4 / dpi
    return columns[0] * mm, rows[0] * mm, (np.ptp(columns) + 1) * mm, (np.ptp(rows) + 1) * mm


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_drawn_seal_measures_its_millimetres_where_it_was_put_upright(turned: int, office: Office) -> None:
    made = office.seal(document(1, turned), Where(Place(1, 120, 110)))
    mask = reddish(shot(made, 0, 600))
    left, top, width, height = extent(mask, 600)
    assert abs(width - 40) < 0.2 and abs(height - 40) < 0.2
    assert abs(left + width / 2 - 120) < 0.2 and abs(top + height / 2 - 110) < 0.2
    # the N is in the upper half
    middle, dots = int(110 / 25.4 * 600), int(14 / 25.4 * 600)
    centre = int(120 / 25.4 * 600)
    inner = mask[:, centre - dots : centre + dots]
    assert inner[middle - dots : middle].sum() > 5 * inner[middle : middle + dots].sum()


def poppler(pdf: bytes, folder: Path) -> Image.Image:
    (folder / "a.pdf").write_bytes(pdf)
    subprocess.run(("pdftoppm", "-r", "300", "-png", folder / "a.pdf", folder / "page"), check=True)
    return Image.open(next(folder.glob("page*.png")))


def pdfium(pdf: bytes, folder: Path) -> Image.Image:
    """What Chromium draws with."""
    made = pypdfium2.PdfDocument(pdf)
    made.init_forms()
    return made[0].render(scale=300 / 72, may_draw_forms=True).to_pil()


@pytest.mark.parametrize("draw", [poppler, pdfium])
def test_others_draw_it_as_large_and_leave_the_print_dark(
    draw: Callable[[bytes, Path], Image.Image], office: Office, tmp_path: Path
) -> None:
    plain = document()
    before = np.asarray(draw(plain, tmp_path).convert("RGB")).astype(int)
    picture = np.asarray(draw(office.seal(plain, Where(Place(1, 120, 110))), tmp_path).convert("RGB")).astype(int)
    left, top, width, height = extent(reddish(picture), 300)
    assert abs(width - 40) < 0.2 and abs(height - 40) < 0.2
    assert abs(left + width / 2 - 120) < 0.2 and abs(top + height / 2 - 110) < 0.2
    beneath = (before.max(axis=2) < 40) & (before != picture).any(axis=2)
    assert picture[before.max(axis=2) < 40].max() < 80, beneath.sum()


def test_the_print_beneath_stays_as_dark_as_it_was(office: Office) -> None:
    plain = document()
    before, after = shot(plain, 0), shot(office.seal(plain, Where(Place(1, 60, 60))), 0)
    black = before.max(axis=2) < 60
    covered = black & reddish(np.where(black[:, :, None], 255, after))  # anywhere
    ink = reddish(after) | (before != after).any(axis=2)
    beneath = black & ink
    assert beneath.sum() > 100
    assert after[beneath].max() < 80
    assert not covered.all()


def test_a_crop_box_and_a_user_unit_are_respected(office: Office) -> None:
    made = pymupdf.open(stream=document())
    made[0].set_cropbox(pymupdf.Rect(50, 60, 500, 700))
    sealed = office.seal(made.tobytes(), Where(Place(1, 60, 70)))
    left, top, width, height = extent(reddish(shot(sealed, 0)), 300)
    assert abs(width - 40) < 0.2 and abs(left + width / 2 - 60) < 0.2 and abs(top + height / 2 - 70) < 0.2
    made.xref_set_key(made[0].xref, "UserUnit", "2")
    sealed = office.seal(made.tobytes(), Where(Place(1, 60, 70)))
    box = pymupdf.open(stream=sealed)
    widget = next(box[0].widgets())
    assert abs(widget.rect.width / MM - 40) < 0.2  # in points, as it is seen
    left, top, width, height = extent(reddish(shot(sealed, 0)), 300)
    assert abs(width - 40) < 0.2 and abs(left + width / 2 - 60) < 0.2 and abs(top + height / 2 - 70) < 0.2


def test_blank_pages_and_shared_arrays_get_what_is_theirs(office: Office) -> None:
    blank = pymupdf.open()
    for _ in range(3):
        blank.new_page()
    made = office.seal(blank.tobytes(), Where(Place(1, 60, 60), across=True))
    assert all(reddish(shot(made, number, 100)).any() for number in range(3))
    twins = pymupdf.open(stream=document(2))
    for name in ("Contents", "Annots"):
        array = twins.get_new_xref()
        kept = twins.xref_get_key(twins[0].xref, "Contents")[1]
        twins.update_object(array, f"[{kept}]" if name == "Contents" else "[]")
        for page in twins:
            twins.xref_set_key(page.xref, name, f"{array} 0 R")
    made = office.seal(twins.tobytes(), Where(Place(1, 60, 60), across=True))
    assert [len(list(page.widgets())) for page in pymupdf.open(stream=made)] == [1, 0]
    dots = [reddish(shot(made, number, 100)).sum() for number in (0, 1)]
    assert dots[0] > 2 * dots[1] > 0  # the seal and its strip; a strip


def test_a_crop_box_beyond_the_page_is_cut_to_it(office: Office) -> None:
    made = pymupdf.open(stream=document())
    made.xref_set_key(made[0].xref, "CropBox", "[-500 -500 2000 2000]")
    left, top, width, height = extent(reddish(shot(office.seal(made.tobytes(), Where(Place(1, 60, 70))), 0)), 300)
    assert abs(left + width / 2 - 60) < 0.2 and abs(top + height / 2 - 70) < 0.2


@pytest.mark.parametrize("pages", [2, 5, 21, 45])
def test_a_seal_across_the_edges_is_whole_when_the_pages_are_fanned_out(pages: int, office: Office) -> None:
    made = office.seal(document(pages), Where(Place(1, 60, 60), across=True, across_mm=148))
    assert is_valid(office.check(made, AT + timedelta(hours=1)).steps)
    dpi, shown = 300, []
    for number, strip, count in strips(pages, 40):
        page = shot(made, number - 1, dpi)
        wide = round(40 / count / 25.4 * dpi)
        part = page[:, page.shape[1] - wide :]
        shown.append(reddish(part))
        assert reddish(part).any(), (number, strip)
        if strip == count - 1:
            _, top, width, height = extent(np.hstack(shown), dpi)
            # each page's edge falls within a dot
            assert abs(width - 40) < 0.2 + count * 25.4 / dpi and abs(height - 40) < 0.2
            assert abs(top + height / 2 - 148) < 0.2
            shown = []
    assert not shown


def test_pages_that_share_their_resources_get_their_strips(office: Office) -> None:
    """As WeasyPrint writes them: one dictionary for all pages."""
    import weasyprint

    text = "<p>" + "一二三四五六七八九十 " * 2000
    pdf = weasyprint.HTML(string=text).write_pdf()
    made = office.seal(pdf, Where(Place(1, 60, 60), across=True))
    pages = pymupdf.open(stream=made).page_count
    assert pages > 2 and all(reddish(shot(made, number, 100))[:, -12:].any() for number in range(pages))
    assert is_valid(office.check(made, AT + timedelta(hours=1)).steps)


def test_strips_share_the_pages_evenly() -> None:
    assert list(strips(3, 40)) == [(1, 0, 3), (2, 1, 3), (3, 2, 3)]
    assert [count for _, _, count in strips(21, 40)] == [10] * 10 + [11] * 11
    assert len({number for number, _, _ in strips(45, 38)}) == 45


# ---- what cannot be sealed


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(9, 60, 60), "no page 9"),
        (Place(0, 60, 60), "no page 0"),
        (Place(1, 10, 60), "not be on page 1 whole"),
        (Place(1, 60, 290), "not be on page 1 whole"),
        (Place(1, 200, 60), "not be on page 1 whole"),
    ],
)
def test_a_place_that_is_none_is_told(place: Place, said: str, office: Office) -> None:
    with pytest.raises(InputError, match=said):
        office.seal(document(), Where(place))


def test_the_last_page_may_be_named_so(office: Office) -> None:
    made = office.seal(document(3), Where(Place(LAST, 60, 60)))
    assert reddish(shot(made, 2)).any() and not reddish(shot(made, 0)).any()


def encrypted() -> bytes:
    made = pymupdf.open(stream=document())
    return bytes(made.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y"))


def tree_of_twins(levels: int) -> bytes:
    """Each node names the next one twice: a file of two thousand bytes with a hundred thousand pages."""
    nodes = [
        f"{n} 0 obj<</Type/Pages/Kids[{n + 1} 0 R {n + 1} 0 R]/Count {2 ** (levels - n + 2)}>>endobj"
        for n in range(2, levels + 2)
    ]
    last = f"{levels + 2} 0 obj<</Type/Page/MediaBox[0 0 595 842]>>endobj"
    body = "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" + "\n".join([*nodes, last])
    offsets = [body.index(f"{n} 0 obj") for n in range(1, levels + 3)]
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start = f"\nxref\n0 {levels + 3}\n0000000000 65535 f \n{table}trailer<</Root 1 0 R/Size {levels + 3}>>"
    return (body + start + f"\nstartxref\n{len(body) + 1}\n%%EOF").encode()


BAD = {
    "a tree of twins": (tree_of_twins(20), "page tree is none"),
    "empty": (b"", "is empty"),
    "another kind": (b"PK\x03\x04 a zip", "not a PDF"),
    "encrypted": (encrypted(), "is encrypted"),
    "a head alone": (b"%PDF-1.7\n", "is broken"),
    "cut short": (document()[:900], "is broken"),
    "garbage": (b"%PDF-1.7\n" + bytes(range(256)) * 20, "is broken"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_pdf_is_told_apart(name: str, office: Office) -> None:
    data, said = BAD[name]
    with pytest.raises(InputError, match=said):
        office.seal(data, Where(Place(1, 60, 60)))
    with pytest.raises(InputError, match=said):
        check(data, AT, Trust())


def test_an_unsigned_pdf_is_told() -> None:
    with pytest.raises(InputError, match="not signed"):
        check(document(), AT, Trust())


def test_a_time_stamp_authority_that_does_not_answer_is_told(office: Office) -> None:
    stamper = sealing.remote_time_stamper("http://127.0.0.1:9/tsa")
    with pytest.raises(TokenError, match="does not answer"):
        sealing.seal(document(), DRAWN, Where(Place(1, 60, 60)), office.holder, office.evidence(AT), Stamping(stamper))
