"""Baskets, answers, memberships, posts, calls and replies happen too, and whom a colleague chose."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("touchpoints", "0002_daily_visits"),
    ]

    operations = [
        migrations.AlterField(
            model_name="touchpoint",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed_up", "Asked to hear from us"),
                    ("confirmed", "Confirmed the sign-up"),
                    ("visited", "Visited a page"),
                    ("ordered", "Ordered"),
                    ("order_changed", "An order changed"),
                    ("basket", "Put something into the basket"),
                    ("feedback", "Answered a question"),
                    ("joined", "Became a full member"),
                    ("posted", "Wrote in the forum"),
                    ("called", "Spoke with us on the phone"),
                    ("replied", "Answered a message"),
                    ("chosen", "Chosen by a colleague"),
                    ("opened", "Opened a message"),
                    ("clicked", "Followed a link"),
                    ("bounced", "A message came back"),
                    ("complained", "Called a message spam"),
                    ("unsubscribed", "Stopped messages"),
                    ("changed_preferences", "Chose what to hear"),
                    ("outcome", "Reached what a message asked for"),
                    ("note", "Note"),
                    ("other", "Something else"),
                ],
                max_length=30,
            ),
        ),
    ]
