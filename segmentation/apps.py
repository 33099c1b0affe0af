"""Wires the room at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentationConfig(AppConfig):
    name = "segmentation"
    verbose_name = _("Segmentation")

    def ready(self):
        from crm.ui import navigation
        from segmentation import tasks
        from touchpoints import wakeups

        wakeups.register(tasks.rescore_soon)
        navigation.register("analyse", _("RFM"), "grid-3x3", "segmentation:rfm", order=10)
