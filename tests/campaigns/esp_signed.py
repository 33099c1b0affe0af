"""What those providers post that sign it, in the shapes that Anymail reads."""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.campaigns.esp_posts import (
    AGENT,
    CERTIFICATE_AT,
    LINK,
    NOBODY,
    PUBLIC_URL,
    SECRET,
    SVIX_KEY,
    TO,
    Post,
    ec_key,
    rsa_key,
)


def amazon_ses(it):
    mail = {
        "messageId": it.ref,
        "destination": [TO],
        "headers": [{"name": "X-CRM-Delivery", "value": it.key}],
    }
    person = {"emailAddress": TO}
    bounced = [person | {"status": "5.1.1", "diagnosticCode": f"smtp; {NOBODY}"}]
    events = {
        "accepted": {"eventType": "Send", "send": {}},
        "delivered": {"eventType": "Delivery", "delivery": {"recipients": [TO], "smtpResponse": "250 OK"}},
        "hard": {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "bouncedRecipients": bounced,
            },
        },
        "soft": {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Transient",
                "bounceSubType": "MailboxFull",
                "bouncedRecipients": [person],
            },
        },
        "complaint": {
            "eventType": "Complaint",
            "complaint": {"complainedRecipients": [person], "complaintFeedbackType": "abuse"},
        },
        "opened": {"eventType": "Open", "open": {"userAgent": AGENT}},
        "clicked": {"eventType": "Click", "click": {"userAgent": AGENT, "link": LINK}},
    }
    if it.what not in events:
        return None
    message = {
        "Type": "Notification",
        "MessageId": f"sns-{it.what}-{it.number}",
        "TopicArn": "arn:aws:sns:us-east-1:1:mail",
        "Message": json.dumps(events[it.what] | {"mail": mail}),
        "Timestamp": it.iso,
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_AT,
    }
    return sns(message)


def sns(message):
    names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    words = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    signature = rsa_key().sign(words.encode(), padding.PKCS1v15(), hashes.SHA256())
    body = message | {"Signature": base64.b64encode(signature).decode()}
    headers = {"X-Amz-Sns-Message-Type": message["Type"], "X-Amz-Sns-Message-Id": message["MessageId"]}
    return Post("amazon_ses", json.dumps(body).encode(), headers, "text/plain; charset=UTF-8")


def mailersend(it):
    names = {
        "accepted": "sent",
        "delivered": "delivered",
        "hard": "hard_bounced",
        "soft": "soft_bounced",
        "complaint": "spam_complaint",
        "opened": "opened",
        "clicked": "clicked",
        "unsubscribed": "unsubscribed",
    }
    if it.what not in names:
        return None
    name = names[it.what]
    morphs = {
        "hard": {"object": "recipient_bounce", "reason": "Host or domain name not found"},
        "soft": {"object": "recipient_bounce", "reason": "Unknown reason"},
        "complaint": {"object": "spam_complaint", "reason": None},
        "clicked": {"object": "click", "url": LINK},
        "unsubscribed": {"object": "recipient_unsubscribe", "reason": "option_3"},
    }
    event = {
        "type": f"activity.{name}",
        "created_at": it.iso,
        "data": {
            "object": "activity",
            "id": f"ms-{it.what}-{it.number}",
            "type": name,
            "created_at": it.iso,
            "email": {
                "tags": [it.key],
                "message": {"object": "message", "id": it.ref},
                "recipient": {"object": "recipient", "email": TO},
            },
            "morph": morphs.get(it.what),
        },
    }
    body = json.dumps(event).replace("/", "\\/").encode()
    return Post("mailersend", body, {"Signature": hmac.new(b"ms", body, hashlib.sha256).hexdigest()})


