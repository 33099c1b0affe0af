"""An outcome has settings, and others may be counted beside it."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0013_what_came_of_messages_and_what_they_cost"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="lifecyclerule",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="lifecyclerule",
            name="update_update",
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="more_outcomes",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="outcome_parameters",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="more_outcomes",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="lifecycleruleevent",
            name="outcome_parameters",
            field=models.JSONField(blank=True, default=dict),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="lifecyclerule",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "campaigns_lifecycleruleevent" ("activated_at", "answers_at_once", "channel", "condition", "content_id", "delay", "freshness", "id", "more_outcomes", "name", "outcome", "outcome_parameters", "outcome_within", "outcomes", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "purpose", "rank", "re_entry", "re_entry_days", "remind_after", "reminder_content_id", "sender_id", "status", "topic_id", "trigger") VALUES (NEW."activated_at", NEW."answers_at_once", NEW."channel", NEW."condition", NEW."content_id", NEW."delay", NEW."freshness", NEW."id", NEW."more_outcomes", NEW."name", NEW."outcome", NEW."outcome_parameters", NEW."outcome_within", NEW."outcomes", NEW."parameters", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."purpose", NEW."rank", NEW."re_entry", NEW."re_entry_days", NEW."remind_after", NEW."reminder_content_id", NEW."sender_id", NEW."status", NEW."topic_id", NEW."trigger"); RETURN NULL;',
                    hash="bd50a7b5ad30252a1c0e455cc2e9ffaa4d7f5f9e",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_745b6",
                    table="campaigns_lifecyclerule",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="lifecyclerule",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "campaigns_lifecycleruleevent" ("activated_at", "answers_at_once", "channel", "condition", "content_id", "delay", "freshness", "id", "more_outcomes", "name", "outcome", "outcome_parameters", "outcome_within", "outcomes", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "purpose", "rank", "re_entry", "re_entry_days", "remind_after", "reminder_content_id", "sender_id", "status", "topic_id", "trigger") VALUES (NEW."activated_at", NEW."answers_at_once", NEW."channel", NEW."condition", NEW."content_id", NEW."delay", NEW."freshness", NEW."id", NEW."more_outcomes", NEW."name", NEW."outcome", NEW."outcome_parameters", NEW."outcome_within", NEW."outcomes", NEW."parameters", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."purpose", NEW."rank", NEW."re_entry", NEW."re_entry_days", NEW."remind_after", NEW."reminder_content_id", NEW."sender_id", NEW."status", NEW."topic_id", NEW."trigger"); RETURN NULL;',
                    hash="db91447ede6f7dac9e15ad9807b63ee3f956f007",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b72f9",
                    table="campaigns_lifecyclerule",
                    when="AFTER",
                ),
            ),
        ),
    ]
