"""The one question of a message: asked on a page of its own, answered once, changed for a day."""

import pytest

from campaigns import content, feedback, links, responding
from campaigns.models import Delivery, Response
from contacts import erasing
from contacts.timeline import entries as timeline_entries
from tests.make import DAY, HOUR, NOON, make_content, make_delivery, make_rule, make_version
from touchpoints.models import Touchpoint

pytestmark = pytest.mark.django_db
ASKING = {
    "question": "How was your first month?",
    "body": '<mj-section><mj-column><mj-text><a href="{{ feedback_url }}">Tell us</a></mj-text></mj-column>'
    "</mj-section>",
    "text": "Tell us: {{ feedback_url }}",
}


@pytest.fixture
def asked(ada):
    """A message to Ada that asks a question, sent an hour before noon."""
    words = make_version(make_content(**ASKING), question=ASKING["question"]).content
    rule = make_rule(content=words, outcome="feedback")
    return make_delivery(rule, ada, status=Delivery.Status.SENT, sending_at=NOON - HOUR)


def path_of(delivery):
    url = links.feedback_url(delivery)
    return url[url.index("/f/") :]


def answers():
    return Touchpoint.objects.filter(kind="feedback").order_by("id")


@pytest.fixture
def page(asked):
    return path_of(asked)


def test_looking_at_the_question_answers_nothing(client, page):
    for method in (client.get, client.head):
        assert method(page).status_code == 200

    assert "How was your first month?" in client.get(page).content.decode()
    assert not answers().exists()
    # The same page does take an answer.
    assert client.post(page, {"score": "4"}).status_code == 200
    assert answers().count() == 1


def test_an_answer_is_a_touchpoint_in_their_words(client, page, asked):
    answer = client.post(page, {"score": "5", "text": "The sleeves are lovely."})

    (told,) = answers()
    assert told.contact == asked.contact
    assert told.source == "feedback"
    assert told.data["question"] == ASKING["question"]
    assert (told.data["score"], told.data["answer"], told.data["text"]) == (
        5,
        "Very good",
        "The sleeves are lovely.",
    )
    assert told.data["delivery"] == str(asked.uuid)
    assert told.data["rule_id"] == asked.rule_id
    assert "Thank you" in answer.content.decode()
    assert asked.responses.get().kind == Response.Kind.REPLIED


def test_their_words_stand_on_their_timeline(asked):
    feedback.take(asked, 5, "The sleeves are lovely.", at=NOON)

    quotes = [entry.quote for entry in timeline_entries(asked.contact, before=NOON + DAY, limit=20)]
    assert "The sleeves are lovely." in quotes


def test_the_same_answer_twice_is_one(asked):
    feedback.take(asked, 5, "Good", at=NOON)
    _, is_new = feedback.take(asked, 5, " Good ", at=NOON + HOUR)

    assert not is_new
    assert answers().count() == 1


def test_an_answer_may_be_changed_for_a_day_and_then_stands(asked):
    feedback.take(asked, 5, "", at=NOON)
    changed, is_new = feedback.take(asked, 2, "It broke.", at=NOON + DAY - HOUR)
    assert is_new
    assert feedback.answer_to(asked) == changed

    with pytest.raises(feedback.TooLate):
        feedback.take(asked, 4, "", at=NOON + DAY)

    assert [told.data["score"] for told in answers()] == [5, 2]
    assert [told.data["score"] for told in feedback.newest_answers(asked.rule, NOON + DAY)] == [2]


@pytest.mark.parametrize("score", ["", "9", "0", "good"])
def test_what_is_no_answer_is_asked_again(client, page, score):
    answer = client.post(page, {"score": score, "text": "My words"})

    assert answer.status_code == 422
    assert "My words" in answer.content.decode()
    assert not answers().exists()


def test_an_altered_link_asks_nothing(client, page, asked):
    assert client.get(page).status_code == 200

    assert client.get(page[:-3] + "A/").status_code == 404
    assert client.get(f"/f/{links.stop_url(asked).rstrip('/').rpartition('/')[2]}/").status_code == 404


def test_a_message_without_a_question_has_no_page(client, ada):
    delivery = make_delivery(contact=ada, status=Delivery.Status.SENT)

    assert client.get(path_of(delivery)).status_code == 404


def test_who_was_erased_is_asked_nothing_and_their_answer_is_forgotten(client, page, asked):
    client.post(page, {"score": "1", "text": "My name is Ada."})
    assert feedback.newest_answers(asked.rule, NOON + 999 * DAY)

    erasing.erase(asked.contact, at=NOON + HOUR)

    assert client.get(page).status_code == 404
    assert client.post(page, {"score": "5"}).status_code == 404
    assert feedback.newest_answers(asked.rule, NOON + 999 * DAY) == []
    assert "Ada" not in str([*answers().values_list("data", flat=True)])


def test_an_answer_reaches_the_outcome_that_asks_for_one(asked):
    assert responding.note_outcomes(NOON) == 0

    feedback.take(asked, 3, "", at=NOON)

    assert responding.note_outcomes(NOON) == 1
    asked.refresh_from_db()
    assert asked.outcome_touchpoint.kind == "feedback"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"question": ""}, "write it"),
        ({"body": ASKING["body"].replace("feedback_url", "shop_url"), "text": "No link"}, "Nothing leads"),
    ],
)
def test_a_question_and_the_way_to_it_go_together(changed, problem):
    words = make_content(**ASKING)
    assert content.problems(words) == []

    for name, value in changed.items():
        setattr(words, name, value)

    (found,) = content.problems(words)
    assert found.field == "question"
    assert problem in found.words


def test_the_question_is_frozen_with_the_words(asked):
    words = make_content(**ASKING)
    first = content.freeze(words, at=NOON)
    words.refresh_from_db()
    words.question = "And now?"
    words.save()
    second = content.freeze(words, at=NOON + HOUR)

    assert (first.question, second.question) == ("How was your first month?", "And now?")
    assert second.number == first.number + 1
