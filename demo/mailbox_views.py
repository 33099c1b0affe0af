"""The local mailbox as a page: what a recipient would see, so that no real mail is needed to try Rapport."""

from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from demo import mailbox as local

PARTS = {"html": _("As it looks"), "text": _("Text"), "headers": _("Headers")}
# A message brings inline styles and pictures; nothing in it may run, and its links open a tab of their own.
FRAME_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["'self'", "data:", settings.PUBLIC_URL],
    "font-src": ["data:"],
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@require_GET
def mailbox(request):
    """The list of messages, newest first; htmx asks for it again every few seconds."""
    context = {"messages_listed": local.newest(settings.MAILBOX_DIR), "open_key": request.GET.get("open", "")}
    template = "demo/_mail_list.html" if request.htmx else "demo/mailbox.html"
    return render(request, template, context)


@require_GET
def message(request, key):
    """One message: as it looks, as text, or its headers."""
    opened = _open(key)
    part = request.GET.get("part", "html" if opened.html else "text")
    context = {
        "messages_listed": local.newest(settings.MAILBOX_DIR),
        "open_key": key,
        "opened": opened,
        "part": part,
        "parts": [(name, label, name == part) for name, label in PARTS.items()],
        "one_click_path": local.local_path(opened.one_click_url, settings.PUBLIC_URL),
    }
    return render(request, "demo/mailbox.html", context)


@require_GET
@xframe_options_sameorigin
@csp(FRAME_POLICY)
def frame(request, key):
    """The message's HTML part by itself, for a sandboxed frame."""
    return HttpResponse(local.framed(_open(key).html))


def _open(key):
    try:
        return local.open_message(settings.MAILBOX_DIR, key)
    except local.NotThere as error:
        raise Http404 from error
