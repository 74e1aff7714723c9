"""`seal`: whether an electronic seal holds, and what it looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import settings, store

seal = typer.Typer(help="Electronic seals (GB/T 38540, GM/T 0031): check them, look at them.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A seal (seal.esl), or a signature made with one.")]


@seal.command("verify")
def verify(
    file: File,
    document: Annotated[Path | None, typer.Option(help="What a signature is to be on.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Only seals of this CA's maker are valid.")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Also ask this store: is it the seal that was made, and not revoked?")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check it step by step. Exits 0 when every step that decides holds, 9 when one does not."""
    from pipeline.cli.sealwork import verify_file

    opened = store() if here else None
    raise typer.Exit(verify_file(settings(), file, document, strict, as_json, opened))


@seal.command("show")
def show(
    file: File,
    image: Annotated[Path | None, typer.Option(metavar="OUT.png", help="Where to put its picture.")] = None,
) -> None:
    """What a seal says of itself, and its picture."""
    from pipeline.cli.sealwork import show_file

    show_file(file, image)


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.add_typer(seal, name="seal")
