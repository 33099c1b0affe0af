"""People in the Django admin: for administrators, by the same acts as everywhere else."""

from django.contrib import admin, messages
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contacts.editing import set_level
from contacts.erasing import erase
from contacts.models import Consent, ConsentWording, Contact, Identity, Sender, Suppression, Topic
from contacts.suppressing import lift
from contacts.wording import revise_wording
from crm.ui.readonly import ReadOnly, ShortPaginator


class IdentityInline(ReadOnly, admin.TabularInline):
    model = Identity
    fields = ["kind", "source", "value", "is_primary", "verified_at", "created_at"]
    extra = 0


class ConsentInline(ReadOnly, admin.TabularInline):
    model = Consent
    fields = ["at", "action", "topic", "channel", "basis", "source"]
    ordering = ["-at", "-id"]
    extra = 0


@admin.register(Contact)
class ContactAdmin(admin.ModelAdmin):
    """Addresses are changed on the contact's page, where that is an act; nobody is deleted, only erased."""

    list_display = ["__str__", "email", "level", "country", "owner", "origin", "created_at"]
    list_filter = ["level", "country", "language", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["search_text"]
    show_full_result_count = False
    paginator = ShortPaginator
    ordering = ["-id"]
    fields = [
        *("uuid", "email", "first_name", "last_name", "level", "language", "country", "time_zone", "owner"),
        *("origin", "first_source", "last_source", "merged_into", "erased_at", "created_at", "updated_at"),
    ]
    readonly_fields = [
        *("uuid", "email", "origin", "first_source", "last_source", "merged_into", "erased_at"),
        *("created_at", "updated_at"),
    ]
    raw_id_fields = ["owner"]
    inlines = [IdentityInline, ConsentInline]
    view_on_site = True
    actions = ["erase_chosen"]

    def save_model(self, request, obj, form, change):
        """The level is an act: rooms above are told."""
        level, obj.level = obj.level, form.initial.get("level", obj.level)
        super().save_model(request, obj, form, change)
        set_level(obj, level, at=timezone.now())

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.action(description=gettext_lazy("Erase: forget these people for good"), permissions=["change"])
    def erase_chosen(self, request, queryset):
        chosen = [*queryset.filter(erased_at=None)]
        if not request.POST.get("confirmed"):
            page = self.admin_site.each_context(request)
            page |= {"title": _("Erase these people?"), "contacts": chosen}
            return TemplateResponse(request, "admin/contacts/erase.html", page)
        for contact in chosen:
            erase(contact, at=timezone.now(), by=request.user)
        words = ngettext("%(count)s person is erased.", "%(count)s people are erased.", len(chosen))
        messages.success(request, words % {"count": len(chosen)})
        return None


@admin.register(Identity)
class IdentityAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["value", "kind", "source", "contact", "is_primary", "verified_at"]
    list_filter = ["kind", "source", "is_primary"]
    list_select_related = ["contact"]
    search_fields = ["value"]
    show_full_result_count = False
    paginator = ShortPaginator
    ordering = ["-id"]


@admin.register(Consent)
class ConsentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "contact", "action", "topic", "channel", "basis", "source"]
    list_filter = ["action", "basis", "channel", "topic", "at"]
    list_select_related = ["contact", "topic"]
    search_fields = ["contact__search_text", "source"]
    show_full_result_count = False
    paginator = ShortPaginator
    ordering = ["-id"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "address",
        "channel",
        "scope",
        "reason",
        "detail",
        "at",
        "source",
        "lifted_at",
        "lifted_by",
    ]
    list_filter = ["reason", "scope", "channel", ("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["lifted_by"]
    search_fields = ["address"]
    show_full_result_count = False
    paginator = ShortPaginator
    ordering = ["-id"]
    actions = ["lift_chosen"]

    @admin.action(description=gettext_lazy("Lift: allow these addresses again"), permissions=["view"])
    def lift_chosen(self, request, queryset):
        chosen = [*queryset.active()]
        for suppression in chosen:
            lift(suppression, by=request.user, at=timezone.now())
        words = ngettext(
            "%(count)s address may be used again.", "%(count)s addresses may be used again.", len(chosen)
        )
        messages.success(request, words % {"count": len(chosen)})


@admin.register(Topic)
class TopicAdmin(admin.ModelAdmin):
    list_display = ["name", "key", "description", "position"]
    search_fields = ["name", "key"]

    def get_readonly_fields(self, request, obj=None):
        """The key stands in imports and rules: it is given once."""
        return ["key"] if obj else []

    def has_delete_permission(self, request, obj=None):
        return obj is None or not obj.consents.exists()


@admin.register(ConsentWording)
class ConsentWordingAdmin(admin.ModelAdmin):
    """Changing the words writes the next version; what people agreed to stays as it was."""

    list_display = ["key", "version", "language", "text", "created_at"]
    list_filter = ["key", "language"]
    search_fields = ["text"]
    ordering = ["key", "language", "-version"]
    fields = ["key", "language", "text", "version", "created_at"]

    def get_readonly_fields(self, request, obj=None):
        return ["version", "created_at", *(["key", "language"] if obj else [])]

    def save_model(self, request, obj, form, change):
        saved = revise_wording(obj.key, obj.language, obj.text, at=timezone.now())
        obj.pk, obj.version = saved.pk, saved.version

    def response_change(self, request, obj):
        messages.info(request, _("What people agreed to before stays as it was, as an earlier version."))
        return super().response_change(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Sender)
class SenderAdmin(admin.ModelAdmin):
    list_display = ["name", "from_name", "address", "time_zone", "quiet_from", "quiet_until", "cap", "window"]
    search_fields = ["name", "address"]
