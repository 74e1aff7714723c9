"""Whose a card is: the people that the papers name, whatever the form calls them."""

from __future__ import annotations

from extractors.card import Card
from extractors.roles import people, roles
from yinjian.catalogue import catalogue
from yinjian.geometry import Box
from yinjian.records import FieldReading

ALL = catalogue()
NUMBER, OTHER = "230103198502249871", "110105199001018834"


def card(name: str = "", number: str = "", address: str = "", authority: str = "") -> Card:
    """A front with a name or number, or (without either) a back."""
    texts = {"id_name": name, "id_number": number, "id_address": address}
    fields = tuple(FieldReading(i, text, 1.0, 0, Box(0, 0, 1, 1)) for i, text in texts.items() if text)
    return Card("front" if fields else "back", fields, authority)


def told(form: str, texts: dict[str, str], *cards: Card) -> tuple[str, ...]:
    return roles(cards, people(ALL.form(form), ALL, texts))


def test_the_principal_bears_the_certificates_role() -> None:
    named = {"agent_name": "葛小禾", "applicant_name": "贺云舟", "name": "贺云舟"}
    for form in ("legal_person", "authorized_rep", "expert"):
        assert told(form, named, card("贺云舟"), card(), card("葛小禾"), card()) == (form, form, "agent", "agent")


def test_who_is_named_on_the_licence_alone_is_the_legal_person() -> None:
    named = {"applicant_name": "贺云舟", "agent_name": "葛小禾", "licence_legal_person": "沈承波"}
    assert told("authorized_rep", named, card("沈承波"), card("贺云舟")) == ("legal_person", "authorized_rep")


def test_a_number_outweighs_a_name() -> None:
    named = {"name": "贺云舟", "id_number": NUMBER, "agent_name": "贺云丹", "authorization_agent_id": OTHER}
    assert told("expert", named, card("贺云舟", OTHER)) == ("agent",)
    assert told("expert", named, card("", NUMBER[:-1] + "0")) == ("expert",)


def test_a_stranger_is_nobody_and_takes_nobodys_place() -> None:
    named = {"name": "贺云舟", "agent_name": "张小禾"}
    assert told("expert", named, card("程华静"), card()) == ("", "")
    assert told("expert", named, card("张华静"), card(), card("张小禾")) == ("", "", "agent")


def test_a_back_before_its_front_is_not_lost() -> None:
    assert told("expert", {"name": "贺云舟"}, card(), card("贺云舟")) == ("expert", "expert")


def test_backs_may_come_after_all_fronts_or_before_their_own() -> None:
    named = {"name": "贺云舟", "agent_name": "葛小禾"}
    one, two, back = card("贺云舟"), card("葛小禾"), card()
    assert told("expert", named, one, two, back, back) == ("expert", "agent", "expert", "agent")
    assert told("expert", named, back, one, back, two) == ("expert", "expert", "agent", "agent")
    assert told("expert", named, one, back, two, back) == ("expert", "expert", "agent", "agent")
    assert told("expert", named, one, two, back) == ("expert", "agent", "agent")


def test_a_back_goes_with_the_front_that_lives_where_its_authority_issues() -> None:
    named = {"name": "贺云舟", "agent_name": "葛小禾"}
    one, two = (
        card("贺云舟", address="黑龙江省大庆市萨尔图区保健路743号"),
        card("葛小禾", address="哈尔滨市道里区和兴路264号"),
    )
    near, far = card(authority="大庆市公安局萨尔图分局"), card(authority="哈尔滨市公安局道里分局")
    assert told("expert", named, one, two, far, near) == ("expert", "agent", "agent", "expert")
    assert told("expert", named, one, two, near, far) == ("expert", "agent", "expert", "agent")
    assert told("expert", named, far, near, one, two) == ("agent", "expert", "expert", "agent")
    assert told("expert", named, one, two, far) == ("expert", "agent", "agent")


def test_where_authorities_tell_nothing_backs_lie_in_the_order_of_their_fronts() -> None:
    named = {"name": "贺云舟", "agent_name": "葛小禾"}
    one, two = (card(name, address="黑龙江省大庆市萨尔图区") for name in ("贺云舟", "葛小禾"))
    for authority in ("大庆市公安局萨尔图分局", "上海市公安局黄浦分局", ""):
        back = card(authority=authority)
        assert told("expert", named, one, two, back, back) == ("expert", "agent", "expert", "agent")
