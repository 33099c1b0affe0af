"""The contact strategy, its words and the ledger in the Django admin, by the same acts as everywhere else."""

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import activation, launching, rules, sending_off, switching
from campaigns.content import CannotFreeze, freeze
from campaigns.forms import ContentForm
from campaigns.models import (
    Attribution,
    Campaign,
    Content,
    ContentVersion,
    Delivery,
    LifecycleRule,
    Response,
    SendingSwitch,
    Tick,
)
from campaigns.notice_admin import NoticeAdmin, RawNoticeAdmin  # noqa: F401  (registered there)
from crm.ui.readonly import ReadOnly


@admin.register(SendingSwitch)
class SendingSwitchAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "reason", "changed_by", "changed_at"]
    list_select_related = ["changed_by"]
    actions = ["hold", "release"]

    @admin.action(description=gettext_lazy("Hold all sending"))
    def hold(self, request, queryset):
        switching.hold_sending(by=request.user, at=timezone.now(), reason=_("Held in the administration"))

    @admin.action(description=gettext_lazy("Let sending go on"))
    def release(self, request, queryset):
        switching.resume_sending(by=request.user, at=timezone.now())


@admin.register(Content)
class ContentAdmin(admin.ModelAdmin):
    """Drafts are edited here as on their page; publishing freezes a version."""

    form = ContentForm
    list_display = ["name", "subject", "live", "updated_at"]
    list_select_related = ["live__content"]
    search_fields = ["name", "subject", "body", "text"]
    ordering = ["name"]
    actions = ["publish"]

    def get_fields(self, request, obj=None):
        """What its medium needs."""
        return [*ContentForm(instance=obj).fields]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.action(description=gettext_lazy("Publish: send these words from now on"))
    def publish(self, request, queryset):
        for content in queryset:
            act(request, content, lambda words: freeze(words, at=timezone.now(), by=request.user))


@admin.register(ContentVersion)
class ContentVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["content", "number", "subject", "created_at", "created_by"]
    list_filter = ["content", "created_at"]
    list_select_related = ["content", "created_by"]
    search_fields = ["content__name", "subject", "text"]
    ordering = ["-id"]


@admin.register(LifecycleRule)
class LifecycleRuleAdmin(ReadOnly, admin.ModelAdmin):
    """A row is edited on its page, which knows what its trigger asks for; it is switched here too."""

    list_display = ["name", "status", "purpose", "trigger", "rank", "topic", "sender", "activated_at"]
    list_filter = ["status", "purpose", "trigger", "rank", "topic", "sender"]
    list_select_related = ["topic", "sender"]
    search_fields = ["name", "condition", "outcomes"]
    ordering = ["position", "id"]
    actions = ["activate", "pause", "resume", "close"]
    view_on_site = True

    @admin.action(description=gettext_lazy("Switch on, with the words as they are now"))
    def activate(self, request, queryset):
        self.act_on_each(request, queryset, activation.switch_on)

    @admin.action(description=gettext_lazy("Pause"))
    def pause(self, request, queryset):
        self.act_on_each(request, queryset, rules.pause)

    @admin.action(description=gettext_lazy("Go on after a pause"))
    def resume(self, request, queryset):
        self.act_on_each(request, queryset, rules.resume)

    @admin.action(description=gettext_lazy("Switch off for good, calling off what is planned"))
    def close(self, request, queryset):
        self.act_on_each(request, queryset, rules.close)

    def act_on_each(self, request, queryset, change):
        for rule in queryset:
            act(request, rule, lambda each: change(each, at=timezone.now(), by=request.user))


@admin.register(Campaign)
class CampaignAdmin(ReadOnly, admin.ModelAdmin):
    """A campaign is written on its page; the acts are the same here."""

    list_display = ["name", "status", "pause", "topic", "sender", "send_at", "planned_count", "created_by"]
    list_filter = ["status", "pause", "topic", "sender"]
    list_select_related = ["topic", "sender", "created_by"]
    search_fields = ["name", "goal"]
    ordering = ["-id"]
    actions = ["submit", "approve", "pause", "resume", "retry", "cancel"]
    view_on_site = True

    @admin.action(description=gettext_lazy("Send off, with the words as they are now"))
    def submit(self, request, queryset):
        self.act_on_each(request, queryset, sending_off.send_off)

    @admin.action(description=gettext_lazy("Say the second yes"))
    def approve(self, request, queryset):
        self.act_on_each(request, queryset, launching.approve)

    @admin.action(description=gettext_lazy("Pause"))
    def pause(self, request, queryset):
        self.act_on_each(request, queryset, launching.pause)

    @admin.action(description=gettext_lazy("Go on after a pause"))
    def resume(self, request, queryset):
        self.act_on_each(request, queryset, launching.resume)

    @admin.action(description=gettext_lazy("Try again what did not leave and still may"))
    def retry(self, request, queryset):
        self.act_on_each(request, queryset, launching.retry)

    @admin.action(description=gettext_lazy("Call off for good"))
    def cancel(self, request, queryset):
        self.act_on_each(request, queryset, launching.cancel)

    def act_on_each(self, request, queryset, change):
        for campaign in queryset:
            act(request, campaign, lambda each: change(each, at=timezone.now(), by=request.user))


def act(request, thing, change):
    """Do it to one, and say how it went."""
    try:
        change(thing)
    except (CannotFreeze, rules.CannotActivate, launching.CannotStart) as error:
        messages.error(request, f"{thing}: {error}")
    else:
        messages.success(request, _("%(thing)s: done.") % {"thing": thing})


class ResponseInline(ReadOnly, admin.TabularInline):
    model = Response
    fields = ["kind", "at", "made_by", "why", "data"]
    ordering = ["at"]
    extra = 0


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["uuid", "program", "contact", "status", "reason", "due_at", "sending_at", "outcome_at"]
    list_filter = ["status", "reason", "rule", "campaign", "rank", "channel", "planned_at"]
    list_select_related = ["rule", "campaign", "contact"]
    search_fields = ["contact__search_text"]
    search_help_text = gettext_lazy("Name or e-mail")
    show_full_result_count = False
    ordering = ["-id"]
    inlines = [ResponseInline]
    view_on_site = True


@admin.register(Response)
class ResponseAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["kind", "delivery", "at", "made_by", "why"]
    list_filter = ["kind", "made_by", "at"]
    list_select_related = ["delivery__rule", "delivery__campaign", "delivery__contact"]
    search_fields = ["delivery__contact__search_text"]
    search_help_text = gettext_lazy("Name or e-mail")
    show_full_result_count = False
    ordering = ["-id"]


@admin.register(Tick)
class TickAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["schedule", "slot", "started_at", "finished_at", "result"]
    list_filter = ["schedule", "slot"]
    search_fields = ["schedule"]
    show_full_result_count = False
    ordering = ["-slot", "schedule"]


@admin.register(Attribution)
class AttributionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order", "delivery", "at", "basis"]
    list_select_related = ["order", "delivery__rule", "delivery__campaign", "delivery__contact"]
    show_full_result_count = False
