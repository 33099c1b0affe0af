"""Invented people: the same everywhere, at addresses where no mail can arrive."""

from demo.people import invent


def test_the_same_people_are_invented_everywhere():
    first = invent(1)[0]

    assert (first.first_name, first.last_name, first.email) == ("Isak", "Sánchez", "isak.sanchez@example.com")


def test_asking_for_more_leaves_the_first_as_they_are():
    assert invent(50) == invent(2000)[:50]


def test_every_address_is_plain_and_used_once():
    addresses = [person.email for person in invent(2657)]

    assert len(set(addresses)) == 2657
    assert all(address.isascii() and address.endswith("@example.com") for address in addresses)
