"""`seal`: whether an electronic seal holds, and what it looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import settings, store, store_at_hand

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
    from pipeline.cli.sealwork import verify_seal

    raise typer.Exit(verify_seal(settings(), file, document, strict, as_json, store() if here else None))


@seal.command("show")
def show(
    file: File,
    image: Annotated[Path | None, typer.Option(metavar="OUT.png", help="Where to put its picture.")] = None,
) -> None:
    """What a seal says of itself, and its picture."""
    from pipeline.cli.sealwork import show_file

    show_file(file, image)


@seal.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(metavar="SEAL", help="The electronic seal (seal.esl).")],
    pdf: Annotated[Path, typer.Argument(metavar="PDF", help="What is to be sealed.")],
    at: Annotated[str, typer.Option(metavar="PAGE,X,Y", help="The seal's middle: page, mm from left, mm from above.")],
    out: Annotated[Path | None, typer.Option(metavar="OUT.pdf", help="Default: beside the PDF, -sealed.")] = None,
    across: Annotated[bool, typer.Option("--across", help="Also across the edges of all pages (骑缝章).")] = False,
    across_at: Annotated[float | None, typer.Option(metavar="MM", help="How far below the upper edge.")] = None,
    beside: Annotated[bool, typer.Option("--beside", help="Also where the PDF is signed already.")] = False,
    pin_file: Annotated[Path | None, typer.Option(help="A file with the token's PIN; else it is asked for.")] = None,
) -> None:
    """Seal a PDF by the key on the holder's token: the seal drawn, signed, stamped with the time (PAdES-B-LT)."""
    from pipeline.cli.sealwork import apply_seal

    edge = across_at if across_at is not None else -1.0 if across else None
    files = file, pdf, out or pdf.with_name(f"{pdf.stem}-sealed.pdf")
    apply_seal(store(), settings(), files, at, edge, beside, pin_file)


@seal.command("put")
def put(
    file: Annotated[Path, typer.Argument(metavar="SEAL", help="The electronic seal (seal.esl).")],
    data: Annotated[Path, typer.Argument(metavar="FILE", help="What is to be signed.")],
    out: Annotated[Path | None, typer.Option(metavar="OUT", help="Default: beside the file, with .ses.")] = None,
    pin_file: Annotated[Path | None, typer.Option(help="A file with the token's PIN; else it is asked for.")] = None,
) -> None:
    """Sign any file with a seal, by the key on the holder's token: SES_Signature, a file of its own."""
    from pipeline.cli.sealwork import put_seal

    put_seal(store(), settings(), (file, data, out or data.with_name(f"{data.name}.ses")), pin_file)


def verify_any(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate, seal, sealed PDF or OFD file.")],
    trust: Annotated[list[Path] | None, typer.Option(help="More certificates of CAs and roots (PEM, DER).")] = None,
    trust_maker: Annotated[list[Path] | None, typer.Option(help="The same above makers of seals alone.")] = None,
    crl: Annotated[list[Path] | None, typer.Option(help="Revocation lists (PEM, DER).")] = None,
    document: Annotated[Path | None, typer.Option(help="What a signature with a seal is to be on.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Only seals of makers that are known are valid.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Who made a file, when, whether it holds and was not revoked, step by step. Exits 0 when it holds, 9 when not.

    Where a store can be opened without asking for its passphrase it is asked, too, what was revoked.
    """
    from pipeline.cli.sealwork import verify_file

    raise typer.Exit(
        verify_file(
            settings(), file, trust or [], trust_maker or [], crl or [], document, strict, as_json, store_at_hand()
        )
    )


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.command("verify")(verify_any)
    app.add_typer(seal, name="seal")
