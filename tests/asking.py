"""How often a page asks the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext


def queries(client, address):
    """How many queries a page asks, once the name of the workspace is known."""
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)
