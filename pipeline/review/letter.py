"""What an applicant is told when an application goes back: each thing that is wrong once, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from pipeline import quality
from pipeline.approvals import Word, rule, verdict_of
from pipeline.review.standing import holding_back, standings
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application
from pipeline.store.verdicts import subject_of
from pipeline.users import Role, require_role
from validators.titles import title
from yinjian.approval import Ruling
from yinjian.catalogue import Catalogue
from yinjian.errors import InputError
from yinjian.findings import Finding

MAX_LETTER = 20_000  # symbols
GREETING, ITEM, NOBODY = "尊敬的{name}：", "{number}. {wrong}。{remedy}。", "申请人"
OPENING = "您好！您提交的数字证书申请已经审核，以下各项需要补充或更正："
CLOSING = "请按以上说明更正。只需重新提交有问题的页，其他页不必再交；我们收到后会尽快审核。给您带来不便，敬请谅解。"


def compose(findings: Iterable[Finding], name: str, known: Catalogue) -> str:
    """The letter on findings, to `name`; `""` when none of them is for the applicant."""
    told = [(known.remedy(found.code), title(found.where)) for found in findings]
    lines = dict.fromkeys(
        (remedy.wrong.format(where=where), remedy.remedy.format(where=where)) for remedy, where in told if remedy.wrong
    )
    if not lines:
        return ""
    items = (ITEM.format(number=n, wrong=wrong, remedy=todo) for n, (wrong, todo) in enumerate(lines, 1))
    return "\n".join((GREETING.format(name=name or NOBODY), OPENING, *items, CLOSING)) + "\n"


def draft(store: Store, session: Session, application: Application, actor: str, known: Catalogue) -> str:
    """The letter on all that is not settled. InputError when there is nothing that an applicant can mend."""
    require_role(session, actor, Role.REVIEWER)
    if quality.is_blind(session, newest_submission(session, application.id).id):
        raise InputError("A quality sample is judged without the program's help.", "Write the letter: --text FILE")
    verdict = verdict_of(session, application)
    text = ""
    if verdict is not None:
        subject = subject_of(store, verdict)
        left = holding_back(standings(store, session, verdict))
        text = compose((s.finding for s in left), subject.unit_name or subject.person_name, known)
    if not text:
        raise InputError("Nothing was found that the applicant could mend.", "Write the letter: --text FILE")
    return text


def send_back(
    store: Store, session: Session, application: Application, actor: str, letter: str, known: Catalogue, seen: str = ""
) -> str:
    """Return an application with a letter (`""`: the one composed of its findings), which is kept; what it says."""
    if len(letter) > MAX_LETTER:
        raise InputError("This letter is too long.", f"Write at most {MAX_LETTER} characters.")
    text = letter.strip() or draft(store, session, application, actor, known)
    rule(store, session, application, Word(Ruling.RETURN, actor, "see its letter", text, seen), known)
    return text
