"""The issuance desk: from the order to the hand-over, and what becomes of a certificate later."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from pipeline import counter, operations, orders, viewing
from pipeline.accounts import Login
from pipeline.counterdesk import CounterDesk
from pipeline.issue import Choices
from pipeline.orders import Method
from pipeline.users import Role
from web.access import Issuer, IssuerActs, acts, looks
from web.pages import render
from yinjian.approval import Subject

routes = APIRouter(prefix="/counter", include_in_schema=False)
Case = Annotated[str, Path(max_length=40, pattern=r"^[A-Z0-9]+$")]
Serial = Annotated[str, Path(max_length=40, pattern=r"^[0-9A-F]+$")]
Text = Annotated[str, Form(max_length=500)]
Staff = Annotated[Login, Depends(looks(Role.ISSUER, Role.ADMINISTRATOR))]
StaffActs = Annotated[Login, Depends(acts(Role.ISSUER, Role.ADMINISTRATOR))]


@routes.get("")
def overview(request: Request, login: Staff) -> Response:
    """What is to be made, handed over, confirmed by a second person."""
    desk = _desk(request)
    with desk.store.writing() as session:
        jobs = tuple(counter.jobs(desk.store, session, login.name))
        held = tuple(counter.to_hand_over(desk.store, session))
        asked = operations.waiting(session)
        viewing.note_list(session, login.name, "orders", len(jobs) + len(held))
    return render(request, "counter.html", jobs=jobs, held=held, asked=asked, known=desk.known)


@routes.get("/ending")
def ending(request: Request, login: Staff) -> Response:
    """Certificates that end soon."""
    desk = _desk(request)
    with desk.store.writing() as session:
        found = tuple(counter.ending(desk.store, session))
        viewing.note_list(session, login.name, "ending", len(found))
    return render(request, "certificates.html", found=found, title="即将到期", query="", known=desk.known)


@routes.get("/search")
def search(request: Request, login: Staff, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Certificates by name, credit code, serial number, application, tracking number."""
    desk = _desk(request)
    found = desk.search(login.name, q) if q.strip() else ()
    return render(request, "certificates.html", found=found, title="查找", query=q, known=desk.known)


@routes.get("/order/{case}")
def order(request: Request, login: Staff, case: Case) -> Response:
    """One application: its order, and its certificates."""
    desk = _desk(request)
    return render(request, "order.html", order=desk.order(login.name, case), wrong="", known=desk.known)


@routes.get("/order/{case}/progress")
def progress(request: Request, login: Staff, case: Case) -> Response:
    """How far issuing is."""
    desk = _desk(request)
    shown = desk.order(login.name, case, noted=False)
    response = render(request, "progress.html", order=shown)
    if not shown.status.running and shown.issued:
        response.headers["HX-Refresh"] = "true"  # now with certificates, envelope and hand-over
    return response


@routes.post("/order/{case}/price")
def price(request: Request, login: StaffActs, case: Case, yuan: Annotated[int, Form(ge=0, le=100_000)]) -> Response:
    """A fee that no document states."""
    with _desk(request).store.writing() as session:
        orders.price(session, case, yuan, login.name)
    return _to(case)


@routes.post("/order/{case}/pay")
def pay(
    request: Request, login: StaffActs, case: Case, method: Annotated[Method, Form()], receipt: Text = ""
) -> Response:
    """That it was paid."""
    with _desk(request).store.writing() as session:
        orders.pay(session, case, method, login.name, receipt.strip())
    return _to(case)


@routes.post("/order/{case}/refund")
def refund(request: Request, login: StaffActs, case: Case, reason: Text = "", receipt: Text = "") -> Response:
    """What was paid, given back."""
    desk = _desk(request)
    with desk.store.writing() as session:
        orders.refund(desk.store, session, case, reason, receipt.strip(), login.name)
    return _to(case)


@routes.post("/order/{case}/issue")
def issue(request: Request, login: IssuerActs, case: Case, refers: Text = "", seal: Text = "") -> Response:
    """Begin, or go on where it was interrupted."""
    along = {"yes": True, "no": False}.get(seal)
    _desk(request).issue(case, login.name, Choices(refers.strip() or None, along))
    return _to(case)


@routes.post("/order/{case}/post")
def post(request: Request, login: IssuerActs, case: Case, carrier: Text = "", tracking: Text = "") -> Response:
    """That the token was sent to its holder."""
    desk = _desk(request)
    with desk.store.writing() as session:
        counter.post(desk.store, session, case, carrier, tracking, login.name)
    return _to(case)


@routes.get("/certificate/{serial}/seal.png", response_class=Response)
def seal(request: Request, login: Issuer, serial: Serial) -> Response:
    """The electronic seal's picture."""
    return Response(_desk(request).seal(login.name, serial), media_type="image/png")


@routes.post("/certificate/{serial}/envelope", response_class=Response)
def envelope(request: Request, login: IssuerActs, serial: Serial) -> Response:
    """The envelope with the PIN, for the printer; kept nowhere."""
    return Response(_desk(request).envelope(login.name, serial), media_type="application/pdf")


@routes.post("/certificate/{serial}/accept")
def accept(request: Request, login: IssuerActs, serial: Serial, checked: Text = "", pin: Text = "") -> Response:
    """Hand over: the holder has checked the details and accepts."""
    return _to(_desk(request).accept(login.name, serial, checked == "yes", pin))


@routes.post("/certificate/{serial}/begin")
def begin(
    request: Request,
    login: IssuerActs,
    serial: Serial,
    business: Text,
    files: Annotated[list[UploadFile], File(max_length=100)],
    unit_name: Text = "",
    uscc: Text = "",
    person_name: Text = "",
    id_number: Text = "",
) -> Response:
    """Take in the papers of a service for this certificate; they go to review like any others."""
    whom = Subject(unit_name.strip(), uscc.strip(), person_name.strip(), id_number.strip())
    scans = [(file.filename or "scan", file.file.read()) for file in files]
    receipt = _desk(request).begin(login.name, serial, business, whom, scans)
    return render(request, "begun.html", receipt=receipt)


@routes.post("/certificate/{serial}/revoke")
def revoke(request: Request, login: StaffActs, serial: Serial, reason: Text = "", note: Text = "") -> Response:
    """Ask for a revocation, which a second person confirms."""
    desk = _desk(request)
    with desk.store.writing() as session:
        operations.ask_to_revoke(desk.store, session, serial, reason, note, login.name)
    return RedirectResponse("/counter", 303)


@routes.post("/operation/{case}/confirm")
def confirm(request: Request, login: StaffActs, case: Case) -> Response:
    """The second person's word; it is done then."""
    _desk(request).confirm(login.name, case)
    return RedirectResponse("/counter", 303)


def _desk(request: Request) -> CounterDesk:
    found: CounterDesk = request.app.state.counter
    return found


def _to(case: str) -> Response:
    return RedirectResponse(f"/counter/order/{case}", 303)
