"""Stands in for every provider on the loopback: takes messages in each one's shape, and fails by script.

The shapes of requests and answers are those that Anymail documents and reads.
"""

import json
import threading
from email.utils import format_datetime, getaddresses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from django.utils import timezone

from campaigns import rendering
from tests.make import (
    DAY,
    NOON,
    make_contact,
    make_delivery,
    make_rule,
    make_sender,
    make_topic,
    make_version,
)

TO = "ada@example.com"
SETTINGS = {
    "brevo": {"BREVO_API_KEY": "k"},
    "mailersend": {"MAILERSEND_API_TOKEN": "k"},
    "mailgun": {"MAILGUN_API_KEY": "k"},
    "mailjet": {"MAILJET_API_KEY": "k", "MAILJET_SECRET_KEY": "s"},
    "mailtrap": {"MAILTRAP_API_TOKEN": "k"},
    "mandrill": {"MANDRILL_API_KEY": "k"},
    "postal": {"POSTAL_API_KEY": "k"},
    "postmark": {"POSTMARK_SERVER_TOKEN": "k"},
    "resend": {"RESEND_API_KEY": "k"},
    "scaleway": {"SCALEWAY_SECRET_KEY": "k", "SCALEWAY_PROJECT_ID": "p"},
    "sendgrid": {"SENDGRID_API_KEY": "k"},
    "sparkpost": {"SPARKPOST_API_KEY": "k"},
    "unisender_go": {"UNISENDER_GO_API_KEY": "k"},
}
# What each says when it takes a message, and the name that it gives the message then.
TAKES = {
    "brevo": ({"messageId": "<r1@smtp-relay.example.com>"}, "<r1@smtp-relay.example.com>"),
    "mailersend": (None, "r1"),
    "mailgun": ({"id": "<r1@example.com>", "message": "Queued. Thank you."}, "<r1@example.com>"),
    "mailjet": (
        {"Messages": [{"Status": "success", "To": [{"Email": TO, "MessageUUID": "u", "MessageID": 456}]}]},
        "456",
    ),
    "mailtrap": ({"success": True, "message_ids": ["r1"]}, "r1"),
    "mandrill": ([{"email": TO, "status": "sent", "_id": "r1"}], "r1"),
    "postal": (
        {"status": "success", "data": {"message_id": "m", "messages": {TO: {"id": 1503, "token": "t"}}}},
        "1503",
    ),
    "postmark": ({"To": TO, "MessageID": "r1", "ErrorCode": 0, "Message": "OK"}, "r1"),
    "resend": ({"id": "r1"}, "r1"),
    "scaleway": ({"emails": [{"id": "r1", "mail_rcpt": TO, "status": "new"}]}, "r1"),
    "sendgrid": (None, None),
    "sparkpost": (
        {"results": {"total_rejected_recipients": 0, "total_accepted_recipients": 1, "id": "r1"}},
        "r1",
    ),
    "unisender_go": ({"status": "success", "job_id": "j", "emails": [TO], "failed_emails": {}}, None),
}
# How each says that there is no such mailbox: (status code, what it says).
NOBODY_THERE = {
    "brevo": (400, {"code": "invalid_parameter", "message": "email is not valid in to"}),
    "mailersend": (422, {"message": "The to.0.email must be a valid email address.", "errors": {}}),
    "mailgun": (400, {"message": "'to' parameter is not a valid address. please check documentation"}),
    "mailjet": (
        400,
        {
            "Messages": [
                {
                    "Status": "error",
                    "Errors": [
                        {
                            "ErrorCode": "mj-0013",
                            "StatusCode": 400,
                            "ErrorMessage": "is an invalid email address.",
                            "ErrorRelatedTo": ["To[0].Email"],
                        }
                    ],
                }
            ]
        },
    ),
    "mailtrap": (400, {"success": False, "errors": ["'to' address is invalid"]}),
    "mandrill": (200, [{"email": TO, "status": "invalid"}]),
    "postal": (200, {"status": "parameter-error", "data": {"message": "'to' address is invalid"}}),
    "postmark": (422, {"ErrorCode": 300, "Message": f"Invalid 'To' address: '{TO}'."}),
    "resend": (422, {"name": "validation_error", "message": "Invalid `to` field. Follow the format."}),
    "scaleway": (
        400,
        {"type": "invalid_arguments", "details": [{"argument_name": "to", "reason": "constraint"}]},
    ),
    "sendgrid": (
        400,
        {
            "errors": [
                {"message": "Does not contain a valid address.", "field": "personalizations.0.to.0.email"}
            ]
        },
    ),
    "sparkpost": (422, {"errors": [{"message": "invalid recipient address", "code": "5002"}]}),
    "unisender_go": (
        200,
        {"status": "success", "job_id": "j", "emails": [], "failed_emails": {TO: "invalid"}},
    ),
}
# A refusal of the message that says nothing of the address; and one of the key.
NEVER = {
    "mandrill": (500, {"status": "error", "code": -2, "name": "ValidationError", "message": "No subject"}),
    "postal": (200, {"status": "error", "data": {"code": "NoContent", "message": "There is no content"}}),
    "postmark": (422, {"ErrorCode": 300, "Message": "Invalid 'From' address: 'x'."}),
}
SHUT = {
    "mandrill": (500, {"status": "error", "code": -1, "name": "Invalid_Key", "message": "Invalid API key"}),
    "postal": (200, {"status": "error", "data": {"code": "InvalidServerAPIKey", "message": "No such key"}}),
}


