"""Why do I get this: what the preference page tells of the messages that were sent."""

from campaigns import merge_fields
from contacts.consenting import withdraw_consent
from contacts.preferences import preferences_path, read_message, read_token
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


def why(client, contact, mail=None):
    """What the page says of why, reached by the link in a mail, or by one in none."""
    page = client.get(preferences_path(contact, mail and mail.uuid)).text
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


def test_the_mail_that_led_there_is_told_before_all_others(client, db):
    rule, person = make_rule(name="Welcome"), make_contact()
    make_consent(person, rule.topic, at=NOON - 40 * DAY)
    mail = make_delivery(rule, person, version=make_version(subject="Here it comes"), **SENT)
    make_delivery(rule, person, channel="panel", version=make_version(subject="Look around"), **SENT)
    assert "The message you came from" not in why(client, person)

    told = why(client, person, mail)

    first, others = told.split("</h3>")[1:3]
    assert "The message you came from" in told.partition("</h3>")[0]
    assert "we wrote to you “Here it comes” (“Welcome”): you said yes to this on 1 May 2026." in first
    assert "we first showed you “Look around”" in others
    assert told.count("Here it comes") == 1


def test_a_mail_and_a_panel_of_one_row_are_both_told(client, db):
    rule, person = make_rule(), make_contact()
    make_delivery(rule, person, version=make_version(subject="Here it comes"), **SENT)
    make_delivery(rule, person, channel="panel", version=make_version(subject="Look around"), **SENT)

    told = why(client, person)

    assert ("Here it comes" in told, "Look around" in told) == (True, True)


def test_nothing_is_told_of_what_others_hold_or_what_never_went(client, db):
    rule, person, other = make_rule(), make_contact(), make_contact()
    theirs, planned = make_delivery(rule, other, **SENT), make_delivery(rule, person)
    assert "The message you came from" in why(client, other, theirs)

    assert why(client, person, theirs) == ""
    assert why(client, person, planned) == ""


def test_the_link_in_a_mail_says_which_mail_it_was(ada, topic, sender):
    mail = make_delivery(make_rule(), ada, **SENT)

    url = merge_fields.gather([mail])[mail.pk]["preferences_url"]

    token = url.rstrip("/").rpartition("/")[2]

    assert (read_token(token), read_message(token)) == (ada, mail.uuid)


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
