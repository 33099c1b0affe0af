"""The switches of all sending."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact


@pghistory.track()
class SendingSwitch(models.Model):
    """The one switch that holds all sending; a single row, read by the gate."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    held = models.BooleanField(_("hold all sending"), default=False)
    reason = models.CharField(_("why"), max_length=200, blank=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    # While on, nobody outside the group receives anything.
    pilot = models.BooleanField(_("pilot mode"), default=False)
    pilot_group = models.ManyToManyField(Contact, blank=True, related_name="+")
    # A campaign to more people than this needs a second person's yes; empty for never.
    approval_above = models.PositiveIntegerField(_("approval above"), null=True, blank=True, default=5000)

    # Who hears nothing at all but service messages, per cent: what is all of it worth?
    holdout_share = models.PositiveSmallIntegerField(_("held out of everything, per cent"), default=0)

    class Meta:
        verbose_name = _("sending switch")
        verbose_name_plural = _("sending switch")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_sending_switch"),
            models.CheckConstraint(condition=Q(holdout_share__lte=20), name="holdout_share_is_small"),
        ]

    def __str__(self):
        return str(_("Sending is held") if self.held else _("Sending is on"))

    @classmethod
    def load(cls):
        """The switch as it stands; on, until someone holds it."""
        return cls.objects.filter(id=1).first() or cls()
