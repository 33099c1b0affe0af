"""The promises of the ledger, each as one query for the deliveries that break it."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

MOST = 100

# Which deliveries break which promise.
PROMISES = {
    _("every delivery is either waiting or has ended, once"): """
        SELECT id FROM campaigns_delivery
        WHERE (status IN ('planned', 'claimed', 'sending', 'unknown')) = (finished_at IS NOT NULL)
    """,
    _("whatever was not sent says why"): """
        SELECT id FROM campaigns_delivery
        WHERE status IN ('skipped', 'failed', 'expired', 'cancelled', 'merged', 'erased', 'parked')
          AND reason = ''
    """,
    _("whatever was sent had passed the gate"): """
        SELECT id FROM campaigns_delivery
        WHERE status IN ('sending', 'sent', 'unknown', 'parked')
          AND (sending_at IS NULL OR address = '' OR attempts = 0)
    """,
    _("nothing passed the gate without the consent that held then"): """
        SELECT d.id FROM campaigns_delivery d
        LEFT JOIN LATERAL (
            SELECT action FROM contacts_consent said
            WHERE said.contact_id = d.contact_id AND said.channel = d.channel AND said.topic_id = d.topic_id
              -- A worker reads the clock once a run, so a yes of the next moments counts; a no that was told
              -- late, with an earlier date, could not be known.
              AND CASE said.action WHEN 'given' THEN said.at <= d.sending_at + interval '2 minutes'
                  ELSE said.at <= d.sending_at AND said.recorded_at <= d.sending_at END
            ORDER BY said.at DESC, said.id DESC LIMIT 1
        ) consent ON true
        WHERE d.sending_at IS NOT NULL AND d.topic_id IS NOT NULL
          AND consent.action IS DISTINCT FROM 'given'
    """,
    _("a reminder follows a first message that was sent"): """
        SELECT d.id FROM campaigns_delivery d JOIN campaigns_delivery first ON first.id = d.parent_id
        WHERE first.status <> 'sent' OR first.contact_id <> d.contact_id OR first.sending_at > d.due_at
    """,
    _("nothing is in hand for longer than its lease and ten minutes"): """
        SELECT id FROM campaigns_delivery
        WHERE status IN ('claimed', 'sending', 'unknown')
          AND (lease_until IS NULL OR lease_until < clock_timestamp() - interval '10 minutes')
    """,
}


def verify():
    """Each promise with the ids of deliveries that break it, at most so many."""
    return [(promise, _broken(sql)) for promise, sql in PROMISES.items()]


def _broken(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM ({sql}) broken ORDER BY id LIMIT %s", [MOST])
        return [pk for (pk,) in cursor.fetchall()]
