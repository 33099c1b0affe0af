"""Deliveries of a campaign are found by its own index of state and reason; the plain one answers slowly."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0008_when_the_gate_was_passed")]

    operations = [
        migrations.AlterField(
            "delivery",
            "campaign",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="campaigns.campaign",
            ),
        ),
    ]
