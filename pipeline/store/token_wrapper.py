"""The master key wrapped by a key that never leaves its token."""

from __future__ import annotations

from pathlib import Path

from issuance import keywrap
from pipeline import pins
from pipeline.store.keyring import Wrapper
from yinjian.settings import Settings

LABEL = "YJ-STORE"
SETTING = "YINJIAN_TOKEN_PIN_FILE"
OF = "the store's token"


def new_token(settings: Settings) -> Wrapper:
    """A token with a wrapping key, made now."""
    both = pins.both(settings.token_pin_file, OF, SETTING)
    made = keywrap.create(_directory(settings), LABEL, both.so_pin, both.pin, settings.pkcs11_module)
    return _wrapper(made)


def by_token(settings: Settings, facts: dict[str, str]) -> Wrapper:
    """The token that `keyring.json` names, by label and serial."""
    pin = pins.user_pin(settings.token_pin_file, OF, SETTING)
    directory = _directory(settings)
    return _wrapper(keywrap.open_keywrap(directory, facts["label"], facts["serial"], pin, settings.pkcs11_module))


def _wrapper(wrap: keywrap.KeyWrap) -> Wrapper:
    def once(work: bytes, wrapping: bool) -> bytes:
        try:
            return wrap.wrap(work) if wrapping else wrap.unwrap(work)
        finally:
            wrap.close()

    facts = {"label": wrap.token.label, "serial": wrap.token.serial}
    return Wrapper("token", facts, lambda master: once(master, True), lambda wrapped: once(wrapped, False))


def _directory(settings: Settings) -> Path:
    return settings.var_dir / "store-token"
