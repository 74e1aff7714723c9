"""The review desk: the queue, one case, and what is done with it. Each act is a function of `pipeline`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse, RedirectResponse

from pipeline import viewing, waiting, work
from pipeline.approvals import Word, rule
from pipeline.clock import now
from pipeline.desk import Desk
from pipeline.review import holding
from pipeline.review.caseview import CaseView
from pipeline.review.revise import Act
from pipeline.states import WAITS
from pipeline.users import Role
from pipeline.waiting import Order, Rank, Wanted
from web.access import Reviewer, ReviewerActs, SeesCases
from web.pages import render
from yinjian.approval import Ruling
from yinjian.errors import InputError
from yinjian.geometry import Box

routes = APIRouter(prefix="/review", include_in_schema=False)
Case = Annotated[str, Path(max_length=40, pattern=r"^[A-Z0-9]+$")]
Text = Annotated[str, Form(max_length=2000)]
Letter = Annotated[str, Form(max_length=20_000)]
Short = Annotated[str, Query(max_length=60)]
Seen = Annotated[str, Form(max_length=40)]
Fraction = Annotated[float, Form(ge=0, le=1)]


def wanted(
    platform: Short = "",
    certificate: Short = "",
    finding: Short = "",
    holder: Short = "",
    rank: Annotated[str, Query(pattern="^[012]?$")] = "",
    over: Annotated[int | None, Query(ge=0, le=100_000)] = None,
    under: Annotated[int | None, Query(ge=0, le=100_000)] = None,
    order: Order = Order.AGE,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Wanted:
    """The part of the queue that an address names."""
    return Wanted(platform, certificate, finding, holder, Rank(int(rank)) if rank else None, over, under, order, page)


Part = Annotated[Wanted, Depends(wanted)]


@routes.get("")
def queue(request: Request, login: Reviewer, part: Part) -> Response:
    """What waits."""
    desk = _desk(request)
    with desk.store.reading() as session:
        found = waiting.queue(desk.store, session, part)
    late = now() - timedelta(hours=desk.settings.review_hours)
    template = "queue_list.html" if request.headers.get("HX-Target") == "list" else "queue.html"
    counted, rank = desk.counts(), "" if part.rank is None else int(part.rank)
    return render(
        request,
        template,
        queue=found,
        counts=counted,
        wanted=part,
        rank=rank,
        late=late,
        target=desk.settings.review_hours,
        known=desk.known,
    )


@routes.get("/next")
def following(request: Request, login: Reviewer, part: Part, after: Short = "") -> Response:
    """The next case that is free."""
    desk = _desk(request)
    with desk.store.writing() as session:
        if after:
            holding.close(session, after, login.name)
        found = waiting.following(session, login.name, part, after)
    return RedirectResponse(f"/review/{found}" if found else "/review", 303)


@routes.get("/{case}")
def look(request: Request, login: SeesCases, case: Case) -> Response:
    """One case, opened for this reviewer where nobody else has it open; an auditor only looks."""
    desk = _desk(request)
    with desk.store.writing() as session:
        application = viewing.require_view(session, login.name, case)
        opens = application.state in WAITS and Role.REVIEWER in login.roles
        holder = holding.open_case(session, case, login.name) if opens else holding.holder(session, case)
        viewing.note(session, login.name, "case", case)
    return _case(request, desk, case, login.name, holder, "case.html")


@routes.get("/{case}/panel")
def panel(request: Request, login: SeesCases, case: Case) -> Response:
    """What is found and read, as it stands now."""
    desk = _desk(request)
    with desk.store.reading() as session:
        viewing.require_view(session, login.name, case)
        holder = holding.holder(session, case)
    return _case(request, desk, case, login.name, holder, "panel.html")


@routes.post("/{case}/take")
def take(request: Request, login: ReviewerActs, case: Case) -> Response:
    """Take a case over from who has it open."""
    with _desk(request).store.writing() as session:
        if viewing.require_view(session, login.name, case).state in WAITS:
            holding.open_case(session, case, login.name, take_over=True)
    return _go(request, f"/review/{case}")


@routes.post("/{case}/keep")
def keep(request: Request, login: ReviewerActs, case: Case) -> Response:
    """A heartbeat; who has the case open now."""
    with _desk(request).store.writing() as session:
        return JSONResponse({"holder": holding.keep(session, case, login.name)})


@routes.post("/{case}/close")
def close(request: Request, login: ReviewerActs, case: Case) -> Response:
    """Let the case go."""
    with _desk(request).store.writing() as session:
        holding.close(session, case, login.name)
    return _go(request, "/review")


@routes.post("/{case}/correct")
def correct(
    request: Request, login: ReviewerActs, case: Case, subject: Text, value: Text = "", seen: Seen = ""
) -> Response:
    """A value or a box as the reviewer reads it; judged again."""
    return _acted(request, case, login.name, lambda desk: desk.correct(_act(login.name, case, seen), subject, value))


@routes.post("/{case}/confirm")
def confirm(request: Request, login: ReviewerActs, case: Case, mark: Text, seen: Seen = "") -> Response:
    """A mark that the reviewer sees to be fine."""
    return _acted(request, case, login.name, lambda desk: desk.confirm(_act(login.name, case, seen), mark))


@routes.post("/{case}/ring")
def ring(request: Request, login: ReviewerActs, case: Case, mark: Text, text: Text = "", seen: Seen = "") -> Response:
    """What stands round a seal."""
    return _acted(request, case, login.name, lambda desk: desk.ring(_act(login.name, case, seen), mark, text))


@routes.post("/{case}/recut")
def recut(
    request: Request,
    login: ReviewerActs,
    case: Case,
    mark: Text,
    page: Annotated[int, Form(ge=0, le=10_000)],
    x0: Fraction,
    y0: Fraction,
    x1: Fraction,
    y1: Fraction,
    seen: Seen = "",
) -> Response:
    """A mark cut anew from a frame that the reviewer drew."""
    if not (x0 < x1 and y0 < y1):
        raise InputError("This is no frame on a page.", "Draw it round the whole mark.")
    frame, act = Box(x0, y0, x1, y1), _act(login.name, case, seen)
    return _acted(request, case, login.name, lambda desk: desk.recut(act, mark, page, frame))


@routes.post("/{case}/settle")
def settle(
    request: Request,
    login: ReviewerActs,
    case: Case,
    code: Text,
    where: Text = "",
    reason: Text = "",
    seen: Seen = "",
) -> Response:
    """A finding that does not hold the application back, in this reviewer's judgement."""
    return _acted(
        request, case, login.name, lambda desk: desk.settle(_act(login.name, case, seen, reason), code, where)
    )


