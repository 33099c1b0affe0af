import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_ledger"),
        ("contacts", "0003_consent_is_append_only"),
        ("touchpoints", "0002_daily_visits"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["planned_at"], name="delivery_planned"),
        ),
    ]
