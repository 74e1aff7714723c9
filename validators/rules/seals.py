"""Rules about whose seal it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from enum import Enum, auto
from math import log

from validators.case import Case
from validators.copies import ring_name, sealed_pages, seals_on
from validators.titles import title
from yinjian.findings import Finding, Severity, finding
from yinjian.lattice import Lattice
from yinjian.records import Mark, MarkKind
from yinjian.textfold import fold, is_chinese, print_forms

_FORM = re.compile(r"\(集团\)|集团|股份有限公司|有限责任公司|有限公司|分公司|公司")


class Owner(Enum):
    """Whose a seal is, as far as it can be read."""

    UNIT = auto()
    ANOTHER = auto()
    UNCLEAR = auto()


def form_seals_are_the_units(case: Case) -> Iterator[Finding]:
    """请在以下空白处加盖单位公章；申请单位公章。

    The collected seal stands on blank paper, where each of its symbols can be told by itself, and becomes electronic;
    the declared one lies over print by nature.
    """
    for mark in _asked(case):
        collected = mark.id == "seal_collection"
        share = case.policy.ring_share_collected if collected else case.policy.ring_share
        found = list(_judged(case, (mark,), mark.id, share))
        yield from found
        unlike = _unlike(mark, case.policy.ring_alone) if collected and not found else ""
        if unlike:
            seen = f"{title(mark.id)}的印文读作「{mark.ring_text}」，但其中「{'、'.join(unlike)}」单独看更像别的字"
            yield finding("seal.unclear", mark.id, f"{seen}，请放大图像逐字核对。")


def _asked(case: Case) -> Iterator[Mark]:
    """The seals on the form that it asks for."""
    required = case.required_marks()
    return (mark for mark in case.reading.marks if mark.kind is MarkKind.SEAL and mark.id in required)


def copy_seals_are_the_units(case: Case) -> Iterator[Finding]:
    """所有复印件需加盖公章。

    A seal on a copy lies over print: it is the unit's when most of the name can be read and nothing contradicts it.
    Red print of the document may be taken for a seal: one seal of the unit's on each page is what is asked for.
    One that is merely illegible is noted where the form has seals of its own and they are the unit's.
    """
    known = any(_asked(case)) and not list(form_seals_are_the_units(case))
    for where, page in sealed_pages(case):
        for found in _judged(case, seals_on(case, page), where, case.policy.ring_share):
            illegible = known and found.code == "seal.unclear"
            yield replace(found, severity=Severity.NOTES) if illegible else found


def _judged(case: Case, marks: tuple[Mark, ...], where: str, share: float) -> Iterator[Finding]:
    owners = [owner_of(case, mark, share) for mark in marks]
    if Owner.UNIT in owners or not owners:
        return
    seen = f"{title(where)}的印文读作「{'、'.join(mark.ring_text for mark in marks)}」"
    if Owner.ANOTHER in owners:
        yield finding("seal.name_mismatch", where, f"{seen}，与单位名称不符，请核对是否为本单位公章。")
    else:
        yield finding("seal.unclear", where, f"{seen}，无法确认为本单位公章，请对照图像核对。")


def owner_of(case: Case, mark: Mark, share: float) -> Owner:
    """Whose seal it is; at least `share` of the name must be legible."""
    ring = ring_name(mark.ring_text)
    if case.on_form("employer"):  # an expert's form: nothing else names the unit
        return _owner_of_employers(case, mark, ring, share)
    owners = {owner_of_name(case, mark, name, share) for name in case.unit_names} if ring else {Owner.UNCLEAR}
    if Owner.UNIT in owners:
        return Owner.UNIT
    return Owner.ANOTHER if owners == {Owner.ANOTHER} else Owner.UNCLEAR


def _owner_of_employers(case: Case, mark: Mark, ring: str, share: float) -> Owner:
    """Whether it is the employer's. Another's is one read surely throughout, where the form has room for its name:
    what is shorter may be a post alone, or a name cut short."""
    if not ring:
        return Owner.UNCLEAR
    if any(owner_of_name(case, mark, name, share) is Owner.UNIT for name in _employers(case)):
        return Owner.UNIT
    named = len(fold(case.value("employer"))) >= len(ring)
    return Owner.ANOTHER if named and _read_throughout(mark, case.policy.ring_sure) else Owner.UNCLEAR


def _employers(case: Case) -> Iterator[str]:
    """工作单位及职务: the unit's name and then a post, no longer than the name; where the one ends is not marked."""
    text = fold(case.value("employer"))
    return (text[:end] for end in range(max(4, (len(text) + 1) // 2), len(text) + 1))


def owner_of_name(case: Case, mark: Mark, name: str, share: float) -> Owner:
    """Whether it is the seal of a unit of that name (folded); at least `share` of it must be legible."""
    ring = ring_name(mark.ring_text)
    if mark.shape == "square" and sorted(ring) == sorted(name):
        return Owner.UNIT  # whether its rows or its columns were read does not make it another's
    name = _as_cut(name, ring)
    legible = _legible(name, ring)
    if ring == name or (legible >= share * len(name) and _may_say(case, mark, name)):
        return Owner.UNIT
    if len(ring) == len(name) and _read_throughout(mark, case.policy.ring_sure):
        return Owner.ANOTHER
    # Over a copy's print much is misread that is no other name.
    own = _own_words(name)
    likely = mark.id == "material_seal" and _legible(own, _own_words(ring)) >= case.policy.ring_another * len(own)
    if _strangers(mark, name, ring, case.policy.ring_sure) >= case.policy.ring_strangers and not likely:
        return Owner.ANOTHER
    return Owner.UNCLEAR


def _own_words(name: str) -> str:
    """A name (folded) without what the names of strangers have in common: which form of a company it is."""
    return _FORM.sub("", name)


def _as_cut(name: str, ring: str) -> str:
    """The name from where the ring was cut: a ring has no beginning, and print may hide the gap before the name's."""
    most = sum((Counter(name) & Counter(ring)).values())  # however both are turned, no more of it can be in the ring
    if _legible(name, ring) == most:
        return name
    return max((name[n:] + name[:n] for n in range(len(name))), key=lambda turned: _legible(turned, ring))


def _may_say(case: Case, mark: Mark, name: str) -> bool:
    """Whether the recogniser held the name possible wherever it read something else.

    Each difference is weighed by itself: one that is plain is not made good by others that are faint.
    """
    lattice = mark.ring_lattice
    if lattice is None:
        return False
    ring = fold(mark.ring_text)
    own = ring_name(mark.ring_text)
    return any(
        _worst_difference(lattice, ring, ring.replace(own, text)) > case.policy.ring_margin
        for text in print_forms(name)
    )


def _worst_difference(lattice: Lattice, read: str, expected: str) -> float:
    """log P(expected) - log P(read), for the stretch where what was expected loses most; 0 where nothing differs."""
    codes = SequenceMatcher(None, read, expected, autojunk=False).get_opcodes()
    others = [read[:a0] + expected[b0:b1] + read[a1:] for kind, a0, a1, b0, b1 in codes if kind != "equal"]
    base, *scores = lattice.log_probabilities([read, *others])
    return min([0.0, *(score - base for score in scores)])


def _read_throughout(mark: Mark, sure: float) -> bool:
    """Whether every symbol of the seal was read surely; without a lattice all are taken for sure.

    Such a text that is as long as the name is a name of its own, however little it differs. Of 231 seals of units on
    their own copies, one was read otherwise than it says in this way.
    """
    lattice = mark.ring_lattice
    return lattice is None or all(p >= log(sure) for _, p in lattice.best_path())


def _unlike(mark: Mark, least: float) -> str:
    """The characters of a seal that are read where, looked at by themselves, another is by far likelier."""
    told = mark.ring_lattice.best_path() if mark.ring_lattice else ()
    return "".join(symbol for symbol, p in told if is_chinese(symbol) and p < log(least))


def _legible(name: str, ring: str) -> int:
    """How many symbols of the name are in the ring."""
    return sum(block.size for block in SequenceMatcher(None, name, ring, autojunk=False).get_matching_blocks())


def _strangers(mark: Mark, name: str, ring: str, sure: float) -> int:
    """How many symbols of the ring, read surely, are not the name's; without a lattice all are taken for sure."""
    lattice = mark.ring_lattice
    seen = "".join(symbol for symbol, p in lattice.best_path() if p >= log(sure)) if lattice else ring
    own = ring_name(seen)
    return len(own) - _legible(name, own)
