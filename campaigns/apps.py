"""Wires the room at start-up."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self):
        from campaigns import (
            address_panel,
            audience,
            call_queue,
            channels,
            checks,
            feedback,
            forgetting,
            intake,
            noticing,
            panels,
            reasons,
            receivers,
            recommending,
            rhythm,
            start_views,
            tasks,
            telling,
        )
        from campaigns.channels import esp, smtp
        from contacts import actions, erasure, media, timeline
        from contacts import panels as contact_panels
        from contacts import reasons as contact_reasons
        from contacts.permissions import WRITERS
        from crm.ui import navigation
        from touchpoints import rhythm as touch_rhythm
        from touchpoints import wakeups

        rows = {"key": "s", "also": ("campaigns:step", "campaigns:strategy")}
        navigation.register("operate", _("Contact strategy"), "workflow", "campaigns:rule-list", 10, **rows)
        navigation.register("operate", _("Campaigns"), "megaphone", "campaigns:campaign-list", 20, key="p")
        navigation.register("operate", _("Deliveries"), "send", "campaigns:delivery-list", 40, key="d")
        calls = {"key": "a", "count": call_queue.count_waiting}
        navigation.register("collaborate", _("Calls"), "phone", "campaigns:call-list", 10, **calls)
        worth = {"key": "w", "also": ("campaigns:costs", "campaigns:hold")}
        navigation.register("analyse", _("Results"), "trending-up", "campaigns:results", 30, **worth)
        navigation.register("foot", _("Senders"), "at-sign", "campaigns:sender-list", 80, roles=WRITERS)
        checks.register_all()
        feedback.register_field()
        recommending.register_fields()
        channels.register(smtp.PROVIDER)
        esp.register_all()
        receivers.register_all()
        noticing.register_reader(intake.SOURCE, intake.read)
        words = _("Send a campaign to these")
        actions.register("campaign", words, "megaphone", audience.new_campaign_address)
        wakeups.register(tasks.hint)
        erasure.register("deliveries", forgetting.forget)
        timeline.register("deliveries", telling.entries)
        touch_rhythm.register("deliveries", rhythm.sent)
        contact_reasons.register("deliveries", reasons.last_messages, reasons.why_this_message)
        media.register("rules", reasons.media_in_use)
        actions.register("start", _("Start a row for these"), "hand", start_views.address)
        contact_panels.register("start", place="aside", order=25, render=start_views.panel)
        contact_panels.register("back", place="aside", order=35, render=address_panel.what_came_back)
        contact_panels.register("next", place="aside", order=20, render=panels.what_comes_next)
