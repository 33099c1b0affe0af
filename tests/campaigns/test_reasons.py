"""Why do I get this: what the preference page tells of the messages that were sent."""

from contacts.consenting import withdraw_consent
from contacts.preferences import preferences_path
from tests.make import (
    DAY,
    NOON,
    make_campaign,
    make_campaign_delivery,
    make_contact,
    make_delivery,
    make_rule,
)

from tests.make import make_consent, make_topic, make_version  # isort: skip

SENT = {"status": "sent", "sending_at": NOON, "finished_at": NOON}


def why(client, contact):
    page = client.get(preferences_path(contact)).text
    return page.partition('id="why"')[2].partition("</section>")[0]


def test_the_last_message_of_each_row_stands_with_its_date_and_its_yes(client, db):
    rule, person = make_rule(name="Spring letter"), make_contact()
    make_consent(person, rule.topic, at=NOON - 40 * DAY)
    version = make_version(subject="New coffees")
    make_delivery(rule, person, **SENT | {"sending_at": NOON - 9 * DAY})
    assert "Spring letter" in why(client, person)
    make_delivery(rule, person, version=version, **SENT)

    told = why(client, person)

    words = (
        "On 10 June 2026 we wrote to you “New coffees” (“Spring letter”): you said yes to this on 1 May 2026."
    )
    assert words in told
    assert told.count("Spring letter") == 1


def test_it_says_when_they_took_their_yes_back(client, db):
    rule, person = make_rule(), make_contact()
    make_consent(person, rule.topic, at=NOON - 40 * DAY)
    make_delivery(rule, person, **SENT)
    withdraw_consent(person, [rule.topic], at=NOON + DAY, source="form")

    assert "it has stopped" in why(client, person)


def test_campaigns_stand_under_their_own_topic_and_nothing_unsent_or_of_others_is_told(client, db):
    person, offers = make_contact(), make_topic("offers", "Offers")
    make_consent(person, offers, at=NOON - DAY)
    campaign = make_campaign(name="Winter sale", topic=offers)
    planned = make_campaign_delivery(campaign, person)
    make_campaign_delivery(campaign, make_contact(), **SENT)
    assert why(client, person) == ""

    type(planned).objects.filter(pk=planned.pk).update(**SENT)

    told = why(client, person)
    assert "Offers" in told
    assert "Winter sale" in told


def test_a_service_message_needs_no_yes(client, db):
    person = make_contact()
    make_delivery(make_rule(rank=0, topic=None), person, **SENT)

    told = why(client, person)

    assert "Answers to what you did" in told
    assert "needs no yes" in told
