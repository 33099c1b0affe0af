"""What every test may ask for."""

import pytest

from tests import servers


@pytest.fixture
def mailbox(settings):
    """What the loopback SMTP server accepted during this test."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    servers.MAILBOX.clear()
    yield servers.MAILBOX
    servers.MAILBOX.clear()
