"""Notices that providers really posted are read as what they say."""

import json
from pathlib import Path

import pytest

from campaigns import sns
from campaigns.models import Notice, RawNotice
from tests.campaigns import esp_posts, esp_signed
from tests.campaigns.esp_posts import PUBLIC_URL, SECRET

# Anymail warns at every turn: of SendGrid, no longer tried out, and of doors without basic auth.
pytestmark = pytest.mark.filterwarnings("ignore::anymail.exceptions.AnymailWarning")

DATA = Path(__file__).parents[1] / "data" / "webhooks"
REAL = {
    "json-amazonses-01": ["hard"],
    "json-amazonses-02": ["hard"],
    "json-amazonses-03": ["complaint"],
    "json-amazonses-04": ["delivered"],
    "json-amazonses-05": ["delivered"],
    "json-amazonses-06": ["hard"],
    "json-sendgrid-01": ["hard"],
    "json-sendgrid-02": ["hard", "soft"],
    **{f"json-sendgrid-{number:02}": ["hard"] for number in range(3, 11)},
    "json-sendgrid-11": ["hard", "hard", "hard"],
    "json-sendgrid-12": ["soft"],
    "json-sendgrid-13": ["delivered"],
    "json-sendgrid-14": ["soft"],
    "json-sendgrid-15": ["complaint"],
    "json-sendgrid-16": ["complaint"],
    "json-sendgrid-17": ["complaint"],
}


@pytest.fixture(autouse=True)
def set_up(settings, monkeypatch):
    settings.MAIL_HOOK_SECRET = SECRET
    settings.PUBLIC_URL = PUBLIC_URL
    settings.ANYMAIL = esp_posts.settings()
    # Amazon's own server lies outside the machine.
    monkeypatch.setattr(sns, "fetch", lambda address: esp_posts.certificate())


def posted(name):
    """The post that this file was, or would have been."""
    said = json.loads((DATA / f"{name}.json").read_bytes())
    if "sendgrid" in name:
        rows = [
            {"event": "bounce", "timestamp": 1318077134 + number} | row for number, row in enumerate(said)
        ]
        return esp_signed.signed_sendgrid(json.dumps(rows).encode(), 1318077134)
    inner = said["Message"] if "Message" in said else json.dumps(said)
    message = {
        "Type": "Notification",
        "MessageId": name,
        "TopicArn": "arn:aws:sns:us-east-1:1:mail",
        "Message": inner,
        "Timestamp": "2016-10-21T06:58:02.245Z",
        "SignatureVersion": "2",
        "SigningCertURL": esp_posts.CERTIFICATE_AT,
    }
    return esp_signed.sns(message)


@pytest.mark.parametrize("name", REAL)
def test_notices_that_were_really_posted(client, db, name):
    assert posted(name).taken_by(client).status_code == 200

    assert RawNotice.objects.get().problem == ""
    assert [*Notice.objects.order_by("at", "id").values_list("kind", flat=True)] == REAL[name]


def test_every_sample_is_tried():
    assert sorted(REAL) == sorted(path.stem for path in DATA.glob("*.json"))
