"""Birthdays, anniversaries and renewals."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0007_what_a_backup_forgets"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactDate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("birthday", "Birthday"),
                            ("anniversary", "Anniversary"),
                            ("renewal", "Renewal"),
                        ],
                        max_length=20,
                    ),
                ),
                ("date", models.DateField()),
                (
                    "day_of_year",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.functions.datetime.ExtractMonth("date"),
                                "*",
                                models.Value(100),
                            ),
                            "+",
                            django.db.models.functions.datetime.ExtractDay("date"),
                        ),
                        output_field=models.SmallIntegerField(),
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dates",
                        to="contacts.contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "date of a contact",
                "verbose_name_plural": "dates of contacts",
                "indexes": [
                    models.Index(fields=["kind", "day_of_year"], name="contact_date_day"),
                    models.Index(fields=["kind", "date"], name="contact_date_once_only"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("contact", "kind"), name="contact_date_once")
                ],
            },
        ),
    ]
