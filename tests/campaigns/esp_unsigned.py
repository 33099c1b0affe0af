"""What the other providers post, whose only proof is the secret in the address."""

import json

from tests.campaigns.esp_posts import AGENT, LINK, NOBODY, TO, Post


def brevo(it):
    names = {
        "accepted": "request",
        "delivered": "delivered",
        "deferred": "deferred",
        "hard": "hard_bounce",
        "soft": "soft_bounce",
        "complaint": "spam",
        "opened": "opened",
        "clicked": "click",
        "unsubscribed": "unsubscribe",
    }
    event = {
        "event": names[it.what],
        "email": TO,
        "id": 1,
        "ts_epoch": it.stamp * 1000 + it.number,
        "message-id": it.ref,
        "X-Mailin-custom": json.dumps({"delivery": it.key}),
        "reason": {"hard": NOBODY, "soft": "452 mailbox full"}.get(it.what, ""),
        "link": LINK if it.what == "clicked" else "",
    }
    return Post("brevo", json.dumps(event).encode())


def mailjet(it):
    names = {
        "delivered": {"event": "sent", "smtp_reply": "sent (250 2.0.0 OK)"},
        "deferred": {"event": "bounce", "error": "greylisted", "hard_bounce": False},
        "hard": {"event": "bounce", "error": "user unknown", "hard_bounce": True, "comment": NOBODY},
        "soft": {"event": "bounce", "error": "quota exceeded", "hard_bounce": False},
        "complaint": {"event": "spam", "source": "JMRPP"},
        "opened": {"event": "open", "agent": AGENT},
        "clicked": {"event": "click", "url": LINK, "agent": AGENT},
        "unsubscribed": {"event": "unsub", "mj_list_id": 1},
    }
    if it.what not in names:
        return None
    event = names[it.what] | {
        "time": it.stamp,
        "MessageID": it.ref,
        "email": TO,
        "Payload": json.dumps({"delivery": it.key}),
        "mj_campaign_id": it.number,
    }
    return Post("mailjet", json.dumps([event]).encode())


def postmark(it):
    events = {
        "delivered": {"RecordType": "Delivery", "Recipient": TO, "DeliveredAt": it.iso, "Details": "250 OK"},
        "deferred": {"RecordType": "Bounce", "Type": "Transient", "Email": TO, "BouncedAt": it.iso},
        "hard": {
            "RecordType": "Bounce",
            "Type": "HardBounce",
            "Email": TO,
            "BouncedAt": it.iso,
            "Details": NOBODY,
            "ID": it.number,
        },
        "soft": {
            "RecordType": "Bounce",
            "Type": "SoftBounce",
            "Email": TO,
            "BouncedAt": it.iso,
            "ID": it.number,
        },
        "complaint": {
            "RecordType": "SpamComplaint",
            "Type": "SpamComplaint",
            "Email": TO,
            "BouncedAt": it.iso,
            "ID": it.number,
        },
        "opened": {"RecordType": "Open", "Recipient": TO, "ReceivedAt": it.iso, "UserAgent": AGENT},
        "clicked": {
            "RecordType": "Click",
            "Recipient": TO,
            "ReceivedAt": it.iso,
            "OriginalLink": LINK,
            "UserAgent": AGENT,
        },
        "unsubscribed": {
            "RecordType": "SubscriptionChange",
            "Recipient": TO,
            "ChangedAt": it.iso,
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
        },
    }
    if it.what not in events:
        return None
    event = events[it.what] | {"MessageID": it.ref, "Metadata": {"delivery": it.key}, "ServerID": it.number}
    return Post("postmark", json.dumps(event).encode())


def sparkpost(it):
    events = {
        "accepted": ("message_event", {"type": "injection"}),
        "delivered": ("message_event", {"type": "delivery"}),
        "deferred": (
            "message_event",
            {"type": "delay", "bounce_class": "21", "raw_reason": "454 4.4.4 no MX"},
        ),
        "hard": ("message_event", {"type": "bounce", "bounce_class": "10", "raw_reason": NOBODY}),
        "soft": ("message_event", {"type": "bounce", "bounce_class": "22", "raw_reason": "552 full"}),
        "policy": ("message_event", {"type": "bounce", "bounce_class": "50", "raw_reason": "550 blocked"}),
        "vacation": ("message_event", {"type": "bounce", "bounce_class": "60"}),
        "complaint": ("message_event", {"type": "spam_complaint"}),
        "opened": ("track_event", {"type": "open", "user_agent": AGENT}),
        "clicked": ("track_event", {"type": "click", "target_link_url": LINK, "user_agent": AGENT}),
        "unsubscribed": ("unsubscribe_event", {"type": "list_unsubscribe"}),
    }
    kind, event = events[it.what]
    event |= {
        "event_id": f"{it.what}{it.number}",
        "raw_rcpt_to": TO,
        "rcpt_meta": {"delivery": it.key},
        "timestamp": str(it.stamp),
        "transmission_id": it.ref,
    }
    return Post("sparkpost", json.dumps([{"msys": {kind: event}}]).encode())
