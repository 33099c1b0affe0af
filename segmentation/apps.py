"""Wires the room at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentationConfig(AppConfig):
    name = "segmentation"
    verbose_name = _("Segmentation")

    def ready(self):
        from contacts import columns
        from contacts import filters as contact_filters
        from contacts import panels as contact_panels
        from crm.ui import navigation
        from segmentation import filters, panels, tasks
        from touchpoints import wakeups

        wakeups.register(tasks.rescore_soon)
        navigation.register("analyse", _("RFM"), "grid-3x3", "segmentation:rfm", order=10)
        contact_filters.register("rfm", _("RFM"), filters.apply, filters.describe, choices=filters.choices)
        columns.register("rfm", _("RFM"), order=10, values=panels.column, hide="sm")
        columns.register_warmth(panels.warmth)
        contact_panels.register("rfm", place="tile", order=20, render=panels.tile)
        contact_panels.register("rfm-why", place="aside", order=10, render=panels.behind_the_digits)
