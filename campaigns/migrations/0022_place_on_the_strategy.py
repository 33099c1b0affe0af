"""A delivery knows the place of its row on the strategy. Quick however large the ledger: a constant default."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0021_one_index_for_the_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="position",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
    ]