def mailgun(it):
    names = {
        "accepted": {"event": "accepted"},
        "delivered": {"event": "delivered"},
        "deferred": {"event": "failed", "severity": "temporary", "reason": "generic"},
        "hard": {"event": "failed", "severity": "permanent", "reason": "bounce"},
        "soft": {"event": "failed", "severity": "permanent", "reason": "bounce"},
        "complaint": {"event": "complained"},
        "opened": {"event": "opened"},
        "clicked": {"event": "clicked", "url": LINK},
        "unsubscribed": {"event": "unsubscribed"},
    }
    answers = {
        "hard": {"code": 550, "message": NOBODY, "description": ""},
        "soft": {"code": 552, "message": "552 5.2.2 Mailbox full", "description": ""},
    }
    token = hashlib.sha256(f"{it.what}{it.number}".encode()).hexdigest()[:50]
    signed = hmac.new(b"mg", f"{it.stamp}{token}".encode(), hashlib.sha256).hexdigest()
    event = {
        "signature": {"token": token, "timestamp": str(it.stamp), "signature": signed},
        "event-data": names[it.what]
        | {
            "id": "x",
            "timestamp": it.stamp,
            "recipient": TO,
            "message": {"headers": {"message-id": it.ref.strip("<>")}},
            "user-variables": {"delivery": it.key},
            "delivery-status": answers.get(it.what, {"code": 250, "message": "OK"}),
            "client-info": {"user-agent": AGENT},
        },
    }
    return Post("mailgun", json.dumps(event).encode())


def mailtrap(it):
    names = {
        "delivered": {"event": "delivery"},
        "deferred": {
            "event": "soft bounce",
            "response": "soft bounce (450 4.2.0 unavailable)",
            "response_code": 450,
        },
        "hard": {
            "event": "bounce",
            "response": f"bounced ({NOBODY})",
            "response_code": 550,
            "bounce_category": "hard",
        },
        "complaint": {"event": "spam"},
        "opened": {"event": "open", "user_agent": AGENT},
        "clicked": {"event": "click", "url": LINK, "user_agent": AGENT},
        "unsubscribed": {"event": "unsubscribe"},
    }
    if it.what not in names:
        return None
    event = names[it.what] | {
        "timestamp": it.stamp,
        "message_id": it.ref,
        "email": TO,
        "event_id": f"mt-{it.what}-{it.number}",
        "custom_variables": {"delivery": it.key},
    }
    body = json.dumps({"events": [event]}).encode()
    return Post("mailtrap", body, {"Mailtrap-Signature": hmac.new(b"mt", body, hashlib.sha256).hexdigest()})


def mandrill(it):
    names = {
        "accepted": "send",
        "deferred": "deferral",
        "hard": "hard_bounce",
        "soft": "soft_bounce",
        "complaint": "spam",
        "opened": "open",
        "clicked": "click",
        "unsubscribed": "unsub",
    }
    if it.what not in names:
        # It has no word for "delivered".
        return None
    event = {
        "event": names[it.what],
        "ts": it.stamp,
        "_id": it.ref,
        "url": LINK if it.what == "clicked" else None,
        "user_agent": AGENT,
        "number": it.number,
        "msg": {
            "ts": it.stamp,
            "email": TO,
            "_id": it.ref,
            "metadata": {"delivery": it.key},
            "tags": [],
            "diag": f"smtp;{NOBODY}" if it.what == "hard" else "",
            "bounce_description": "bad_mailbox" if it.what == "hard" else "",
        },
    }
    events = json.dumps([event])
    signed = f"{PUBLIC_URL}/hooks/mandrill/{SECRET}/mandrill_events{events}"
    signature = base64.b64encode(hmac.new(b"md", signed.encode(), hashlib.sha1).digest()).decode()
    body = urlencode({"mandrill_events": events}).encode()
    return Post("mandrill", body, {"X-Mandrill-Signature": signature}, "application/x-www-form-urlencoded")


def postal(it):
    message = {
        "id": it.ref,
        "direction": "outgoing",
        "message_id": "x@rp.postal.example.com",
        "to": TO,
        "tag": it.key,
    }
    payloads = {
        "delivered": {"message": message, "status": "Sent", "output": "250 2.0.0 OK\n"},
        "deferred": {"message": message, "status": "SoftFail", "output": "451 4.7.1 Greylisted"},
        "accepted": {"message": message, "status": "Held", "details": "held"},
        "hard": {"message": message, "status": "HardFail", "output": NOBODY},
        "soft": {"original_message": message, "bounce": {"id": 2, "direction": "incoming"}},
        "clicked": {"message": message, "url": LINK, "user_agent": AGENT},
    }
    if it.what not in payloads:
        return None
    event = {
        "event": "Message",
        "timestamp": it.stamp + 0.5,
        "payload": payloads[it.what],
        "uuid": f"pt-{it.what}-{it.number}",
    }
    body = json.dumps(event).encode()
    signature = base64.b64encode(rsa_key().sign(body, padding.PKCS1v15(), hashes.SHA1())).decode()
    return Post("postal", body, {"X-Postal-Signature": signature})


