"""What administrators see of what happened: everything; only products and keys can be changed."""

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from crm.ui.readonly import ReadOnly
from touchpoints.keys import create_key, revoke_key
from touchpoints.models import ApiKey, DailyVisits, Order, OrderLine, Product, Totals, Touchpoint, Visitor


@admin.register(Touchpoint)
class TouchpointAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "kind", "contact", "source", "external_id", "is_history"]
    list_filter = ["kind", "is_history", "at"]
    search_fields = ["contact__search_text", "external_id"]
    list_select_related = ["contact"]
    ordering = ["-id"]


class OrderLineInline(ReadOnly, admin.TabularInline):
    model = OrderLine
    fields = ["number", "product", "name", "quantity", "amount"]
    ordering = ["number"]


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "external_id",
        "source",
        "contact",
        "at",
        "status",
        "amount",
        "currency",
        "refunded",
        "items",
    ]
    list_filter = ["status", "source", "is_history", "at"]
    search_fields = ["external_id", "contact__search_text"]
    list_select_related = ["contact"]
    inlines = [OrderLineInline]
    ordering = ["-at"]


@admin.register(Totals)
class TotalsAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["contact", "orders", "revenue", "margin", "last_order_at", "visits", "last_visit_at"]
    list_filter = ["last_order_at", "last_visit_at"]
    search_fields = ["contact__search_text"]
    list_select_related = ["contact"]
    ordering = ["-contact"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["sku", "name", "category", "price", "cost", "currency", "invented"]
    list_filter = ["category", "invented"]
    search_fields = ["sku", "name"]
    ordering = ["sku"]


@admin.register(Visitor)
class VisitorAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["key", "contact", "created_at", "identified_at"]
    list_filter = ["created_at", "identified_at"]
    search_fields = ["key", "contact__search_text"]
    list_select_related = ["contact"]
    ordering = ["-id"]


@admin.register(DailyVisits)
class DailyVisitsAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["day", "path", "visits"]
    list_filter = ["day"]
    search_fields = ["path"]
    ordering = ["-day", "-visits"]


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """A key is made here, shown once, and revoked; it is never changed or deleted."""

    list_display = [
        "name",
        "prefix",
        "scopes",
        "created_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    ]
    list_filter = ["revoked_at", "expires_at"]
    search_fields = ["name", "prefix"]
    list_select_related = ["created_by"]
    ordering = ["-id"]
    fields = ["name", "expires_at"]
    actions = ["revoke"]

    def has_change_permission(self, request, obj=None):
        """The list is open, for its action; one key's page only shows it."""
        return obj is None

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        return self.list_display if obj else self.fields

    def save_model(self, request, obj, form, change):
        """Make the key by the act, and show it this once."""
        key, secret = create_key(obj.name, by=request.user, expires_at=obj.expires_at)
        obj.pk = key.pk
        words = _("This is the key. Copy it now; nobody can read it again: {}")
        messages.warning(request, format_html(str(words), format_html("<code>{}</code>", secret)))

    @admin.action(description=_("Revoke the chosen keys"))
    def revoke(self, request, keys):
        at = timezone.now()
        for key in keys:
            revoke_key(key, at=at)
        messages.success(request, _("Revoked. Calls with these keys are refused from now on."))
