"""Wires the room at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TouchpointsConfig(AppConfig):
    name = "touchpoints"
    verbose_name = _("Touchpoints")

    def ready(self):
        from contacts import columns, erasure, levels, timeline
        from contacts import panels as contact_panels
        from touchpoints import forgetting, joining, panels, telling

        erasure.register("touchpoints", forgetting.forget)
        levels.register("joined", joining.tell)
        timeline.register("touchpoints", telling.entries)
        contact_panels.register("revenue", place="tile", order=10, render=panels.revenue)
        contact_panels.register("last-seen", place="tile", order=30, render=panels.last_seen)
        contact_panels.register("year", place="tile", order=90, render=panels.year_together)
        contact_panels.register("orders", place="main", order=20, render=panels.orders)
        contact_panels.register("note", place="aside", order=60, render=panels.note_form)
        columns.register("orders", _("Orders"), order=20, values=panels.orders_column, num=True, hide="md")
        columns.register("revenue", _("Revenue"), order=30, values=panels.revenue_column, num=True)
        columns.register("last", _("Last touchpoint"), order=40, values=panels.last_column, hide="sm")
        columns.register("rhythm", _("Last 12 months"), order=50, values=panels.rhythm_column, hide="lg")
