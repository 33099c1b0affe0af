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
          AND (sending_at IS NULL OR attempts = 0 OR address = '' AND NOT EXISTS (
              SELECT 1 FROM contacts_contact c WHERE c.id = contact_id AND c.erased_at IS NOT NULL
          ))
    """,
    _("nothing passed the gate without the consent that held then"): """
        SELECT d.id FROM campaigns_delivery d
        LEFT JOIN LATERAL (
            SELECT action FROM contacts_consent said
            WHERE said.contact_id = d.contact_id AND said.topic_id = d.topic_id
              AND (said.channel = d.channel OR d.channel = 'panel' AND said.channel = 'email')
              -- What was written down later could not be known. Where the ledger does not know the moment
              -- itself, the run's stands for it.
              AND CASE WHEN d.passed_at IS NOT NULL THEN said.recorded_at <= d.passed_at
                  WHEN said.action = 'given' THEN said.at <= d.sending_at + interval '2 minutes'
                  ELSE said.at <= d.sending_at AND said.recorded_at <= d.sending_at END
            ORDER BY said.channel <> d.channel, said.at DESC, said.id DESC LIMIT 1
        ) consent ON true
        WHERE d.sending_at IS NOT NULL AND d.topic_id IS NOT NULL
          AND consent.action IS DISTINCT FROM 'given'
    """,
    _("the counts of every campaign balance, and one that is finished has nothing left to do"): """
        SELECT min(d.id) AS id FROM campaigns_campaign k
        LEFT JOIN campaigns_delivery d ON d.campaign_id = k.id
        GROUP BY k.id
        HAVING count(d.id) <> k.planned_count OR k.status = 'finished' AND count(d.id) FILTER (
            WHERE d.status IN ('planned', 'claimed', 'sending', 'unknown')
        ) > 0
    """,
    _("nothing was taken twice but where the ledger says that nobody could know"): """
        SELECT n.delivery_id AS id FROM campaigns_notice n JOIN campaigns_delivery d ON d.id = n.delivery_id
        WHERE n.is_trusted AND n.provider_ref <> ''
        GROUP BY n.delivery_id, d.doubts HAVING count(DISTINCT n.provider_ref) > 1 + d.doubts
    """,
    _("whatever a provider speaks of had passed the gate"): """
        SELECT d.id FROM campaigns_notice n JOIN campaigns_delivery d ON d.id = n.delivery_id
        WHERE n.is_trusted AND d.first_sending_at IS NULL AND d.status <> 'erased'
    """,
    _("a step follows a message that was sent, within the same sequence"): """
        SELECT d.id FROM campaigns_delivery d JOIN campaigns_delivery before ON before.id = d.parent_id
        WHERE before.status <> 'sent' OR before.contact_id <> d.contact_id OR before.sending_at > d.due_at
           OR before.episode <> d.episode
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
