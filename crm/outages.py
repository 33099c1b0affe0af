"""What people are told while the database is away, or has no room to write: come again, and what to do."""

import sys

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views import defaults

# Stopped, restarting, out of space, out of connections, too slow: all of it passes.
OUTAGES = (OperationalError, InterfaceError)
COME_AGAIN_AFTER = 60


def server_error(request):
    """The page after an exception: 503 where the database is the cause, 500 otherwise.

    Django asks for it while it handles the exception.
    """
    if not is_outage(sys.exception()):
        return defaults.server_error(request)
    response = _told_as_json() if _is_machine(request) else _told_as_page(request)
    response.headers["Retry-After"] = str(COME_AGAIN_AFTER)
    add_never_cache_headers(response)
    return response


def is_outage(error):
    """Whether the database fails, not what was asked of it. A line that breaks has no kind at all."""
    return isinstance(error, OUTAGES) or type(error) is DatabaseError


def _is_machine(request):
    match = request.resolver_match
    return match is not None and "api" in match.namespaces


def _told_as_json():
    return JsonResponse(
        {"detail": _("Not at the moment. Send it again; nothing is taken twice.")}, status=503
    )


def _told_as_page(request):
    """No account and no setting is asked for: they are in the database."""
    again = request.get_full_path() if request.method == "GET" else ""
    return render(None, "503.html", {"again": again}, status=503)
