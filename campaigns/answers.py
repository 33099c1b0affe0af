"""Who followed links and fetched pictures: people, and beside them the machines, with how they were told."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from campaigns.models import Response
from campaigns.reports import MONTH

# Whoever answers does so within so long, as a rule: only what had as much time may count as unanswered.
ANSWER_WITHIN = timedelta(days=2)
# Whether a message (d, of a row k or a campaign c) had its time to be answered, and to reach its outcome.
HAD_ITS_TIME = """d.sending_at + CASE
    WHEN coalesce(k.outcome, c.outcome, '') = '' THEN %(answer_within)s::interval
    ELSE greatest(coalesce(k.outcome_within, c.outcome_within), %(answer_within)s::interval)
END <= %(at)s"""

# From the answers to the messages: far fewer than the messages.
_COUNTS = """
WITH heard AS (
    SELECT r.delivery_id, r.kind, bool_or(r.made_by = 'person') AS by_a_person
    FROM campaigns_response r JOIN campaigns_delivery d ON d.id = r.delivery_id
    WHERE d.{program} = %(program)s AND r.at >= %(since)s AND d.sending_at >= %(since)s
      AND r.kind IN ('clicked', 'opened')
    GROUP BY r.delivery_id, r.kind
)
SELECT kind, count(*) FILTER (WHERE by_a_person), count(*) FILTER (WHERE NOT by_a_person)
FROM heard GROUP BY kind
"""
_REASONS = """
SELECT r.why, count(DISTINCT r.delivery_id)
FROM campaigns_response r JOIN campaigns_delivery d ON d.id = r.delivery_id
WHERE d.{program} = %(program)s AND r.at >= %(since)s AND d.sending_at >= %(since)s AND r.made_by <> 'person'
GROUP BY r.why ORDER BY count(DISTINCT r.delivery_id) DESC, r.why
"""


@dataclass(frozen=True)
class Answers:
    """Of how many messages a link was followed or a picture fetched: by people, and by machines alone."""

    clicked: int = 0
    clicked_by_machines: int = 0
    opened: int = 0
    opened_by_machines: int = 0
    # How the machines were told, and of how many messages: the most first.
    reasons: tuple = ()


def answers_to_rule(rule, at):
    """What was answered to what a row sent in the last 30 days."""
    return _answers("rule_id", rule.pk, at - MONTH)


def answers_to_campaign(campaign):
    """What was answered to a campaign; nothing before it has started."""
    return _answers("campaign_id", campaign.pk, campaign.started_at) if campaign.started_at else Answers()


def _answers(program, pk, since):
    counts = {kind: numbers for kind, *numbers in _ask(_COUNTS, program, pk, since)}
    clicked, opened = (counts.get(kind, (0, 0)) for kind in (Response.Kind.CLICKED, Response.Kind.OPENED))
    return Answers(*clicked, *opened, tuple(_ask(_REASONS, program, pk, since)))


def _ask(sql, program, pk, since):
    with connection.cursor() as cursor:
        cursor.execute(sql.format(program=program), {"program": pk, "since": since})
        return cursor.fetchall()
