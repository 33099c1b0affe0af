"""A dated entry for each change of cell that people or time bring about."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0007_what_a_backup_forgets"),
        ("segmentation", "0001_rfm"),
    ]

    operations = [
        migrations.CreateModel(
            name="RfmChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("before", models.CharField(blank=True, max_length=3)),
                ("after", models.CharField(blank=True, max_length=3)),
                ("is_history", models.BooleanField(default=False)),
                (
                    "contact",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rfm_changes",
                        to="contacts.contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of RFM cell",
                "verbose_name_plural": "changes of RFM cell",
                "indexes": [
                    models.Index(fields=["at"], name="rfm_change_at"),
                    models.Index(
                        models.F("contact"),
                        models.OrderBy(models.F("at"), descending=True),
                        name="rfm_change_of_contact",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("before", models.F("after")), _negated=True),
                        name="rfm_change_changes",
                    )
                ],
            },
        ),
    ]
