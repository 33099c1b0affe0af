"""People at the web pages while things break: they look around, sign up, and stop messages."""

import http.client
import re
import threading
import time
from collections import Counter
from urllib.parse import urlencode

# What a browser sends back; the page accepts any that is the same in both places.
COOKIE = "a" * 32
PATIENCE_SECONDS = 30
# Come again later.
AWAY = 503


class Web:
    """One visitor's line to the web."""

    def __init__(self, port, cookies=""):
        self.port, self.cookies, self.statuses = port, f"csrftoken={COOKIE}; {cookies}", Counter()
        # What the page said that last asked to come again.
        self.said = ""

    def get(self, path):
        return self._ask("GET", path, None, {})

    def post(self, path, address="127.0.0.1", **form):
        """As a browser at this internet address would."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-CSRFToken": COOKIE,
            "X-Forwarded-For": address,
        }
        return self._ask("POST", path, urlencode(form), headers)

    def _ask(self, method, path, body, headers):
        """The status; what went wrong where there was none."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            line.request(method, path, body, {"Cookie": self.cookies, **headers})
            answer = line.getresponse()
            status = answer.status
            if status == AWAY:
                self.said = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            status = type(error).__name__
        finally:
            line.close()
        self.statuses[status] += 1
        return status

    @property
    def failures(self):
        """Answers that nobody should have got."""
        return {
            status: count
            for status, count in self.statuses.items()
            if not isinstance(status, int) or status >= 500
        }


class Visitors(threading.Thread):
    """Look at page after page, and sign up after each, until told to stop."""

    def __init__(self, port, pages, wording, topic, cookies="", *, every=0.1):
        super().__init__(daemon=True)
        self.every = every
        self.web, self.pages, self.form = Web(port, cookies), pages, {"wording": wording, "topics": topic}
        self.signed_up, self._told = 0, threading.Event()

    def run(self):
        number = 0
        while not self._told.is_set():
            self.web.get(self.pages[number % len(self.pages)])
            number += 1
            form = self.form | {"email": f"newcomer{number}@example.com", "name": "New Comer"}
            address = f"10.{number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"
            self.signed_up += self.web.post("/join/", address, **form) == 302
            self._told.wait(self.every)

    def stop(self):
        self._told.set()
        self.join(PATIENCE_SECONDS * 3)


def wait_for_web(port, seconds=60):
    """Until the web answers."""
    deadline, web = time.monotonic() + seconds, Web(port)
    while web.get("/healthz") != 200:
        if time.monotonic() > deadline:
            raise RuntimeError("The web does not answer.")
        time.sleep(0.2)


def session_of(user):
    """The cookie of somebody who has signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def path_of(url):
    """A link's path: the harness calls the web by its port."""
    return re.sub(r"^https?://[^/]+", "", url)
