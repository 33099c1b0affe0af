"""What decides who gets what and when, and nothing else: by it a rehearsal fits a row, or no longer does."""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder

from campaigns.models import LifecycleRule, SendingSwitch

# What a person reads, and what changes by itself.
_SAYS_NOTHING = {
    "rule": {
        "id", "name", "purpose", "position", "condition", "outcomes", "more_outcomes", "status",
        "activated_at",
    },
    "step": {"position", "removed_at"},
    "campaign": {
        "id", "name", "goal", "content", "version", "status", "pause", "pause_detail", "outcome",
        "outcome_within", "send_at", "created_by", "created_at", "approved_by", "approved_at", "started_at",
        "finished_at", "counted_since", "position", "until_contact", "planned_count",
    },
}  # fmt: skip
_OF_SENDER = ("id", "time_zone", "quiet_from", "quiet_until", "cap", "cap_days")
_OF_TOPIC = ("id", "cap", "cap_days")


def fingerprint(program):
    """A hash of all that decides for this row of the strategy, or this campaign."""
    is_rule = isinstance(program, LifecycleRule)
    told = {
        "program": _values(program, _SAYS_NOTHING["rule" if is_rule else "campaign"]),
        "sender": _chosen(program.sender, _OF_SENDER),
        "topic": _chosen(program.topic, _OF_TOPIC),
        "switch": SendingSwitch.load().holdout_share,
    }
    if is_rule:
        told["steps"] = [_step(step) for step in program.steps.order_by("key")]
    text = json.dumps(told, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def _step(step):
    """Which words it has does not decide; whether two are tried does."""
    return _values(step, {*_SAYS_NOTHING["step"], "content", "content_b"}) | {"both": bool(step.content_b_id)}


def _values(row, without):
    fields = [field for field in row._meta.concrete_fields if field.name not in without]
    return {field.name: field.value_from_object(row) for field in fields}


def _chosen(row, names):
    return {name: getattr(row, name, None) for name in names} if row else None
