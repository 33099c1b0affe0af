"""What administrators see of scores: everything, and nothing to change; the page takes new cut points."""

from django.contrib import admin

from crm.ui.readonly import ReadOnly, ShortPaginator
from segmentation.models import RfmChange, RfmCuts, RfmScore


@admin.register(RfmCuts)
class RfmCutsAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["taken_at", "taken_by", "buyers", "recency_days", "frequency", "monetary"]
    list_filter = ["taken_at"]
    search_fields = ["taken_by__email"]
    list_select_related = ["taken_by"]
    ordering = ["-taken_at"]


@admin.register(RfmScore)
class RfmScoreAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["contact", "recency", "frequency", "monetary", "since", "cuts"]
    list_filter = ["recency", "frequency", "monetary"]
    search_fields = ["contact__email", "contact__search_text"]
    list_select_related = ["contact", "cuts"]
    ordering = ["-contact"]


@admin.register(RfmChange)
class RfmChangeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["at", "contact", "before", "after", "is_history"]
    list_filter = ["is_history", "at"]
    search_fields = ["contact__email", "contact__search_text"]
    list_select_related = ["contact"]
    show_full_result_count = False
    paginator = ShortPaginator
    ordering = ["-at", "-id"]
