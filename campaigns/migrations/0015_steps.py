"""A rule has steps, each with a medium, a delay and words of its own."""

import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.manager
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0014_what_outcomes_ask_for"),
        ("contacts", "0006_how_often_and_by_which_medium"),
        ("pghistory", "0007_auto_20250421_0444"),
        ("touchpoints", "0002_daily_visits"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.PositiveSmallIntegerField()),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("letter", "Letter"),
                            ("panel", "Panel"),
                        ],
                        default="email",
                        max_length=10,
                        verbose_name="medium",
                    ),
                ),
                ("slot", models.SlugField(blank=True, verbose_name="place")),
                ("delay", models.DurationField(default=datetime.timedelta, verbose_name="after")),
                (
                    "condition",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "whatever comes back"),
                            ("unanswered", "if nothing comes back"),
                            ("unopened", "if no person opens it"),
                            ("clicked", "if it is clicked"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="condition",
                    ),
                ),
                (
                    "by_preference",
                    models.BooleanField(default=False, verbose_name="only to those who prefer this medium"),
                ),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ["position", "id"],
                "base_manager_name": "everything",
                "default_manager_name": "objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("everything", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="StepEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("key", models.PositiveSmallIntegerField()),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("letter", "Letter"),
                            ("panel", "Panel"),
                        ],
                        default="email",
                        max_length=10,
                        verbose_name="medium",
                    ),
                ),
                ("slot", models.SlugField(blank=True, db_index=False, verbose_name="place")),
                ("delay", models.DurationField(default=datetime.timedelta, verbose_name="after")),
                (
                    "condition",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "whatever comes back"),
                            ("unanswered", "if nothing comes back"),
                            ("unopened", "if no person opens it"),
                            ("clicked", "if it is clicked"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="condition",
                    ),
                ),
                (
                    "by_preference",
                    models.BooleanField(default=False, verbose_name="only to those who prefer this medium"),
                ),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="lifecyclerule",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="lifecyclerule",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="sendingswitch",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="sendingswitch",
            name="update_update",
        ),
        # Until the messages have become steps, and on the way back.
        migrations.AlterField(
            model_name="lifecyclerule",
            name="content",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="campaigns.content",
            ),
        ),
        migrations.AlterField(
            model_name="lifecycleruleevent",
            name="content",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="campaigns.content",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="lifecyclerule",
            name="reminder_has_content",
        ),
        migrations.RemoveIndex(
            model_name="delivery",
            name="delivery_due",
        ),
        migrations.AddField(
            model_name="delivery",
            name="episode",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="delivery",
            name="variant",
            field=models.CharField(blank=True, db_default="", default="", max_length=1),
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="audience",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="control_share",
            field=models.PositiveSmallIntegerField(default=10, verbose_name="held out, per cent"),
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="leaves",
            field=models.CharField(
                choices=[
                    ("any", "at any hour"),
                    ("hour", "at one hour of the day"),
                    ("best", "at the hour at which the person is usually there"),
                ],
                default="any",
                max_length=4,
                verbose_name="leaves",
            ),
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="leaves_hour",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="hour"),
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="weekdays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="audience",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="control_share",
            field=models.PositiveSmallIntegerField(default=10, verbose_name="held out, per cent"),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="leaves",
            field=models.CharField(
                choices=[
                    ("any", "at any hour"),
                    ("hour", "at one hour of the day"),
                    ("best", "at the hour at which the person is usually there"),
                ],
                default="any",
                max_length=4,
                verbose_name="leaves",
            ),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="leaves_hour",
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="hour"),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="weekdays",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="sendingswitch",
            name="holdout_share",
            field=models.PositiveSmallIntegerField(
                default=0, verbose_name="held out of everything, per cent"
            ),
        ),
        migrations.AddField(
            model_name="sendingswitchevent",
            name="holdout_share",
            field=models.PositiveSmallIntegerField(
                default=0, verbose_name="held out of everything, per cent"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("never_agreed", "never said yes to this topic on this channel"),
                    ("withdrew", "withdrew their consent to this topic"),
                    ("suppressed", "the address is suppressed"),
                    ("no_address", "no address for this channel"),
                    ("rule_off", "the rule was switched off"),
                    ("rule_paused", "the rule is paused"),
                    ("campaign_off", "the campaign was called off"),
                    ("campaign_paused", "the campaign is paused"),
                    ("condition_gone", "the condition no longer holds"),
                    ("outcome_reached", "the outcome was already reached"),
                    ("answered", "already answered"),
                    ("quiet", "in quiet hours where they live"),
                    ("cap", "already heard from us as often as we allow"),
                    ("held", "all sending is held"),
                    ("too_late", "could not go within its time"),
                    ("merged", "now under another contact"),
                    ("erased", "asked to be forgotten"),
                    ("render", "the message could not be made"),
                    ("refused", "the mail server refused it"),
                    ("retry", "the mail server said: later"),
                    ("no_answer", "the connection broke; nobody can say whether it arrived"),
                    ("pace", "in line: we send only so many at a time"),
                    ("pilot", "outside the pilot group"),
                    ("control", "held out, to see what the message is worth"),
                    ("bounced", "the address does not exist or takes no mail"),
                    ("hour", "waits for their hour"),
                    ("holdout", "held out of everything, to see what all of it is worth"),
                    ("audience", "not among those it is for"),
                    ("preference", "prefers another medium"),
                    ("topic_cap", "already heard about this topic as often as we allow"),
                    ("own_cap", "already heard from us as often as they wish"),
                ],
                default="",
                max_length=20,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sendingswitch",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "campaigns_sendingswitchevent" ("approval_above", "changed_at", "changed_by_id", "held", "holdout_share", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pilot", "reason") VALUES (NEW."approval_above", NEW."changed_at", NEW."changed_by_id", NEW."held", NEW."holdout_share", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pilot", NEW."reason"); RETURN NULL;',
                    hash="db4c123201be7a32dee6486ac0d5d615ba624a66",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_31285",
                    table="campaigns_sendingswitch",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sendingswitch",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "campaigns_sendingswitchevent" ("approval_above", "changed_at", "changed_by_id", "held", "holdout_share", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pilot", "reason") VALUES (NEW."approval_above", NEW."changed_at", NEW."changed_by_id", NEW."held", NEW."holdout_share", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pilot", NEW."reason"); RETURN NULL;',
                    hash="252584b19f75b4dd877a189948d7bd92788de377",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_43d48",
                    table="campaigns_sendingswitch",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="lifecyclerule",
            constraint=models.CheckConstraint(
                condition=models.Q(("control_share__lte", 90)), name="rule_control_share"
            ),
        ),
        migrations.AddConstraint(
            model_name="lifecyclerule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("leaves", "hour"), _negated=True),
                    ("leaves_hour__range", (0, 23)),
                    _connector="OR",
                ),
                name="rule_leaves_at_an_hour",
            ),
        ),
        migrations.AddConstraint(
            model_name="sendingswitch",
            constraint=models.CheckConstraint(
                condition=models.Q(("holdout_share__lte", 20)), name="holdout_share_is_small"
            ),
        ),
        migrations.AddField(
            model_name="step",
            name="content",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="campaigns.content"
            ),
        ),
        migrations.AddField(
            model_name="step",
            name="content_b",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps_b",
                to="campaigns.content",
            ),
        ),
        migrations.AddField(
            model_name="step",
            name="follows",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="followers",
                to="campaigns.step",
                verbose_name="follows",
            ),
        ),
        migrations.AddField(
            model_name="step",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="campaigns.lifecyclerule",
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="step",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="campaigns.step",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("channel", "email"), ("status", "planned")),
                fields=["due_at", "id"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status", "planned"), models.Q(("channel", "email"), _negated=True)),
                fields=["channel", "expires_at"],
                name="delivery_awaited",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("status", "planned"), models.Q(("episode", ""), _negated=True)),
                fields=["episode"],
                name="delivery_rest",
            ),
        ),
        migrations.AddField(
            model_name="stepevent",
            name="content",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="campaigns.content",
            ),
        ),
        migrations.AddField(
            model_name="stepevent",
            name="content_b",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="campaigns.content",
            ),
        ),
        migrations.AddField(
            model_name="stepevent",
            name="follows",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="campaigns.step",
                verbose_name="follows",
            ),
        ),
        migrations.AddField(
            model_name="stepevent",
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
            model_name="stepevent",
            name="pgh_obj",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="campaigns.step",
            ),
        ),
        migrations.AddField(
            model_name="stepevent",
            name="rule",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                related_query_name="+",
                to="campaigns.lifecyclerule",
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.UniqueConstraint(fields=("rule", "key"), name="step_key_once"),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(("condition", ""), ("follows__isnull", False), _connector="OR"),
                name="condition_of_a_following_step",
            ),
        ),
        migrations.AddConstraint(
            model_name="step",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "panel"), _negated=True),
                    models.Q(("slot", ""), _negated=True),
                    _connector="OR",
                ),
                name="panel_has_a_place",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="step",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "campaigns_stepevent" ("by_preference", "channel", "condition", "content_b_id", "content_id", "delay", "follows_id", "id", "key", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "removed_at", "rule_id", "slot") VALUES (NEW."by_preference", NEW."channel", NEW."condition", NEW."content_b_id", NEW."content_id", NEW."delay", NEW."follows_id", NEW."id", NEW."key", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."removed_at", NEW."rule_id", NEW."slot"); RETURN NULL;',
                    hash="8b6cc7cd3d8b90e86c0983d43fec9a23b579c649",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bae8b",
                    table="campaigns_step",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="step",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "campaigns_stepevent" ("by_preference", "channel", "condition", "content_b_id", "content_id", "delay", "follows_id", "id", "key", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "removed_at", "rule_id", "slot") VALUES (NEW."by_preference", NEW."channel", NEW."condition", NEW."content_b_id", NEW."content_id", NEW."delay", NEW."follows_id", NEW."id", NEW."key", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."removed_at", NEW."rule_id", NEW."slot"); RETURN NULL;',
                    hash="b9ab66e592143cc37e4834283693eaac808e8d6e",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_72121",
                    table="campaigns_step",
                    when="AFTER",
                ),
            ),
        ),
    ]