def passed_delivery():
    """One that has passed the gate, with letters that have to be encoded wherever there may be some."""
    rule = make_rule(
        sender=make_sender(reply_to="answers@example.com"),
        topic=make_topic(name="Neuigkeiten für Sie"),
        content=make_version(html="<html><body><p>Grüße</p></body></html>", text="Grüße").content,
    )
    ada = make_contact(TO, first_name="Ada", last_name="Byron, Gräfin")
    return make_delivery(rule, ada, status="sending", sending_at=NOON, address=TO)


def rendered(delivery):
    return rendering.render(delivery, rendering.gather([delivery])[delivery.pk])


class Stub:
    """An HTTP server that answers as one provider does, or as it is told."""

    def __init__(self, key):
        self.key, self.taken, self.script = key, [], None
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.answer(self, body)

            def log_message(self, *_words):
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.stalled = threading.Event()

    def settings(self):
        return SETTINGS[self.key] | {f"{self.key.upper()}_API_URL": self.url}

    def stop(self):
        self.stalled.set()
        self._server.shutdown()
        self._server.server_close()

    def say(self, what):
        """One of: takes, nobody_there, never, shut, later, later_by_date, broken, gibberish, moved, …"""
        self.script = what

    def answer(self, handler, body):
        self.taken.append(self._request(handler, body))
        if self.script == "hangs_up":
            handler.close_connection = True
            handler.connection.close()
        elif self.script == "stalls":
            self.stalled.wait(10)
        else:
            self._tell(handler, *self._scripted())

    def _request(self, handler, body):
        if body[:1] in b"{[":
            return {"path": handler.path, "http": dict(handler.headers), "data": json.loads(body)}
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return {"path": handler.path, "http": dict(handler.headers), "data": form}

    def _scripted(self):
        tomorrow = format_datetime(timezone.now() + DAY / 2)
        answers = {
            "nobody_there": NOBODY_THERE[self.key],
            "never": NEVER.get(self.key, (400, {"message": "There is no subject."})),
            "shut": SHUT.get(self.key, (401, {"message": "No such key."})),
            "later": (429, {"message": "Slow down"}, {"Retry-After": "7"}),
            "later_by_date": (429, {"message": "Slow down"}, {"Retry-After": tomorrow}),
            "later_unsaid": (429, {"message": "Slow down"}),
            "broken": (503, {"message": "Try again"}),
            "gibberish": (200, "<html>Welcome to the hotel's network</html>"),
            "moved": (307, None, {"Location": self.url}),
        }
        if self.script in answers:
            return answers[self.script]
        body, ref = TAKES[self.key]
        return 202 if body is None else 200, body, {"X-Message-Id": ref} if ref and body is None else {}

    def _tell(self, handler, status, body, headers=None):
        content = (
            b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        kind = "text/html" if body is None or isinstance(body, str) else "application/json"
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(content), **(headers or {})}.items():
            handler.send_header(name, str(value))
        handler.end_headers()
        handler.wfile.write(content)


