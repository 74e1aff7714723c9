"""Tokens through the device: exact, repeatable, closed. The token is SoftHSM2; other programs look at it, too."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from issuance.authority import Authority
from issuance.device import Device
from issuance.signing import checked_key, holds
from issuance.softhsm import SoftTokens
from issuance.tokens import KeyKind, Pins, TokenInfo
from tests.issuance.builder import MODULE, PINS, kinds, run
from yinjian.errors import InputError, SetupError, TokenError

PAIR = ["private_key", "public_key"]


def pkcs11_tool(configuration: Path, *words: str | Path) -> str:
    return run("pkcs11-tool", "--module", MODULE, "--login", "--pin", PINS.pin, *words, configuration=configuration)


def half_made(configuration: Path) -> Path:
    """An object as a killed SoftHSM2 leaves it: a class (private key) and CKA_TOKEN, no label, no key."""
    home = next((configuration.parent / "tokens").iterdir())
    words = [1, 0, 2, 3, 1, 1]  # generation; CKA_CLASS as a number: 3; CKA_TOKEN as a truth value
    file = home / "00000000-0000-0000-0000-000000000001.object"
    file.write_bytes(b"".join(word.to_bytes(8, "big") for word in words) + b"\1")
    return file


def test_a_head_that_another_process_is_rewriting_is_waited_for(
    soft: SoftTokens, token: TokenInfo, configuration: Path
) -> None:
    head = next(soft.directory.glob("*/tokens/*/token.object"))
    whole = head.read_bytes()
    with Device(configuration) as other:
        head.write_bytes(b"")
        threading.Timer(0.3, head.write_bytes, (whole,)).start()
        assert other.contents(token, PINS.pin) == ()


@pytest.mark.parametrize("kind", [kind for kind in KeyKind if kind is not KeyKind.SM2])  # SoftHSM2 signs with none
def test_a_key_signs_and_its_public_half_is_what_other_programs_see(
    kind: KeyKind, device: Device, token: TokenInfo, configuration: Path, tmp_path: Path
) -> None:
    spki = device.make_key(token, PINS.pin, "k", b"\x01\x02", kind)
    key = checked_key(load_der_public_key(spki))
    assert holds(key, device.sign(token, PINS.pin, "k", b"\x01\x02", b"some data"), b"some data")
    assert not holds(key, device.sign(token, PINS.pin, "k", b"\x01\x02", b"other data"), b"some data")
    pkcs11_tool(configuration, "--read-object", "--type", "pubkey", "--id", "0102", "-o", tmp_path / "k.der")
    assert (tmp_path / "k.der").read_bytes() == spki == device.public_key(token, PINS.pin, "k", b"\x01\x02")


@pytest.mark.parametrize("kind", [KeyKind.RSA_2048, KeyKind.P_256])
def test_a_private_key_cannot_leave_its_token(
    kind: KeyKind, device: Device, token: TokenInfo, configuration: Path
) -> None:
    device.make_key(token, PINS.pin, "k", b"\x01", kind)
    listed = pkcs11_tool(configuration, "--list-objects", "--type", "privkey")
    assert "Access:     sensitive, always sensitive, never extractable, local" in listed
    assert listed.count("Private Key Object") == 1


def test_each_step_repeated_leaves_what_was_there(device: Device, token: TokenInfo, ca: Authority) -> None:
    def all_of_it() -> tuple[TokenInfo, bytes]:
        info = device.prepare("YJ-test", PINS.so_pin, PINS.pin)
        spki = device.make_key(info, PINS.pin, "k", b"k", KeyKind.P_256)
        device.make_wrapping_key(info, PINS.pin, "w", b"w")
        device.write_certificate(info, PINS.pin, "k", b"k", ca.chain[0])
        device.write_data(info, PINS.pin, "d", b"\0leading zero")
        return info, spki

    assert all_of_it() == all_of_it()
    assert kinds(device.contents(token, PINS.pin)) == ["certificate", "data", *PAIR, "secret_key"]
    assert device.read_data(token, PINS.pin, "d") == b"\0leading zero"


def test_more_than_a_line_holds_is_refused(device: Device, token: TokenInfo) -> None:
    device.write_data(token, PINS.pin, "d", bytes(1400 * 1024))
    with pytest.raises(InputError, match=r"1\.4 MiB"):
        device.write_data(token, PINS.pin, "d", bytes(1600 * 1024))
    assert device.read_data(token, PINS.pin, "d") == bytes(1400 * 1024)


def test_keys_are_found_by_label_and_id_both(device: Device, token: TokenInfo) -> None:
    for label, key_id in (("a", b"1"), ("a", b"2"), ("b", b"1")):
        device.make_key(token, PINS.pin, label, key_id, KeyKind.P_256)
    assert kinds(device.contents(token, PINS.pin)) == sorted(PAIR * 3)
    with pytest.raises(TokenError, match="not on the token"):
        device.sign(token, PINS.pin, "b", b"2", b"")


def test_a_certificate_is_replaced_and_read_back(device: Device, token: TokenInfo, ca: Authority) -> None:
    for der in ca.chain:
        device.write_certificate(token, PINS.pin, "k", b"k", der)
        assert device.read_certificate(token, PINS.pin, b"k") == der
    assert kinds(device.contents(token, PINS.pin)) == ["certificate"]


@pytest.mark.parametrize("half", ["privkey", "pubkey"])
def test_a_lone_half_is_made_again(half: str, device: Device, token: TokenInfo, configuration: Path) -> None:
    before = device.make_key(token, PINS.pin, "k", b"\x01", KeyKind.P_256)
    pkcs11_tool(configuration, "--delete-object", "--type", half, "--id", "01")
    assert kinds(device.contents(token, PINS.pin)) == [item for item in PAIR if item[:3] != half[:3]]
    after = device.make_key(token, PINS.pin, "k", b"\x01", KeyKind.P_256)
    assert after != before
    assert kinds(device.contents(token, PINS.pin)) == PAIR
    signature = device.sign(token, PINS.pin, "k", b"\x01", b"x")
    assert holds(checked_key(load_der_public_key(after)), signature, b"x")


def test_a_half_with_a_certificate_is_left_and_told(
    device: Device, token: TokenInfo, configuration: Path, ca: Authority
) -> None:
    device.make_key(token, PINS.pin, "k", b"\x01", KeyKind.P_256)
    device.write_certificate(token, PINS.pin, "k", b"\x01", ca.chain[0])
    pkcs11_tool(configuration, "--delete-object", "--type", "pubkey", "--id", "01")
    with pytest.raises(TokenError, match="incomplete"):
        device.make_key(token, PINS.pin, "k", b"\x01", KeyKind.P_256)
    assert kinds(device.contents(token, PINS.pin)) == ["certificate", "private_key"]


def test_a_key_of_another_kind_is_not_taken(device: Device, token: TokenInfo) -> None:
    device.make_key(token, PINS.pin, "k", b"k", KeyKind.RSA_2048)
    for kind in (KeyKind.P_256, KeyKind.RSA_3072):
        with pytest.raises(TokenError, match="another kind"):
            device.make_key(token, PINS.pin, "k", b"k", kind)


def test_half_made_objects_are_removed(device: Device, token: TokenInfo, configuration: Path) -> None:
    device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256)
    device.close()
    left = half_made(configuration)
    device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256)
    assert kinds(device.contents(token, PINS.pin)) == PAIR
    assert not left.exists()


@pytest.mark.parametrize("length", [0, 8, 104])
def test_a_torn_head_is_put_back(length: int, device: Device, token: TokenInfo, configuration: Path) -> None:
    spki = device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256)
    device.close()
    head = next((configuration.parent / "tokens").glob("*/token.object"))
    head.write_bytes(head.read_bytes()[:length])
    assert device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256) == spki


def test_an_unfinished_token_is_finished(device: Device, configuration: Path) -> None:
    """Initialised, but no holder's PIN yet: where C_InitToken was done and C_InitPIN not."""
    device.close()
    shutil.rmtree(next((configuration.parent / "tokens").iterdir()))
    script = (
        "import sys; from issuance import token_operations as o, token_slots as s; m = o.open_module(sys.argv[1]);"
        f"s.initialise(m, s.free_slot(m), 'YJ-test', '{PINS.so_pin}')"
    )
    run(Path(__import__("sys").executable), "-c", script, MODULE, configuration=configuration)
    with Device(configuration) as again:
        unfinished = again.tokens()[0]
        with pytest.raises(TokenError, match="not fully initialised"):
            again.contents(unfinished, PINS.pin)
        assert again.prepare("YJ-test", PINS.so_pin, PINS.pin) == unfinished
        assert again.contents(unfinished, PINS.pin) == ()


