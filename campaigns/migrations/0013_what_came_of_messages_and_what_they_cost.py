"""Which message an order is credited to, and what a message costs in each channel."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_keep_responses_raw"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("touchpoints", "0003_more_that_happens"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChannelCostEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("letter", "Letter"),
                            ("panel", "Panel"),
                        ],
                        max_length=10,
                        serialize=False,
                        verbose_name="medium",
                    ),
                ),
                (
                    "each",
                    models.DecimalField(
                        decimal_places=4, default=0, max_digits=10, verbose_name="each message"
                    ),
                ),
                (
                    "minute",
                    models.DecimalField(
                        decimal_places=4, default=0, max_digits=10, verbose_name="each minute"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Attribution",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="attribution",
                        serialize=False,
                        to="touchpoints.order",
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("clicked", "the last message in which they followed a link"),
                            ("sent", "the last message they were sent"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attributions",
                        to="campaigns.delivery",
                    ),
                ),
            ],
            options={
                "verbose_name": "attribution",
                "verbose_name_plural": "attributions",
            },
        ),
        migrations.CreateModel(
            name="ChannelCost",
            fields=[
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("letter", "Letter"),
                            ("panel", "Panel"),
                        ],
                        max_length=10,
                        primary_key=True,
                        serialize=False,
                        verbose_name="medium",
                    ),
                ),
                (
                    "each",
                    models.DecimalField(
                        decimal_places=4, default=0, max_digits=10, verbose_name="each message"
                    ),
                ),
                (
                    "minute",
                    models.DecimalField(
                        decimal_places=4, default=0, max_digits=10, verbose_name="each minute"
                    ),
                ),
            ],
            options={
                "verbose_name": "cost of a channel",
                "verbose_name_plural": "costs of the channels",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("each__gte", 0), ("minute__gte", 0)),
                        name="channel_cost_not_negative",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="channelcost",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "campaigns_channelcostevent" ("channel", "each", "minute", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."channel", NEW."each", NEW."minute", _pgh_attach_context(), NOW(), \'insert\', NEW."channel"); RETURN NULL;',
                    hash="c70c21ca56e6647445fe75a8246e378d582363b5",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_62a09",
                    table="campaigns_channelcost",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="channelcost",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "campaigns_channelcostevent" ("channel", "each", "minute", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."channel", NEW."each", NEW."minute", _pgh_attach_context(), NOW(), \'update\', NEW."channel"); RETURN NULL;',
                    hash="08d9eda0e9b1bddbb2bd7c2e3f21a050e9c2e7c8",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_01993",
                    table="campaigns_channelcost",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddField(
            model_name="channelcostevent",
            name="pgh_context",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="pghistory.context",
            ),
        ),
        migrations.AddField(
            model_name="channelcostevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="campaigns.channelcost",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attribution",
            trigger=pgtrigger.compiler.Trigger(
                name="attribution_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="3129aaf24a3bf07eb472c0a851a75dbeaf927a84",
                    operation="UPDATE",
                    pgid="pgtrigger_attribution_is_frozen_858f0",
                    table="campaigns_attribution",
                    when="BEFORE",
                ),
            ),
        ),
    ]
