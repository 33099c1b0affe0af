"""Our side of the rhythm of a dialogue: what was sent."""

from campaigns.models import Delivery


def sent(contact_ids, *, since, until):
    """(contact id, moment) of every message sent to these contacts in the span."""
    deliveries = Delivery.objects.filter(
        contact__in=contact_ids,
        status=Delivery.Status.SENT,
        sending_at__gt=since,
        sending_at__lte=until,
    )
    return deliveries.values_list("contact_id", "sending_at").iterator()
