"""What every test may ask for: the mailbox, and the cast: Ada agreed, Ben withdrew, Cleo's mail bounced."""

import dns.resolver
import pytest
from django.core.cache import cache

from contacts.models import Suppression
from tests import servers
from tests.make import DAY, NOON, make_consent, make_contact, make_sender, make_topic, make_user


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    """Hashing a password slowly guards people, not tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def empty_cache():
    """Rate limits counted for one test must not stop the next; only this worker's own database is emptied."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def no_name_server(monkeypatch):
    """No test asks the name servers of this machine."""

    def refuse():
        raise dns.resolver.NoResolverConfiguration("tests ask no name server")

    monkeypatch.setattr(dns.resolver, "get_default_resolver", refuse)


@pytest.fixture
def mailbox(settings):
    """What the loopback SMTP server accepted during this test."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    servers.MAILBOX.clear()
    yield servers.MAILBOX
    servers.MAILBOX.clear()


@pytest.fixture
def topic(db):
    return make_topic()


@pytest.fixture
def sender(db):
    return make_sender()


@pytest.fixture
def ada(topic):
    """May be written to."""
    contact = make_contact("ada@example.com", first_name="Ada", last_name="Byron")
    make_consent(contact, topic, at=NOON - 10 * DAY)
    return contact


@pytest.fixture
def ben(topic):
    """Agreed once, and withdrew."""
    contact = make_contact("ben@example.com", first_name="Ben", last_name="Okri")
    make_consent(contact, topic, at=NOON - 10 * DAY)
    make_consent(contact, topic, action="withdrawn", at=NOON - 5 * DAY)
    return contact


@pytest.fixture
def cleo(topic):
    """Agreed, but the address bounced for good."""
    contact = make_contact("cleo@example.com", first_name="Cleo", last_name="Marsh")
    make_consent(contact, topic, at=NOON - 10 * DAY)
    Suppression.objects.create(address=contact.email, reason="bounced", at=NOON - 5 * DAY, source="test")
    return contact


@pytest.fixture
def marketer(db):
    return make_user("marketer", first_name="Ines", last_name="Duarte")


@pytest.fixture
def admin(db):
    return make_user("admin", first_name="Ada", last_name="Admin")


@pytest.fixture
def analyst(db):
    return make_user("analyst", first_name="Nils", last_name="Analyst")


@pytest.fixture
def as_marketer(client, marketer):
    """A browser in which a marketer has signed in."""
    client.force_login(marketer)
    return client
