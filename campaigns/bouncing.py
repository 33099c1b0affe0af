"""What comes back is held against the address, or against the sender, by fixed rules.

What came back for good stops the address at once; what came back for now does after five in a row over
fifteen days; a refusal by policy is the sender's; who complained gets no marketing ever again. All of it is
decided from the whole history of the address, so that it does not matter in which order it was told.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, F, Max, Min
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.bounces import mapping, reasons
from campaigns.models import Notice
from contacts.locking import lock_contacts
from contacts.models import Identity, Suppression, normalise_email
from contacts.suppressing import suppress

SOFT_IN_A_ROW = 5
SOFT_FOR = timedelta(days=15)
# A server that could not deliver has said so by then; silence after it means that the message arrived.
SILENCE = timedelta(days=6)

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Kind, Scope, Reason = Notice.Kind, Suppression.Scope, Suppression.Reason

# What proves that a message arrived.
ARRIVED = [Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINT]

# What speaks against addresses that are not suppressed for it yet. Only what came after the last time that a
# person lifted the suppression counts. Two notices of one message are one failure.
_VERDICTS = """
WITH told AS MATERIALIZED (
    SELECT n.id, n.address, n.kind, n.at, n.source, n.status_code, n.detail,
           coalesce(n.delivery_id, -n.id) AS message,
           CASE WHEN n.kind = 'complaint' THEN 'marketing' ELSE 'all' END AS scope
    FROM campaigns_notice n WHERE n.address = ANY(%(addresses)s) AND n.is_trusted
), fresh AS MATERIALIZED (
    SELECT told.* FROM told WHERE told.at > ALL (
        SELECT x.lifted_at FROM contacts_suppression x
        WHERE x.channel = 'email' AND x.address = told.address AND x.scope = told.scope
          AND x.lifted_at IS NOT NULL
    )
), suspects AS MATERIALIZED (
    SELECT address, min(at) AS since FROM fresh WHERE kind = 'soft'
    GROUP BY address HAVING count(DISTINCT message) >= %(in_a_row)s
), arrivals AS (
    SELECT address, at FROM told WHERE kind = ANY(%(arrived)s)
    UNION ALL
    SELECT d.address, d.sending_at FROM suspects s
    JOIN contacts_identity i ON i.kind = 'email' AND i.value = s.address
    JOIN campaigns_delivery d ON d.contact_id = i.contact_id AND d.address = s.address AND d.status = 'sent'
    JOIN contacts_sender ON contacts_sender.id = d.sender_id
    WHERE contacts_sender.provider = 'smtp' AND contacts_sender.return_domain <> ''
      AND d.sending_at > s.since AND d.sending_at < %(at)s - %(silence)s
      AND NOT EXISTS (SELECT 1 FROM campaigns_notice n WHERE n.delivery_id = d.id AND n.kind <> 'accepted')
), streaks AS (
    SELECT fresh.address, max(fresh.id) AS id FROM fresh JOIN suspects USING (address)
    WHERE fresh.kind = 'soft' AND fresh.at > ALL (
        SELECT arrivals.at FROM arrivals WHERE arrivals.address = fresh.address
    )
    GROUP BY fresh.address
    HAVING count(DISTINCT message) >= %(in_a_row)s AND max(at) - min(at) >= %(soft_for)s
), verdicts AS (
    SELECT DISTINCT ON (address, scope) address, scope, kind, source, status_code, detail
    FROM fresh WHERE kind IN ('hard', 'complaint') OR id IN (SELECT id FROM streaks)
    ORDER BY address, scope, kind = 'soft', at, id
)
SELECT v.address, v.scope, v.kind, v.source, v.status_code, v.detail FROM verdicts v
WHERE NOT EXISTS (
    SELECT 1 FROM contacts_suppression x WHERE x.channel = 'email' AND x.address = v.address
      AND x.scope = v.scope AND x.lifted_at IS NULL
)
ORDER BY v.address, v.scope
"""


@transaction.atomic
def judge(addresses, at):
    """Suppress those of these addresses whose history asks for it; returns the new suppressions."""
    addresses = sorted({normalise_email(address) for address in addresses if address})
    if not addresses:
        return []
    # All at once and in id order, whatever order the addresses come in.
    holders = Identity.objects.filter(kind=Identity.Kind.EMAIL, value__in=addresses)
    lock_contacts(holders.values_list("contact_id", flat=True))
    return [_suppress(*verdict, at) for verdict in _verdicts(addresses, at)]


@dataclass(frozen=True)
class Row:
    """How many messages came back for now, one after the other, and since when."""

    times: int = 0
    since: datetime | None = None


def soft_row_of(address):
    """The row of soft bounces that an address stands in: what is shown to people; `judge` asks again."""
    lifts = Suppression.objects.filter(address=address, scope=Scope.ALL, lifted_at__isnull=False)
    ends = Notice.objects.filter(address=address, is_trusted=True, kind__in=ARRIVED)
    moments = [lifts.aggregate(at=Max("lifted_at"))["at"], ends.aggregate(at=Max("at"))["at"]]
    soft = Notice.objects.filter(address=address, is_trusted=True, kind=Kind.SOFT)
    soft = soft.filter(at__gt=max(filter(None, moments), default=BEGINNING))
    messages = Coalesce("delivery_id", -F("id"))
    found = soft.aggregate(times=Count(messages, distinct=True), since=Min("at"))
    return Row(found["times"], found["since"])


def _verdicts(addresses, at):
    spans = {"in_a_row": SOFT_IN_A_ROW, "soft_for": SOFT_FOR, "silence": SILENCE, "arrived": ARRIVED}
    with connection.cursor() as cursor:
        cursor.execute(_VERDICTS, {"addresses": addresses, "at": at, **spans})
        return cursor.fetchall()


def _suppress(address, scope, kind, source, status_code, detail, at):
    reason = Reason.COMPLAINED if kind == Kind.COMPLAINT else Reason.BOUNCED
    words = detail or status_code
    if kind == Kind.SOFT:
        words = _("%(times)s times in a row: %(words)s") % {"times": SOFT_IN_A_ROW, "words": words}
    return suppress(address, reason=reason, scope=scope, at=at, source=source, detail=words)


def classify_reply(code, text):
    """What a server's answer to a recipient says: "hard", "soft", "policy" or "other"."""
    is_final = not str(code).startswith("4")
    return str(mapping.kind_of(reasons.reason_of(f"{code} {text}", stage=reasons.RCPT, is_final=is_final)))
