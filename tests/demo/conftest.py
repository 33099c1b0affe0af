"""What tests of the demo may ask for."""

import pytest

from demo.catalogue import load_catalogue
from demo.mailbox_views import local
from launcher.mailbox import MaildirHandler
from touchpoints.models import Product


@pytest.fixture
def catalogue(db):
    load_catalogue()


@pytest.fixture
def record(catalogue):
    return Product.objects.get(sku="NS-JAZ-01")


@pytest.fixture
def maildir(settings, tmp_path):
    """An empty local mailbox, and how to put a message into it."""
    settings.MAILBOX_DIR = str(tmp_path / "mailbox")
    handler = MaildirHandler(settings.MAILBOX_DIR)
    local._header_line.cache_clear()
    return handler.maildir