def test_a_token_that_was_begun_is_begun_anew(soft: SoftTokens) -> None:
    begun = soft.directory / "YJ-new" / "begun" / "tokens" / "0-0"
    begun.mkdir(parents=True)
    (begun / "token.object").write_bytes(b"torn")
    device, token = soft.prepare("YJ-new", PINS.so_pin, PINS.pin)
    with device:
        assert device.tokens() == (token,)
    assert sorted(path.name for path in (soft.directory / "YJ-new").iterdir() if path.is_dir()) == ["tokens"]


def test_directories_are_for_their_owner_only(soft: SoftTokens, configuration: Path) -> None:
    for path in (soft.directory, configuration.parent, configuration.parent / "tokens"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert "= /" in configuration.read_text().splitlines()[0]


def test_a_wrong_pin_is_told_without_repeating_it(device: Device, token: TokenInfo) -> None:
    with pytest.raises(TokenError, match=r"PIN is wrong.*locks after a few") as caught:
        device.sign(token, "13571357", "k", b"k", b"")
    assert "13571357" not in str(caught.value)
    with pytest.raises(TokenError, match="PIN is wrong"):
        device.prepare("YJ-test", PINS.so_pin, "13571357")
    device.contents(token, PINS.pin)


def test_changed_and_reset_pins_hold(device: Device, token: TokenInfo) -> None:
    device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256)
    device.change_pin(token, PINS.pin, "new-pin-1")
    with pytest.raises(TokenError, match="PIN is wrong"):
        device.contents(token, PINS.pin)
    device.reset_pin(token, PINS.so_pin, "new-pin-2")
    device.close()
    assert kinds(device.contents(token, "new-pin-2")) == PAIR
    with pytest.raises(TokenError, match="PIN is wrong"):
        device.reset_pin(token, "00000000", "new-pin-3")


