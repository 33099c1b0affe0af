"""How the Django admin shows rows that only acts may write: never changed, and never counted to the last."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property


class ShortPaginator(Paginator):
    """Pages over the first ten thousand of a large table; search and filters lead further."""

    most = 10_000

    @cached_property
    def count(self):
        return len(self.object_list.order_by().values_list("pk", flat=True)[: self.most])


class ReadOnly:
    """Shown, never changed here; for a ModelAdmin or an inline."""

    show_full_result_count = False
    paginator = ShortPaginator

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
