"""The one way contacts are locked: same mode, same order, so that nothing waits in a ring."""

from django.db import connection


def lock_contacts(ids):
    """Lock these contacts until the transaction ends, in id order; returns the ids that exist.

    `FOR NO KEY UPDATE`, not `FOR UPDATE`: rows that point at a contact may still be inserted meanwhile.
    Must be called inside a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM contacts_contact WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(set(ids))],
        )
        return [row[0] for row in cursor.fetchall()]
