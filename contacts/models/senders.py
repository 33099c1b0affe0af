"""The brands that speak, and how a message leaves."""

from zoneinfo import ZoneInfo

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """How a message leaves."""

    EMAIL = "email", _("E-mail")
    PHONE = "phone", _("Phone")
    LETTER = "letter", _("Letter")
    PANEL = "panel", _("Panel")


class SettlesBy(models.TextChoices):
    """What is done about a message that may have left, and nobody knows."""

    KEY = "key", _("is sent again under the same key, which the provider takes once")
    EVIDENCE = "evidence", _("is asked for at the provider")
    PERSON = "person", _("waits for a person, unless it is a service message")


@pghistory.track(exclude=["checks", "checked_at"])
class Sender(models.Model):
    """The brand that speaks: its name, addresses, hours and limits."""

    name = models.CharField(_("brand"), max_length=100, unique=True)
    from_name = models.CharField(_("signed by"), max_length=100)
    address = models.EmailField(_("from address"))
    reply_to = models.EmailField(_("replies go to"), blank=True)
    postal_address = models.TextField(
        _("postal address"), help_text=_("Stands at the foot of every message.")
    )
    time_zone = models.CharField(_("time zone"), max_length=50, default="UTC")
    language = models.CharField(_("language"), max_length=10, default="en")
    colour = models.CharField(_("colour"), max_length=7, default="#892862")
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    cap = models.PositiveSmallIntegerField(
        _("messages at most"), null=True, blank=True, help_text=_("Marketing messages to one person.")
    )
    cap_days = models.PositiveSmallIntegerField(_("in days"), default=7)
    # How its mail leaves: "smtp", or a provider of campaigns/channels.
    provider = models.SlugField(_("leaves through"), max_length=20, default="smtp")
    settles_by = models.CharField(
        _("a message whose fate is unknown"), max_length=8, choices=SettlesBy, default=SettlesBy.PERSON
    )
    window = models.PositiveSmallIntegerField(
        _("window"),
        default=1,
        help_text=_("How many deliveries pass the gate together, and may be in doubt after a crash."),
    )
    # Where bounces come back to, an address of its own for each delivery; empty for the from address.
    return_domain = models.CharField(_("bounces come back to the domain"), max_length=100, blank=True)
    dkim_selector = models.SlugField(_("DKIM selector"), max_length=50, blank=True)
    per_minute = models.PositiveIntegerField(_("messages a minute at most"), null=True, blank=True)
    domain_per_minute = models.PositiveIntegerField(
        _("to one provider of mailboxes, a minute at most"), null=True, blank=True
    )
    warm_up_since = models.DateField(_("warming up since"), null=True, blank=True)
    # What the last look at its domain's records found, {check: {"state", "words"}}, and when that was.
    checks = models.JSONField(default=dict, blank=True, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("sender")
        verbose_name_plural = _("senders")
        constraints = [
            models.CheckConstraint(condition=Q(window__gte=1), name="sender_window_positive"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="sender_quiet_hours_whole",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def domain(self):
        """The part of the from address after the @."""
        return self.address.rpartition("@")[2]

    @property
    def postal_line(self):
        """The postal address in one line."""
        return ", ".join(line.strip() for line in self.postal_address.splitlines() if line.strip())

    @property
    def zone(self):
        return ZoneInfo(self.time_zone)
