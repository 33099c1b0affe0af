from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_what_breakers_count")]

    operations = [
        migrations.AddField(
            model_name="pace",
            name="day_limit",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="pace",
            name="queue_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
