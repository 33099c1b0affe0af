"""From when on the breakers of a campaign count, and a way to find what is bad."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_campaigns_notices_and_pace")]

    operations = [
        migrations.AddField(
            "campaign", "counted_since", models.DateTimeField(blank=True, editable=False, null=True)
        ),
        migrations.AddIndex(
            "notice",
            models.Index(
                fields=["received_at"],
                name="notice_bad",
                condition=Q(kind__in=["hard", "complaint"], is_trusted=True),
            ),
        ),
    ]
