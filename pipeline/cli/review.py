"""`correct`, `mark`, `settle`, `return`, `quality`: what reviewers do; how good the program is."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import Actor, Case, settings, store
from yinjian.errors import InputError

Reason = Annotated[str, typer.Option(help="Why; it is kept.")]
Seen = Annotated[str, typer.Option(metavar="READING", help="Refuse when this reading is no longer the latest.")]
Page = Annotated[int | None, typer.Option(min=1, help="The page, from 1, as `yinjian show` counts.")]
Frame = Annotated[str | None, typer.Option(metavar="X0,Y0,X1,Y1", help="Fractions of the upright page.")]


class MarkAct(StrEnum):
    """What is done to a mark."""

    CONFIRM = "confirm"
    RECUT = "recut"
    TEXT = "text"


def correct(
    case: Case,
    subject: Annotated[str, typer.Argument(metavar="FIELD", help="As agent_phone, agent.id_name or business.新办.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What stands there; of a box: ticked, clear, unclear.")],
    actor: Actor,
    reason: Reason = "",
    page: Page = None,
    box: Frame = None,
    seen: Seen = "",
) -> None:
    """Correct a value or a box as you read it. It is judged again at once; what is left is printed."""
    from pipeline.cli.reviewing import correct_case
    from pipeline.review.revise import Act

    correct_case(store(), case, subject, text, Act("", actor, reason, seen), page, box)


def mark(
    case: Case,
    name: Annotated[str, typer.Argument(metavar="MARK", help="As seal_collection; of a copy: material_seal@PAGE.")],
    act: Annotated[MarkAct, typer.Argument(help="confirm: fine as it was cut; recut: from --box; text: of a seal.")],
    actor: Actor,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="With text: what stands round the seal.")] = None,
    page: Page = None,
    box: Frame = None,
    reason: Reason = "",
    seen: Seen = "",
) -> None:
    """Confirm a seal or signature, cut it anew, or say what a seal says. What is left is printed."""
    from pipeline.cli import reviewing
    from pipeline.review.revise import Act

    said = Act("", actor, reason, seen)
    if act is MarkAct.RECUT:
        if page is None or box is None:
            raise InputError("Where is it?", "Give --page N --box X0,Y0,X1,Y1.")
        reviewing.recut_case(store(), settings(), case, name, page, box, said)
    elif act is MarkAct.TEXT:
        reviewing.text_of_mark(store(), case, name, text or "", said)
    else:
        reviewing.confirm_mark(store(), case, name, said)


def settle(
    case: Case,
    code: Annotated[str, typer.Argument(metavar="CODE", help="As seal.clipped.")],
    where: Annotated[str, typer.Argument(metavar="WHERE", help="What the finding names, as seal_collection.")],
    actor: Actor,
    reason: Reason = "",
    seen: Seen = "",
) -> None:
    """Settle a finding with a reason. What blocks is settled when a second reviewer does the same."""
    from pipeline.cli.reviewing import settle_case
    from pipeline.review.revise import Act

    typer.echo(settle_case(store(), case, code, where, Act("", actor, reason, seen)))


def send_back(
    case: Case,
    actor: Actor,
    text: Annotated[Path | None, typer.Option(metavar="FILE", help="The letter in place of the composed one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the letter and do nothing.")] = False,
    seen: Seen = "",
) -> None:
    """Return an application with a letter that says what is wrong and what to do. The letter is printed and kept."""
    from pipeline.cli.reviewing import return_case
    from pipeline.review.revise import Act

    typer.echo(return_case(store(), case, Act("", actor, "", seen), text, dry_run), nl=False)


def quality() -> None:
    """How often people found fault with what had passed: n, errors, 95 % Wilson interval."""
    from pipeline.cli.reviewing import show_quality

    show_quality(store())


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    for command in (correct, mark, settle, quality):
        app.command()(command)
    app.command("return")(send_back)
