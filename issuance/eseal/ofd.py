"""Signed OFD files (GB/T 33190-2016, chapter 18): their signatures, what these protect, and the seals on them.

An OFD file is a ZIP of XML. A signature's description (Signature.xml) lists files with their digests and where the seal
is drawn; the signed value (SES_Signature of GM/T 0031 and GB/T 38540, or a plain one) is on the description's digest.
"""

from __future__ import annotations

import base64
import io
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from posixpath import dirname, normpath
from posixpath import join as joined
from typing import Any

from lxml import etree

from issuance.eseal.check import check as check_seal
from issuance.eseal.check import hash_of
from issuance.eseal.plain import check_plain
from issuance.eseal.seal import SealSignature, parse
from issuance.steps import Step
from issuance.trust import Trust
from yinjian.errors import InputError

NAMESPACE = "{http://www.ofdspec.org/2016}"
MOST_FILES, LARGEST = 20_000, 1024 * 1024 * 1024  # files in one, bytes of all of them unpacked
LARGEST_XML = 16 * 1024 * 1024
# How References names its CheckMethod: an OID, or a name; "MD5" where none is given (GB/T 33190, table 68).
_METHODS = {
    "1.2.156.10197.1.401": "sm3",
    "SM3": "sm3",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "SHA256": "sha256",
    "1.3.14.3.2.26": "sha1",
    "SHA1": "sha1",
    "1.2.840.113549.2.5": "md5",
    "MD5": "md5",
}
_BROKEN_METHODS = ("md5", "sha1")
MOST_SIGNATURES = 200
_LOCAL = struct.Struct("<4x2xH18xHH")  # a local file header: flags, lengths of name and extra field (APPNOTE 4.3.7)
_DESCRIBED_AFTER, _UTF_8 = 0x08, 0x800
# What GB/T 33190 has in the two files that nobody signs.
_OFD, _DOC_BODY = frozenset({"DocBody"}), frozenset({"DocInfo", "DocRoot", "Versions", "Signatures"})
_SIGNATURES = frozenset({"MaxSignId", "Signature"})
_AGAIN = "Get the file again from where it was made."
SEAL, SIGN = "Seal", "Sign"


@dataclass(frozen=True, slots=True)
class Drawn:
    """Where a seal is shown: the page's id, and left, upper, width, height in mm."""

    page: str
    boundary: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OfdSignature:
    """A signature of an OFD file. `made`: with a seal; None for a plain one. `path`: of its description in the file."""

    id: str
    path: str
    made: SealSignature | None = field(repr=False)
    drawn: tuple[Drawn, ...]
    steps: tuple[Step, ...]


def check(data: bytes, at: datetime, trust: Trust, strict: bool = False) -> tuple[OfdSignature, ...]:
    """All signatures, in order, each step by step; `strict` as for a seal.

    Raises InputError for what is no OFD file, is broken, or is not signed.
    """
    files = _Files(data)
    listed = list(_listed(files))
    if not listed:
        raise InputError("The OFD file is not signed.", "Ask who sent it for the signed one.")
    if len(listed) > MOST_SIGNATURES or len({one.path for one in listed}) != len(listed):
        raise InputError("The OFD file lists one signature twice, or more than any document has.", _AGAIN)
    own = {path for one in listed for path in (one.list, one.path, one.value, one.seal) if path}
    return tuple(_checked(files, one, own, at, trust, strict) for one in listed)


class _Files:
    """The files in an OFD file, each read when it is asked for."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, IndexError) as error:
            raise InputError("This is no OFD file: its ZIP cannot be read.", _AGAIN) from error
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST:
            raise InputError("The OFD file is larger than any document.", "It may be made to exhaust who opens it.")
        self._entries = {_clean(entry.filename): entry for entry in entries}
        _require_plain_zip(data, self._zip)
        # Two files of one name: who looks at the document may see the other one.
        if len(self._entries) != len(entries):
            raise InputError("The OFD file holds two files of one name.", _AGAIN)
        if "OFD.xml" not in self._entries:
            raise InputError("This is no OFD file: OFD.xml is missing.", _AGAIN)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._entries)

    def read(self, path: str, most: int = LARGEST) -> bytes:
        """Raises InputError for a file that is not there, is broken or too large."""
        entry = self._entries.get(path)
        if entry is None:
            raise InputError(f"The OFD file lacks {path}.", _AGAIN)
        if entry.file_size > most:
            raise InputError(f"{path} in the OFD file is too large.", _AGAIN)
        try:
            return self._zip.read(entry)
        except Exception as error:  # zipfile and zlib raise much for what is broken or encrypted
            raise InputError(f"{path} in the OFD file cannot be read.", _AGAIN) from error

    def xml(self, path: str) -> Any:
        """Without entities and document types: nothing of another place is read, nothing grows."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            tree = etree.fromstring(self.read(path, LARGEST_XML), parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise InputError(f"{path} in the OFD file is no XML.", _AGAIN) from error
        if tree.getroottree().docinfo.doctype:
            raise InputError(f"{path} in the OFD file has a document type.", _AGAIN)
        return tree


