"""What is invented must be valid, and every fault must be one."""

from __future__ import annotations

import re
from datetime import date
from random import Random

import pytest

from samples import numbers
from samples.cases import make_case
from samples.faults import FAULTS
from samples.people import make_company, make_person
from samples.profiles import DEFAULT, PROFILES
from samples.series import CERTIFICATES, UNIT_FORMS, Recipe, platforms_of, series


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (numbers.identity_check, "11010519491231002X"),  # the example of GB 11643
        (numbers.credit_check, "91350100M000100Y43"),  # the example of GB 32100
        (numbers.registration_check, "110108000000016"),  # the example of GS 15-2006
    ],
)
def test_check_digits_of_the_standards_examples(check, number):
    assert check(number[:-1]) == number[-1]


def test_invented_numbers_are_valid():
    rng = Random(1)
    for i in range(200):
        person = make_person(rng)
        company = make_company(rng, public=i % 3 == 0, old_number=i % 5 == 1)
        check = numbers.registration_check if len(company.code) == 15 else numbers.credit_check
        assert company.code[-1] == check(company.code[:-1])
        assert person.id_number[-1] == numbers.identity_check(person.id_number[:-1])
        assert person.id_number[6:14] == f"{person.born:%Y%m%d}"
        assert int(person.id_number[16]) % 2 == person.male
        assert re.fullmatch(r"1[3-9]\d{9}", person.phone)


@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_a_case_is_complete_and_agrees_with_its_claim(certificate):
    platform = platforms_of(certificate)[0]
    case = make_case(Random(3), certificate, platform, "new", online=True)
    assert all(case.values.values())
    assert case.claim == {k: v for k, v in case.values.items() if k != "application_date"}
    assert date.fromisoformat(case.values["application_date"]) <= case.submitted_on


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_can_be_had_by_some_application(fault):
    drawn = (Recipe("x", 5, c, p, "new", "print-scan", fault) for c in CERTIFICATES for p in platforms_of(c))
    assert any(recipe.possible() for recipe in drawn)


def test_a_series_takes_its_faults_and_profiles_in_turn():
    recipes = list(series(6, 9, UNIT_FORMS, ("print-scan", "hand-photo"), ("", "seal-cut", "claim-uscc")))
    assert [r.fault for r in recipes] == ["", "seal-cut", "claim-uscc"] * 2
    assert [r.profile for r in recipes] == ["print-scan", "hand-photo"] * 3
    assert all(r.online for r in recipes if r.fault == "claim-uscc")
    assert all(r.possible() for r in recipes)


def test_what_is_held_out_is_in_no_other_profile():
    assert "heldout" not in DEFAULT
    held = PROFILES["heldout"]
    for name in DEFAULT:
        assert not set(PROFILES[name].hands) & set(held.hands)
        assert PROFILES[name].seal_style != held.seal_style
        assert not set(PROFILES[name].machine.desks) & set(held.machine.desks)