def resend(it):
    names = {
        "accepted": "email.sent",
        "delivered": "email.delivered",
        "deferred": "email.delivery_delayed",
        "hard": "email.bounced",
        "soft": "email.bounced",
        "complaint": "email.complained",
        "opened": "email.opened",
        "clicked": "email.clicked",
    }
    if it.what not in names:
        return None
    data = {
        "created_at": it.iso,
        "email_id": it.ref,
        "from": "Ines <ines@example.com>",
        "to": [TO],
        "headers": [{"name": "X-Metadata", "value": json.dumps({"delivery": it.key})}],
    }
    more = {
        "hard": {
            "bounce": {"message": "The recipient's server sent a hard bounce message", "type": "Permanent"}
        },
        "soft": {"bounce": {"message": "The recipient's inbox was full", "type": "Transient"}},
        "clicked": {"click": {"link": LINK, "userAgent": AGENT}},
    }
    event = {"type": names[it.what], "created_at": it.iso, "data": data | more.get(it.what, {})}
    return svix(json.dumps(event).encode(), f"msg_{it.what}_{it.number}", it.stamp)


def svix(body, name, stamp):
    signed = f"{name}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.new(SVIX_KEY, signed, hashlib.sha256).digest()).decode()
    headers = {"Svix-Id": name, "Svix-Timestamp": str(stamp), "Svix-Signature": f"v1,other v1,{signature}"}
    return Post("resend", body, headers)


def sendgrid(it):
    events = {
        "accepted": {"event": "processed"},
        "delivered": {"event": "delivered", "response": "250 OK"},
        "deferred": {"event": "deferred", "response": "400 try again later", "attempt": "5"},
        "hard": {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": NOBODY},
        "policy": {
            "event": "bounce",
            "type": "blocked",
            "reason": "550 5.7.1 Message rejected due to local policy",
        },
        "complaint": {"event": "spamreport"},
        "opened": {"event": "open", "useragent": AGENT},
        "clicked": {"event": "click", "url": LINK, "useragent": AGENT},
        "unsubscribed": {"event": "unsubscribe"},
    }
    if it.what not in events:
        return None
    event = events[it.what] | {
        "email": TO,
        "timestamp": it.stamp,
        "sg_event_id": f"sg-{it.what}-{it.number}",
        "sg_message_id": "x",
        "anymail_id": it.ref,
        "delivery": it.key,
    }
    return signed_sendgrid(json.dumps([event]).encode(), it.stamp)


def signed_sendgrid(body, stamp):
    signature = ec_key().sign(f"{stamp}".encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(stamp),
    }
    return Post("sendgrid", body, headers)


def unisender_go(it):
    statuses = {
        "accepted": ("sent", {}),
        "delivered": ("delivered", {"delivery_status": "ok_delivered"}),
        "deferred": ("soft_bounced", {"delivery_status": "err_will_retry"}),
        "hard": ("hard_bounced", {"delivery_status": "err_user_unknown", "destination_response": NOBODY}),
        "soft": ("hard_bounced", {"delivery_status": "err_mailbox_full"}),
        "policy": ("hard_bounced", {"delivery_status": "err_spam_rejected"}),
        "complaint": ("spam", {}),
        "opened": ("opened", {"user_agent": AGENT}),
        "clicked": ("clicked", {"user_agent": AGENT}),
        "unsubscribed": ("unsubscribed", {}),
    }
    status, info = statuses[it.what]
    data = {
        "job_id": "j",
        "metadata": {"delivery": it.key, "anymail_id": it.ref},
        "email": TO,
        "status": status,
        "event_time": it.at.strftime("%Y-%m-%d %H:%M:%S"),
        "url": LINK if it.what == "clicked" else None,
        "delivery_info": info,
    }
    event = {"event_name": "transactional_email_status", "event_data": data}
    whole = {"auth": "ug", "events_by_user": [{"user_id": it.number, "events": [event]}]}
    body = json.dumps(whole).encode()
    return Post("unisender_go", body.replace(b'"ug"', f'"{hashlib.md5(body).hexdigest()}"'.encode()))