@dataclass(frozen=True, slots=True)
class _Listed:
    """One entry of the list of signatures. Paths are from the top of the file; `seal`: `""` where none is named.

    `root`: the document's own description, from which all else of it is found.
    """

    id: str
    kind: str
    root: str
    list: str
    path: str
    value: str
    seal: str
    description: Any = field(repr=False)


def _listed(files: _Files) -> Iterator[_Listed]:
    bodies = _all(_named(files.xml("OFD.xml"), "OFD", _OFD), "DocBody")
    signed = [body for body in bodies if _text(body, "Signatures")]
    if signed and len(signed) != len(bodies):
        raise InputError("The OFD file holds a document that is not signed beside one that is.", _AGAIN)
    for body in signed:
        _named(body, "DocBody", _DOC_BODY)
        roots = _all(body, "DocRoot")
        if len(roots) != 1 or len(_all(body, "Signatures")) != 1:
            raise InputError("OFD.xml names no document, or several in one place.", _AGAIN)
        where, root = (_resolved("OFD.xml", _text(body, name)) for name in ("Signatures", "DocRoot"))
        for entry in _all(_named(files.xml(where), "Signatures", _SIGNATURES), "Signature"):
            path = _resolved(where, entry.get("BaseLoc", ""))
            description = _named(files.xml(path), "Signature")
            seal = _text(description, "SignedInfo", "Seal", "BaseLoc")
            yield _Listed(
                entry.get("ID", ""),
                entry.get("Type", SEAL),
                root,
                where,
                path,
                _resolved(path, _text(description, "SignedValue")),
                _resolved(path, seal) if seal else "",
                description,
            )


def _checked(files: _Files, one: _Listed, own: set[str], at: datetime, trust: Trust, strict: bool) -> OfdSignature:
    references = _references(one)
    steps = [_digests(files, one, references), _left_out(files, one, own, references)]
    description = files.read(one.path)
    made = None
    try:
        value = files.read(one.value)
        if one.kind == SIGN:
            steps += check_plain(value, description, at, trust, strict)
        else:
            made = _with_seal(value)
            steps += _seal_file(files, one, made)
            steps += check_seal(made, at, trust, description, strict)
    except InputError as error:
        steps.append(Step("signed value", False, f"{error.what} {error.remedy}"))
    return OfdSignature(one.id, one.path, made, tuple(_drawn(one.description)), tuple(steps))


def _with_seal(value: bytes) -> SealSignature:
    made = parse(value)
    if not isinstance(made, SealSignature):
        raise InputError("The signed value is a seal alone.", "Nobody signed with it.")
    return made


def _references(one: _Listed) -> Mapping[str, bytes]:
    """Each protected file and its digest. Raises InputError for a digest that is none."""
    found: dict[str, bytes] = {}
    for reference in _all(one.description, "SignedInfo", "References", "Reference"):
        path = _resolved(one.path, reference.get("FileRef", ""))
        try:
            value = base64.b64decode("".join(_text(reference, "CheckValue").split()), validate=True)
        except ValueError as error:
            raise InputError(f"The digest of {path} is no digest.", _AGAIN) from error
        if found.setdefault(path, value) != value:
            raise InputError(f"{path} is listed with two digests.", _AGAIN)
    return found


def _digests(files: _Files, one: _Listed, references: Mapping[str, bytes]) -> Step:
    """Whether each protected file is as it was signed."""
    lists = _all(one.description, "SignedInfo", "References")
    if len(lists) != 1:
        return Step("protected files", False, "no list of them, or several")
    named = lists[0].get("CheckMethod") or "MD5"
    method = _METHODS.get(named.upper().replace("-", ""))
    if method is None:
        return Step("protected files", False, f"the digest {named} is not known")
    if method in _BROKEN_METHODS:
        return Step("protected files", False, f"the digest {named} is broken: it protects nothing")
    changed = [p for p, value in references.items() if p not in files.names or hash_of(method, files.read(p)) != value]
    if changed or not references:
        return Step("protected files", False, f"changed since: {_some(changed)}" if changed else "none")
    return Step("protected files", True, f"{len(references)}, as they were signed ({method.upper()})")


