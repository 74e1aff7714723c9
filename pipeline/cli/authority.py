"""`ca`, `certificate`, `token`, `notice`, `reconcile`: the CA itself, and what becomes of what it issued."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.arguments import Actor, settings, store

ca = typer.Typer(help="The certificate authority's own keys and lists.", no_args_is_help=True)
certificate = typer.Typer(help="Certificates: hand over, revoke.", no_args_is_help=True)
token = typer.Typer(help="Tokens of subjects.", no_args_is_help=True)
notice = typer.Typer(help="Words to holders, for a program that sends them.", no_args_is_help=True)
Serial = Annotated[str, typer.Argument(metavar="SERIAL", help="The certificate's serial number.")]


@ca.command("ceremony")
def ca_ceremony(
    organization: Annotated[str, typer.Option(help="The CA's organisation, as it stands in its certificates.")],
    operator: Annotated[str, typer.Option(help="The administrator who makes it.")],
    witness: Annotated[str, typer.Option(help="The administrator or auditor who watches.")],
) -> None:
    """Make root, issuing CA and what speaks for them on tokens, before two people, with a record for both to sign."""
    from pipeline.ceremony import People
    from pipeline.cli.certificates import hold_ceremony

    hold_ceremony(store(), settings(), organization, People(operator, witness))


@ca.command("seal-maker")
def ca_seal_maker(actor: Actor) -> None:
    """Make the SM2 keys and certificates that electronic seals are made with, where the CA has none yet."""
    from pipeline.cli.certificates import make_seal_maker

    make_seal_maker(store(), settings(), actor)


@ca.command("responder")
def ca_responder(actor: Actor) -> None:
    """Make the OCSP responder's key and certificate anew, when the old one ends soon."""
    from issuance.delegated import OCSP
    from pipeline.cli.certificates import renew_delegate

    renew_delegate(store(), settings(), OCSP, actor)


@ca.command("stamper")
def ca_stamper(actor: Actor) -> None:
    """Make the time stamp authority's key and certificate anew, when the old key was used for a year."""
    from issuance.delegated import TIME_STAMPS
    from pipeline.cli.certificates import renew_delegate

    renew_delegate(store(), settings(), TIME_STAMPS, actor)


@ca.command("crl")
def ca_crl(actor: Actor) -> None:
    """Publish a new revocation list now."""
    from pipeline.cli.certificates import publish_list

    publish_list(store(), settings(), actor)


@certificate.command("list")
def certificate_list(
    state: Annotated[str, typer.Option(help="Only: reserved, signed, issued, active, revoked.")] = "",
) -> None:
    """Certificates, and how far they are."""
    from pipeline.cli.certificates import list_certificates

    list_certificates(store(), state)


@certificate.command("accept")
def certificate_accept(
    serial: Serial,
    actor: Actor,
    own_pin: Annotated[bool, typer.Option("--own-pin", help="The holder changed the PIN: it is asked for.")] = False,
) -> None:
    """Hand over: the holder has checked the details, the token signs so, the certificate becomes active."""
    from pipeline.cli.certificates import hand_over

    hand_over(store(), settings(), serial, own_pin, actor)


@certificate.command("revoke")
def certificate_revoke(
    serial: Serial,
    actor: Actor,
    reason: Annotated[str, typer.Option(help="keyCompromise, privilegeWithdrawn, ...")],
    note: Annotated[str, typer.Option(help="The grounds, for the notice to the holder.")],
) -> None:
    """Ask that the CA revoke a certificate (协议一.11). A second person confirms it."""
    from pipeline.cli.certificates import ask_to_revoke

    ask_to_revoke(store(), serial, reason, note, actor)


@certificate.command("asked")
def certificate_asked() -> None:
    """What was asked for and waits for a second person."""
    from pipeline.cli.certificates import list_asked

    list_asked(store())


@certificate.command("confirm")
def certificate_confirm(operation: Annotated[str, typer.Argument(metavar="ID")], actor: Actor) -> None:
    """Confirm what another asked for: it is done, and a revocation list published."""
    from pipeline.cli.certificates import confirm

    confirm(store(), settings(), operation, actor)


@token.command("pin")
def token_pin(serial: Serial, actor: Actor) -> None:
    """The PIN of a certificate's token, until it is handed over. That it was shown is recorded."""
    from pipeline.cli.certificates import show_pin

    show_pin(store(), settings(), serial, actor)


@token.command("envelope")
def token_envelope(serial: Serial, actor: Actor) -> None:
    """The PIN's envelope as PDF to stdout, for a printer. It is kept nowhere; that it was made is recorded."""
    from pipeline.cli.certificates import print_envelope

    print_envelope(store(), serial, actor)


@notice.command("list")
def notice_list() -> None:
    """Those that were not sent, a JSON line each."""
    from pipeline.cli.certificates import list_notices

    list_notices(store())


@notice.command("remind")
def notice_remind() -> None:
    """Make the notices for certificates that end within 60, 30 and 7 days."""
    from pipeline.cli.certificates import remind

    remind(store())


@notice.command("sent")
def notice_sent(ids: Annotated[list[str], typer.Argument(metavar="ID...")], actor: Actor) -> None:
    """Record that notices were sent."""
    from pipeline.cli.certificates import note_sent

    note_sent(store(), ids, actor)


def reconcile() -> None:
    """Whether database, tokens and certificates agree. Exits 8 when something belongs to nothing."""
    from pipeline.cli.certificates import run_reconcile

    raise typer.Exit(run_reconcile(store(), settings()))


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.command()(reconcile)
    for name, part in (("ca", ca), ("certificate", certificate), ("token", token), ("notice", notice)):
        app.add_typer(part, name=name)
