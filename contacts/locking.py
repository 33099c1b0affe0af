"""The one way contacts are locked: same mode, same order, so that nothing waits in a ring."""

from django.db import connection


def lock_contacts(ids):
    """Lock these contacts until the transaction ends, in id order; returns the ids that exist.

    `FOR NO KEY UPDATE`, not `FOR UPDATE`: rows that point at a contact may still be inserted meanwhile.
    Must be called inside a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(lock_sql("ids"), {"ids": sorted(set(ids))})
        return [row[0] for row in cursor.fetchall()]


def lock_sql(name):
    """The statement that locks the contacts %(name)s, for whoever sends it along with what needs the lock."""
    return f"SELECT id FROM contacts_contact WHERE id = ANY(%({name})s) ORDER BY id FOR NO KEY UPDATE"
