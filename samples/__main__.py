"""`python -m samples`: make applications with exact truth beside them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Annotated

import typer

from samples.applications import write_application
from samples.faults import FAULTS
from samples.profiles import DEFAULT, PROFILES
from samples.ready import READY
from samples.register import write_register
from samples.series import CERTIFICATES, HERE, UNIT_FORMS, Recipe, series

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)


@app.command()
def make(
    out: Annotated[Path, typer.Option(help="Gets applications/ and expected/.")],
    count: Annotated[int, typer.Option(min=1)] = 10,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal applications.")] = 1,
    certificate: Annotated[list[str] | None, typer.Option(help="Unit certificates by default; 'all' for all.")] = None,
    profile: Annotated[list[str] | None, typer.Option(help="Take turns; all but heldout by default.")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="Take turns; 'none' for none, 'all' for each.")] = None,
) -> None:
    """Make COUNT applications of changing kinds."""
    profiles = _known("--profile", profile or list(DEFAULT), PROFILES)
    wanted = list(FAULTS) if fault == ["all"] else list(fault or ["none"])
    faults = tuple("" if f == "none" else f for f in _known("--fault", wanted, [*FAULTS, "none"]))
    kinds = CERTIFICATES if certificate == ["all"] else tuple(certificate or UNIT_FORMS)
    for recipe in series(count, seed, _known("--certificate", kinds, CERTIFICATES), profiles, faults):
        write_application(recipe.make(), out / "applications", out / "expected")
        typer.echo(recipe.name)


@app.command()
def one(
    name: str,
    out: Annotated[Path, typer.Option(help="Gets applications/NAME and expected/NAME.json.")],
    seed: int = 1,
    certificate: str = "enterprise",
    platform: str = "hpe",
    business: str = "new",
    profile: str = "print-scan",
    fault: Annotated[str, typer.Option(help="Empty for none.")] = "",
    online: bool = True,
) -> None:
    """Make the one application that is asked for."""
    _known("--profile", [profile], PROFILES)
    recipe = Recipe(name, seed, certificate, platform, business, profile, fault, online)
    write_application(recipe.make(), out / "applications", out / "expected")


@app.command()
def ready(out: Annotated[Path, typer.Option(help="The directory of the ready applications.")] = HERE) -> None:
    """Make the ready applications again."""
    for recipe in READY:
        write_application(recipe.make(), out / "applications", out / "expected")
        typer.echo(recipe.name)
    write_register(out / "expected", out / "register.json")


@app.command("list")
def list_() -> None:
    """Name the profiles and the faults with the finding each must give."""
    for name in PROFILES:
        typer.echo(f"profile  {name}")
    for name, fault in FAULTS.items():
        typer.echo(f"fault    {name:28} {' '.join(fault.finding)}")


def _known(option: str, given: Sequence[str], known: Container[str]) -> tuple[str, ...]:
    for name in given:
        if name not in known:
            raise typer.BadParameter(f"{name!r} is unknown; `python -m samples list` names them.", param_hint=option)
    return tuple(given)


if __name__ == "__main__":
    app()