def _left_out(files: _Files, one: _Listed, own: set[str], references: Mapping[str, bytes]) -> Step:
    """Whether everything is protected that makes the document: what is not can be exchanged, and the seal stays.

    What signatures consist of cannot be: an earlier one does not know a later one's. OFD.xml names the document and the
    list of signatures, which grows; what it names is protected.
    """
    if one.root not in references or one.root in own:
        return Step("other files", False, f"the document itself ({one.root}) is not protected")
    if files.xml(one.root).tag != f"{NAMESPACE}Document":
        return Step("other files", False, f"OFD.xml names as document what is none ({one.root})")
    free = sorted(files.names - set(references) - own - {"OFD.xml"})
    if free:
        return Step("other files", False, f"not protected, so they may be others than were sealed: {_some(free)}")
    told = "OFD.xml is protected too" if "OFD.xml" in references else "only OFD.xml, which names them, is not protected"
    return Step("other files", True, f"none; {told}")


def _seal_file(files: _Files, one: _Listed, made: SealSignature) -> Iterator[Step]:
    if one.seal:
        same = one.seal in files.names and files.read(one.seal) == made.seal.der
        yield Step("seal file", same, "the seal that was signed with" if same else "another seal than was signed with")


def _drawn(description: Any) -> Iterator[Drawn]:
    for stamp in _all(description, "SignedInfo", "StampAnnot"):
        try:
            boundary = tuple(float(number) for number in stamp.get("Boundary", "").split())
        except ValueError:
            boundary = ()
        yield Drawn(stamp.get("PageRef", ""), boundary)


def _named(node: Any, name: str, parts: frozenset[str] = frozenset()) -> Any:
    """The node, if it is called so. `parts`: what may be in it; what is not signed is to say nothing else."""
    odd = {child.tag for child in node if parts and child.tag not in {f"{NAMESPACE}{part}" for part in parts}}
    if node.tag != f"{NAMESPACE}{name}" or odd - {etree.Comment, etree.ProcessingInstruction}:
        raise InputError(f"The OFD file has something else where {name} should be.", _AGAIN)
    return node


def _require_plain_zip(data: bytes, archive: zipfile.ZipFile) -> None:
    """Raises InputError unless every program finds the same files in a ZIP, from whichever end it reads.

    Entries follow one another from the first byte to the central directory, under the names that this has, and nothing
    follows or is said beside.
    """
    at = 0
    for entry in sorted(archive.infolist(), key=lambda entry: entry.header_offset):
        head = data[at : at + _LOCAL.size]
        if entry.header_offset != at or len(head) < _LOCAL.size:
            raise InputError("The OFD file's ZIP has gaps: others may see other files in it.", _AGAIN)
        flags, names, extras = _LOCAL.unpack(head)
        name = data[at + _LOCAL.size : at + _LOCAL.size + names]
        spelled = name.decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
        if spelled != entry.orig_filename or (entry.is_dir() and entry.file_size):
            raise InputError("The OFD file's ZIP names a file in two ways.", _AGAIN)
        at += _LOCAL.size + names + extras + entry.compress_size
        if flags & _DESCRIBED_AFTER:
            at += 16 if data[at : at + 4] == b"PK\7\b" else 12
    if at != archive.start_dir or archive.comment or data[-22:-18] != b"PK\5\6":
        raise InputError("The OFD file's ZIP holds more than its files.", _AGAIN)


def _clean(name: str) -> str:
    """A path from the top. Raises InputError for one that leads out of the file."""
    path = normpath(name.replace("\\", "/").lstrip("/"))
    if path.startswith("..") or path == ".":
        raise InputError("The OFD file names a place outside of it.", _AGAIN)
    return path


def _resolved(base: str, path: str) -> str:
    """ST_Loc (GB/T 33190, 6.3): from the top where it begins with /, else from the folder of the file it stands in."""
    return _clean(path if path.startswith("/") else joined(dirname(base), path))


def _all(node: Any, *names: str) -> list[Any]:
    found = [node]
    for name in names:
        found = [child for one in found for child in one.findall(f"{NAMESPACE}{name}")]
    return found


def _text(node: Any, *names: str) -> str:
    return next((one.text.strip() for one in _all(node, *names) if one.text), "")


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
