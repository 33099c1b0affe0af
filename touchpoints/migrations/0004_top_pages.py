"""The pages that most people saw, day by day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("touchpoints", "0003_more_that_happens"),
    ]

    operations = [
        migrations.CreateModel(
            name="TopPage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("place", models.PositiveSmallIntegerField()),
                ("path", models.CharField(max_length=500)),
                ("people", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "top page",
                "verbose_name_plural": "top pages",
                "constraints": [models.UniqueConstraint(fields=("day", "place"), name="top_page_once")],
            },
        ),
    ]
