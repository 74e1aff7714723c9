"""What a token's process could not do, in words for the person at the desk. No names, no PINs, no labels of holders."""

from __future__ import annotations

from yinjian.errors import SetupError, TokenError, YinjianError

_REPEAT = "Repeat the step; it takes up what is there already."
_EXPERT = "Repeat the step; if it happens again, use another token and have this one looked at."

FAULTS: dict[str, tuple[str, str]] = {
    "no-token": ("The token is not there.", "Insert it (or check the token directory) and repeat the step."),
    "other-token": (
        "A token with the right label but another serial number is there.",
        "Take it out and insert the one that was recorded.",
    ),
    "many-tokens": (
        "Several tokens carry the same label.",
        "Leave only the right one inserted; initialise the other anew under a label of its own.",
    ),
    "no-blank": ("There is no blank token.", "Insert a token that is not initialised and repeat the step."),
    "no-store": (
        "The PKCS#11 module starts but cannot open its token store.",
        "Check that the token directory exists and may be written by this user.",
    ),
    "unfinished": ("The token is not fully initialised.", "Run the preparation of the token again."),
    "pin-incorrect": (
        "The PIN is wrong.",
        "Check it before trying again: a real token locks after a few wrong tries.",
    ),
    "pin-locked": ("The PIN is locked after too many wrong tries.", "Unlock it with the officer's PIN (解锁)."),
    "pin-expired": ("The PIN has expired.", "Set a new one."),
    "pin-rule": ("The token does not accept such a PIN.", "Use 4 to 255 characters, or as its maker says."),
    "full": ("The token is full.", "Remove what is no longer needed or use another token."),
    "no-object": (
        "The key, certificate or data asked for is not on the token.",
        "Check that it is the right token and that the step before this one was done.",
    ),
    "many-objects": (
        "Several objects on the token carry the same name.",
        "Do not use it; make the key again on another token.",
    ),
    "key-differs": (
        "A key of that name but of another kind is on the token.",
        "Check the reservation; a new one draws a new name.",
    ),
    "key-open": ("The key on the token could be copied from it.", "Do not use it; reserve anew on another token."),
    "key-damaged": (
        "A certificate is on the token, but its key is incomplete.",
        "Do not use it; revoke the certificate and issue anew on another token.",
    ),
    "not-wrapped-here": (
        "What was to be unwrapped is damaged or was wrapped under another key.",
        "Restore the wrapped key from its backup and use the token it was wrapped with.",
    ),
    "no-sm2": (
        "How the token signs with SM2 is not known.",
        "Set YINJIAN_SM2_MECHANISM to the number that the token's maker gives.",
    ),
    "sm2-refused": (
        "The token does not sign with SM2 by the mechanism that was set.",
        "Check YINJIAN_SM2_MECHANISM and YINJIAN_SM2_INPUT with the token's maker.",
    ),
    "busy": ("Another process has kept the token busy for too long.", "Wait for it to finish, then repeat the step."),
    "protocol": ("The token's process did not understand the request.", "Report this as a fault of Yinjian."),
    "died": ("The token's process ended in the middle of a request.", _REPEAT),
    "slow": ("The token did not answer in time.", "Check that it is inserted, then repeat the step."),
    "garbled": ("The token's process answered something that is no answer.", _REPEAT),
    "differs": ("The token gave back something else than was written.", _EXPERT),
}


def error_for(code: str, ckr: str = "", tries: str = "") -> YinjianError:
    """The error that says what happened and what to do. `no-module` is a SetupError, all else a TokenError."""
    if code == "no-module":
        return SetupError("The PKCS#11 module cannot be loaded.", "Install the Debian package softhsm2.")
    what, remedy = FAULTS.get(code, (f"The token reported {ckr or code}.", _EXPERT))
    if tries:
        remedy = f"{remedy} {'Only one try is' if tries == 'final' else 'Few tries are'} left."
    return TokenError(what, remedy)
