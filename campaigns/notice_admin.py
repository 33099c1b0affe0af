"""What providers and mail servers said, in the Django admin: as it came, and what was made of it."""

from django.contrib import admin, messages
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import noticing
from campaigns.models import Notice, RawNotice
from crm.ui.readonly import ReadOnly

LONGEST = 20_000


@admin.register(Notice)
class NoticeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["kind", "source", "address", "delivery", "at", "received_at", "status_code", "is_trusted"]
    list_filter = ["kind", "source", "is_trusted", "received_at"]
    list_select_related = ["delivery__rule", "delivery__campaign", "delivery__contact"]
    search_fields = ["address", "=provider_ref"]
    search_help_text = gettext_lazy("E-mail, or what the provider calls the message")
    ordering = ["-received_at", "-id"]


@admin.register(RawNotice)
class RawNoticeAdmin(ReadOnly, admin.ModelAdmin):
    """What could not be read says why, and can be read again once its cause is gone."""

    list_display = ["source", "received_at", "read_at", "problem"]
    list_filter = ["source", ("problem", admin.EmptyFieldListFilter), "received_at"]
    search_fields = ["problem"]
    fields = ["source", "received_at", "read_at", "problem", "headers", "words"]
    ordering = ["-id"]
    actions = ["read_again"]

    def get_queryset(self, request):
        """The list does without the bodies."""
        rows = super().get_queryset(request)
        return rows if request.resolver_match.url_name.endswith("_change") else rows.defer("body", "headers")

    @admin.display(description=gettext_lazy("As it came"))
    def words(self, raw):
        return bytes(raw.body[:LONGEST]).decode("utf-8", "replace")

    @admin.action(description=gettext_lazy("Read again"))
    def read_again(self, request, queryset):
        for raw in queryset:
            try:
                noticing.read_raw(raw, timezone.now())
            except (DatabaseError, KeyError):
                messages.error(request, _("%(notice)s cannot be read now.") % {"notice": raw})
            else:
                self._say(request, raw)

    def _say(self, request, raw):
        if raw.problem:
            messages.error(request, f"{raw}: {raw.problem}")
        else:
            messages.success(request, _("%(thing)s: done.") % {"thing": raw})