def read(key, request):
    """What a request asked for: {"from", "to": [addresses], "reply_to", "text", "html", "headers", "key"}."""
    return READERS[key](request["data"])


def _addresses(value):
    return [address for _name, address in getaddresses([value])]


def _lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def _brevo(data):
    headers = _lower(data["headers"])
    return {
        "to": [each["email"] for each in data["to"]],
        "text": data["textContent"],
        "html": data["htmlContent"],
        "headers": headers,
        "key": json.loads(headers["x-mailin-custom"])["delivery"],
    }


def _mailersend(data):
    return {
        "to": [each["email"] for each in data["to"]],
        "text": data["text"],
        "html": data["html"],
        "headers": {each["name"].lower(): each["value"] for each in data["headers"]},
        "key": data["tags"][0],
    }


def _mailgun(data):
    return {
        "to": _addresses(data["to"]),
        "text": data["text"],
        "html": data["html"],
        "headers": {name[2:].lower(): value for name, value in data.items() if name.startswith("h:")},
        "key": data["v:delivery"],
    }


def _mailjet(data):
    (message,), shared = data["Messages"], data["Globals"]
    return {
        "to": [each["Email"] for each in message["To"]],
        "text": shared["TextPart"],
        "html": shared["HTMLPart"],
        "headers": _lower(shared["Headers"]),
        "key": json.loads(shared["EventPayload"])["delivery"],
    }


def _mailtrap(data):
    return {
        "to": [each["email"] for each in data["to"]],
        "text": data["text"],
        "html": data["html"],
        "headers": _lower(data["headers"]),
        "key": data["custom_variables"]["delivery"],
    }


def _mandrill(data):
    message = data["message"]
    return {
        "to": [each["email"] for each in message["to"]],
        "text": message["text"],
        "html": message["html"],
        "headers": _lower(message["headers"]),
        "key": message["metadata"]["delivery"],
    }


def _postal(data):
    return {
        "to": _addresses(",".join(data["to"])),
        "text": data["plain_body"],
        "html": data["html_body"],
        "headers": _lower(data["headers"]),
        "key": data["tag"],
    }


def _postmark(data):
    return {
        "to": _addresses(data["To"]),
        "text": data["TextBody"],
        "html": data["HtmlBody"],
        "headers": {each["Name"].lower(): each["Value"] for each in data["Headers"]},
        "key": data["Metadata"]["delivery"],
    }


def _resend(data):
    headers = _lower(data["headers"])
    return {
        "to": _addresses(",".join(data["to"])),
        "text": data["text"],
        "html": data["html"],
        "headers": headers,
        "key": json.loads(headers["x-metadata"])["delivery"],
    }


def _scaleway(data):
    headers = {each["key"].lower(): each["value"] for each in data["additional_headers"]}
    return {
        "to": [each["email"] for each in data["to"]],
        "text": data["text"],
        "html": data["html"],
        "headers": headers,
        "key": json.loads(headers["x-metadata"])["delivery"],
    }


def _sendgrid(data):
    (person,) = data["personalizations"]
    bodies = {each["type"]: each["value"] for each in data["content"]}
    return {
        "to": [each["email"] for each in person["to"]],
        "text": bodies["text/plain"],
        "html": bodies["text/html"],
        "headers": _lower(data["headers"]),
        "key": (person.get("custom_args", {}) | data.get("custom_args", {}))["delivery"],
    }


def _sparkpost(data):
    content = data["content"]
    return {
        "to": [each["address"]["email"] for each in data["recipients"]],
        "text": content["text"],
        "html": content["html"],
        "headers": _lower(content["headers"]),
        "key": data["metadata"]["delivery"],
    }


def _unisender_go(data):
    message = data["message"]
    recipients = message["recipients"]
    return {
        "to": [each["email"] for each in recipients],
        "text": message["body"]["plaintext"],
        "html": message["body"]["html"],
        "headers": _lower(message["headers"]),
        "key": (recipients[0].get("metadata", {}) | message.get("global_metadata", {}))["delivery"],
    }


READERS = {key: globals()[f"_{key}"] for key in SETTINGS}