@pytest.mark.parametrize("pin", ["", "123", "1" * 256, "12\n45", "12\x0045"])
def test_a_pin_that_no_token_takes_is_refused_before_anything_is_made(pin: str, soft: SoftTokens) -> None:
    for pins in (Pins(pin, PINS.pin), Pins(PINS.so_pin, pin)):
        with pytest.raises(InputError, match="4 to 255"):
            soft.prepare("YJ-new", pins.so_pin, pins.pin)
    assert soft.names() == ()


@pytest.mark.parametrize("label", ["", "../up", "a/b", "王示例", "x" * 33, "a b", "-a"])
def test_a_label_that_is_no_file_name_is_refused(label: str, soft: SoftTokens) -> None:
    with pytest.raises(InputError, match="label"):
        soft.prepare(label, PINS.so_pin, PINS.pin)


def test_two_tokens_of_one_label_are_told_apart_by_serial_only(
    device: Device, token: TokenInfo, configuration: Path
) -> None:
    device.close()
    words = ("--init-token", "--free", "--label", "YJ-test", "--so-pin", PINS.so_pin, "--pin", PINS.pin)
    run("softhsm2-util", *words, configuration=configuration)
    assert [found.label for found in device.tokens()] == ["YJ-test", "YJ-test"]
    for attempt in (
        lambda: device.contents(TokenInfo("YJ-test", "", ""), PINS.pin),
        lambda: device.prepare("YJ-test", PINS.so_pin, PINS.pin),
    ):
        with pytest.raises(TokenError, match="Several tokens"):
            attempt()
    assert device.contents(token, PINS.pin) == ()


def test_another_token_of_that_label_is_not_taken(device: Device, token: TokenInfo) -> None:
    with pytest.raises(TokenError, match="another serial number"):
        device.contents(TokenInfo(token.label, "0123456789abcdef", ""), PINS.pin)
    with pytest.raises(TokenError, match="not there"):
        device.contents(TokenInfo("YJ-tes", token.serial, ""), PINS.pin)


def test_a_missing_directory_and_a_missing_module_are_told(soft: SoftTokens, tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="directory is not there"):
        soft.device("YJ-none")
    with pytest.raises(TokenError, match="directory is not there"):
        Device(tmp_path / "none" / "softhsm2.conf").tokens()
    with pytest.raises(SetupError, match="Debian package softhsm2"):
        SoftTokens(tmp_path / "t", tmp_path / "no.so").prepare("YJ-a", PINS.so_pin, PINS.pin)
    (tmp_path / "no.so").write_bytes(b"no library")
    with pytest.raises(SetupError, match="Debian package softhsm2"):
        SoftTokens(tmp_path / "t", tmp_path / "no.so").prepare("YJ-a", PINS.so_pin, PINS.pin)


def test_a_store_that_went_away_is_told(device: Device, token: TokenInfo, configuration: Path) -> None:
    device.close()
    shutil.rmtree(configuration.parent / "tokens")
    with pytest.raises(TokenError, match=r"token store|not there"):
        device.contents(token, PINS.pin)


def test_a_token_that_another_process_made_meanwhile_is_found(device: Device, configuration: Path) -> None:
    with Device(configuration) as other:
        assert len(other.tokens()) == len(device.tokens()) == 1  # both have looked
        made = device.prepare("YJ-later", PINS.so_pin, PINS.pin)
        assert other.prepare("YJ-later", PINS.so_pin, PINS.pin) == made


def test_two_processes_that_make_the_same_make_one(soft: SoftTokens) -> None:
    """Workers that were given the same step: one makes the token and the key, the other finds them."""
    made: list[tuple[TokenInfo, bytes]] = []

    def work() -> None:
        device, token = soft.prepare("YJ-same", PINS.so_pin, PINS.pin)
        with device:
            made.append((token, device.make_key(token, PINS.pin, "k", b"k", KeyKind.RSA_2048)))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3 and len(set(made)) == 1
