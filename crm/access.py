"""Who may open which address: one table, and the middleware that holds it. What is not listed is shut."""

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.utils.cache import patch_cache_control

from crm.models import User

ADMIN = frozenset({User.Role.ADMIN})
WRITE = ADMIN | {User.Role.MARKETER}
READ = WRITE | {User.Role.ANALYST}
# Anyone, signed in or not.
PUBLIC = None

READING = ("GET", "HEAD", "OPTIONS")

# address name -> (who may read, who may change)
ACCESS = {
    "home": (READ, READ),
    "settings": (READ, ADMIN),
    "settings-switch": (WRITE, WRITE),
    "settings-pilot": (READ, ADMIN),
    "set-theme": (READ, READ),
    "healthz": (PUBLIC, PUBLIC),
    "readyz": (PUBLIC, PUBLIC),
    "ui:styleguide": (READ, READ),
    # People
    "contacts:contact-list": (READ, READ),
    "contacts:contact-create": (WRITE, WRITE),
    "contacts:contact-detail": (READ, READ),
    "contacts:contact-edit": (WRITE, WRITE),
    "contacts:contact-agree": (WRITE, WRITE),
    "contacts:contact-withdraw": (WRITE, WRITE),
    "contacts:contact-suppress": (WRITE, WRITE),
    "contacts:contact-lift": (ADMIN, ADMIN),
    "contacts:contact-erase": (ADMIN, ADMIN),
    "contacts:preferences": (PUBLIC, PUBLIC),
    # What happens
    "touchpoints:note-create": (WRITE, WRITE),
    "touchpoints:sign-up": (PUBLIC, PUBLIC),
    "touchpoints:sign-up-sent": (PUBLIC, PUBLIC),
    "touchpoints:confirm": (PUBLIC, PUBLIC),
    "touchpoints:visit": (PUBLIC, PUBLIC),
    # Who matters
    "segmentation:rfm": (READ, READ),
    "segmentation:rfm-recut": (WRITE, WRITE),
    # What we say
    "campaigns:rule-list": (READ, READ),
    "campaigns:rule-create": (WRITE, WRITE),
    "campaigns:start": (WRITE, WRITE),
    "campaigns:rule-detail": (READ, READ),
    "campaigns:rule-edit": (WRITE, WRITE),
    "campaigns:rule-content": (WRITE, WRITE),
    "campaigns:rule-preview": (READ, READ),
    "campaigns:rule-preview-frame": (READ, READ),
    "campaigns:rule-test": (WRITE, WRITE),
    "campaigns:rule-activate": (WRITE, WRITE),
    "campaigns:rule-pause": (WRITE, WRITE),
    "campaigns:rule-resume": (WRITE, WRITE),
    "campaigns:rule-close": (WRITE, WRITE),
    "campaigns:step-create": (WRITE, WRITE),
    "campaigns:step-edit": (WRITE, WRITE),
    "campaigns:step-move": (WRITE, WRITE),
    "campaigns:step-remove": (WRITE, WRITE),
    "campaigns:rule-results": (READ, READ),
    "campaigns:rule-worth": (READ, READ),
    "campaigns:rule-row": (READ, READ),
    "campaigns:rule-live": (READ, READ),
    "campaigns:rule-inline": (WRITE, WRITE),
    "campaigns:rule-move": (WRITE, WRITE),
    "campaigns:rule-order": (WRITE, WRITE),
    "campaigns:rule-duplicate": (WRITE, WRITE),
    "campaigns:rule-history": (READ, READ),
    "campaigns:rule-restore": (WRITE, WRITE),
    "campaigns:strategy-export": (READ, READ),
    "campaigns:strategy-import": (WRITE, WRITE),
    "campaigns:results": (READ, READ),
    "campaigns:hold-out": (ADMIN, ADMIN),
    "campaigns:costs": (READ, ADMIN),
    "campaigns:campaign-results": (READ, READ),
    "campaigns:campaign-worth": (READ, READ),
    "campaigns:rule-rehearsal": (READ, WRITE),
    "campaigns:campaign-rehearsal": (READ, WRITE),
    "campaigns:rehearsal-state": (READ, READ),
    "campaigns:rehearsal-take-over": (WRITE, WRITE),
    "campaigns:rehearsal-people": (READ, READ),
    "campaigns:rehearsal-message": (READ, READ),
    "campaigns:rehearsal-frame": (READ, READ),
    "campaigns:campaign-list": (READ, READ),
    "campaigns:campaign-create": (WRITE, WRITE),
    "campaigns:campaign-detail": (READ, READ),
    "campaigns:campaign-edit": (WRITE, WRITE),
    "campaigns:campaign-message": (READ, READ),
    "campaigns:campaign-words": (WRITE, WRITE),
    "campaigns:campaign-own-words": (WRITE, WRITE),
    "campaigns:campaign-test": (WRITE, WRITE),
    "campaigns:campaign-submit": (WRITE, WRITE),
    "campaigns:campaign-approve": (WRITE, WRITE),
    "campaigns:campaign-take-back": (WRITE, WRITE),
    "campaigns:campaign-pause": (WRITE, WRITE),
    "campaigns:campaign-resume": (WRITE, WRITE),
    "campaigns:campaign-cancel": (WRITE, WRITE),
    "campaigns:campaign-retry": (WRITE, WRITE),
    "campaigns:campaign-settle": (WRITE, WRITE),
    "campaigns:call-list": (READ, READ),
    "campaigns:call-detail": (READ, READ),
    "campaigns:call-take": (WRITE, WRITE),
    "campaigns:call-leave": (WRITE, WRITE),
    "campaigns:call-snooze": (WRITE, WRITE),
    "campaigns:call-record": (WRITE, WRITE),
    "campaigns:call-undo": (WRITE, WRITE),
    "campaigns:delivery-list": (READ, READ),
    "campaigns:delivery-detail": (READ, READ),
    "campaigns:delivery-message": (READ, READ),
    "campaigns:delivery-settle": (WRITE, WRITE),
    "campaigns:sender-list": (WRITE, ADMIN),
    "campaigns:sender-detail": (WRITE, ADMIN),
    "campaigns:sender-create": (ADMIN, ADMIN),
    "campaigns:sender-edit": (ADMIN, ADMIN),
    "campaigns:sender-check": (ADMIN, ADMIN),
    "campaigns:sender-key": (ADMIN, ADMIN),
    "campaigns:sender-sign-with": (ADMIN, ADMIN),
    "campaigns:click": (PUBLIC, PUBLIC),
    "campaigns:open": (PUBLIC, PUBLIC),
    "campaigns:stop": (PUBLIC, PUBLIC),
    "campaigns:feedback": (PUBLIC, PUBLIC),
    "campaigns:panels": (PUBLIC, PUBLIC),
    "campaigns:panel-away": (PUBLIC, PUBLIC),
    "campaigns:hook": (PUBLIC, PUBLIC),
    # The demo shop and the local mailbox
    "demo:shop-home": (PUBLIC, PUBLIC),
    "demo:product": (PUBLIC, PUBLIC),
    "demo:service": (PUBLIC, PUBLIC),
    "demo:checkout": (PUBLIC, PUBLIC),
    "demo:thanks": (PUBLIC, PUBLIC),
    "demo:mailbox": (PUBLIC, PUBLIC),
    "demo:mailbox-message": (PUBLIC, PUBLIC),
    "demo:mailbox-frame": (PUBLIC, PUBLIC),
}
# Whole namespaces: machine clients bring a key that the API checks itself; signing in must be open to all.
NAMESPACES = {
    "admin": (ADMIN, ADMIN),
    "api": (PUBLIC, PUBLIC),
}
PREFIXES = {
    "account_": (PUBLIC, PUBLIC),
    "mfa_": (PUBLIC, PUBLIC),
    "headless": (PUBLIC, PUBLIC),
}


def rule_for(match):
    """The table's entry (read, change) for a resolved address; None when it is not listed."""
    if match.view_name in ACCESS:
        return ACCESS[match.view_name]
    if match.namespaces and match.namespaces[0] in NAMESPACES:
        return NAMESPACES[match.namespaces[0]]
    for prefix, entry in PREFIXES.items():
        if (match.view_name or "").startswith(prefix):
            return entry
    return None


def is_allowed(user, roles):
    """Whether this user has one of the roles; `PUBLIC` lets anyone in."""
    return roles is PUBLIC or (user.is_authenticated and user.is_active and user.role in roles)


class AccessMiddleware:
    """Lets a request through to its view only as the table says."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """A page about people stays in no cache, not even the browser's after signing out."""
        response = self.get_response(request)
        if getattr(request, "is_private", False) and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_view(self, request, view, args, kwargs):
        entry = rule_for(request.resolver_match)
        if entry is None:
            raise PermissionDenied("This address stands in no access table.")
        roles = entry[0] if request.method in READING else entry[1]
        request.is_private = entry[0] is not PUBLIC
        if is_allowed(request.user, roles):
            return None
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path())
