from django.db import migrations, models


class Migration(migrations.Migration):
    """Raw notices do not stay whole for ever; those that are must be found quickly."""

    dependencies = [("campaigns", "0009_one_index_of_a_campaign")]

    operations = [
        migrations.AddIndex(
            model_name="rawnotice",
            index=models.Index(
                condition=models.Q(("body", b""), _negated=True),
                fields=["received_at"],
                name="raw_notice_whole",
            ),
        ),
    ]
