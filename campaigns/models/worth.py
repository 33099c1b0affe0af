"""What a message cost, and what came of it."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.deliveries import Delivery
from contacts.models import Channel
from touchpoints.models import Order


class Attribution(models.Model):
    """Which message an order is credited to. Written once, when the order is noted, and never changed.

    A refund changes what the order is worth, not whose it is.
    """

    class Basis(models.TextChoices):
        CLICKED = "clicked", _("the last message in which they followed a link")
        SENT = "sent", _("the last message they were sent")

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="attribution")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attributions")
    at = models.DateTimeField()
    basis = models.CharField(max_length=7, choices=Basis)

    class Meta:
        verbose_name = _("attribution")
        verbose_name_plural = _("attributions")
        triggers = [pgtrigger.Protect(name="attribution_is_frozen", operation=pgtrigger.Update)]

    def __str__(self):
        return f"{self.order}: {self.get_basis_display()}"


@pghistory.track()
class ChannelCost(models.Model):
    """What a message costs in a channel, in the workspace's currency."""

    channel = models.CharField(_("medium"), max_length=10, choices=Channel, primary_key=True)
    each = models.DecimalField(_("each message"), max_digits=10, decimal_places=4, default=0)
    minute = models.DecimalField(_("each minute"), max_digits=10, decimal_places=4, default=0)

    class Meta:
        verbose_name = _("cost of a channel")
        verbose_name_plural = _("costs of the channels")
        constraints = [
            models.CheckConstraint(condition=Q(each__gte=0, minute__gte=0), name="channel_cost_not_negative"),
        ]

    def __str__(self):
        return str(self.get_channel_display())