@routes.post("/{case}/undo")
def undo(request: Request, login: ReviewerActs, case: Case, seen: Seen = "") -> Response:
    """Take back what this reviewer did last."""
    return _acted(request, case, login.name, lambda desk: desk.undo(_act(login.name, case, seen)))


@routes.get("/{case}/letter")
def letter(request: Request, login: Reviewer, case: Case) -> Response:
    """The letter that is composed of what holds the application back, to be edited and sent."""
    desk = _desk(request)
    with desk.store.reading() as session:
        text = desk.draft(session, viewing.require_view(session, login.name, case), login.name)
    return render(request, "letter.html", case=desk.view(case, login.name), text=text)


@routes.post("/{case}/letter.pdf")
def printed(request: Request, login: ReviewerActs, case: Case, text: Letter = "") -> Response:
    """The letter as a page, with what it is about as pictures."""
    return Response(_desk(request).letter_page(case, login.name, text), media_type="application/pdf")


@routes.post("/{case}/approve")
def approve(request: Request, login: ReviewerActs, case: Case, reason: Text = "", seen: Seen = "") -> Response:
    """Leave to issue."""
    return _ruled(request, case, Word(Ruling.APPROVE, login.name, reason, seen=seen))


@routes.post("/{case}/reject")
def reject(request: Request, login: ReviewerActs, case: Case, reason: Text = "", seen: Seen = "") -> Response:
    """No, for good."""
    return _ruled(request, case, Word(Ruling.REJECT, login.name, reason, seen=seen))


@routes.post("/{case}/return")
def send_back(request: Request, login: ReviewerActs, case: Case, text: Letter = "", seen: Seen = "") -> Response:
    """Back to the applicant, with the letter."""
    desk = _desk(request)
    with desk.store.writing() as session:
        application = viewing.require_view(session, login.name, case)
        holding.require_held(session, case, login.name)
        desk.send_back(session, application, login.name, text, seen)
        holding.close(session, case, login.name)
    return _go(request, f"/review/next?after={case}")


@routes.post("/{case}/pages")
def replace_pages(
    request: Request,
    login: ReviewerActs,
    case: Case,
    page: Annotated[list[int], Form(max_length=100)],
    files: Annotated[list[UploadFile], File(max_length=100)],
) -> Response:
    """Pages of a returned application that its applicant brought anew; all others stay as they are."""
    desk = _desk(request)
    with desk.store.reading() as session:
        viewing.require_view(session, login.name, case)
    desk.replace_pages(login.name, case, page, [(file.filename or "scan", file.file.read()) for file in files])
    return RedirectResponse(f"/review/{case}", 303)


@routes.post("/{case}/retry")
def retry(request: Request, login: ReviewerActs, case: Case) -> Response:
    """Have the program try again what it failed on."""
    with _desk(request).store.writing() as session:
        application = viewing.require_view(session, login.name, case)
        work.retry(session, application, login.name)
        holding.close(session, case, login.name)
    return _go(request, "/review")


def _desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


def _act(actor: str, case: str, seen: str, reason: str = "") -> Act:
    return Act(case, actor, reason, seen)


def _acted(request: Request, case: str, actor: str, do: Callable[[Desk], object]) -> Response:
    """The panel after an act by who has the case open."""
    desk = _desk(request)
    with desk.store.reading() as session:
        viewing.require_view(session, actor, case)
        holding.require_held(session, case, actor)
    do(desk)
    return _case(request, desk, case, actor, actor, "panel.html")


def _ruled(request: Request, case: str, word: Word) -> Response:
    desk = _desk(request)
    with desk.store.writing() as session:
        application = viewing.require_view(session, word.actor, case)
        holding.require_held(session, case, word.actor)
        rule(desk.store, session, application, word, desk.known)
        holding.close(session, case, word.actor)
    return _go(request, f"/review/next?after={case}")


def _case(request: Request, desk: Desk, case: str, actor: str, holder: str, template: str) -> Response:
    seen: CaseView = desk.view(case, actor)
    mine = holder == actor and seen.state in WAITS
    return render(request, template, case=seen, holder=holder, mine=mine)


def _go(request: Request, address: str) -> Response:
    """On to another page, for a form and for htmx, which would swap the page into a part of this one."""
    if request.headers.get("HX-Request"):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)
