"""How often people want to hear from us at most, and by which medium they would rather."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0005_forget_who_is_erased"),
    ]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="at_most",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="messages in 7 days at most"
            ),
        ),
        migrations.AddField(
            model_name="contact",
            name="preferred_channel",
            field=models.CharField(
                blank=True,
                choices=[("email", "E-mail"), ("phone", "Phone")],
                db_default="",
                default="",
                max_length=10,
                verbose_name="preferred medium",
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="cap",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="About this topic, to one person.",
                null=True,
                verbose_name="messages at most",
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="cap_days",
            field=models.PositiveSmallIntegerField(default=7, verbose_name="in days"),
        ),
    ]
