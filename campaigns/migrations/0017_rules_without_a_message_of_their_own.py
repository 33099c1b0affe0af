"""What a rule said of its one message and its reminder stands in its steps."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0016_messages_become_steps")]

    operations = [
        migrations.RemoveField(
            model_name="lifecyclerule",
            name="channel",
        ),
        migrations.RemoveField(
            model_name="lifecyclerule",
            name="content",
        ),
        migrations.RemoveField(
            model_name="lifecyclerule",
            name="delay",
        ),
        migrations.RemoveField(
            model_name="lifecyclerule",
            name="remind_after",
        ),
        migrations.RemoveField(
            model_name="lifecyclerule",
            name="reminder_content",
        ),
        migrations.RemoveField(
            model_name="lifecycleruleevent",
            name="channel",
        ),
        migrations.RemoveField(
            model_name="lifecycleruleevent",
            name="content",
        ),
        migrations.RemoveField(
            model_name="lifecycleruleevent",
            name="delay",
        ),
        migrations.RemoveField(
            model_name="lifecycleruleevent",
            name="remind_after",
        ),
        migrations.RemoveField(
            model_name="lifecycleruleevent",
            name="reminder_content",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="lifecyclerule",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "campaigns_lifecycleruleevent" ("activated_at", "answers_at_once", "audience", "condition", "control_share", "freshness", "id", "leaves", "leaves_hour", "more_outcomes", "name", "outcome", "outcome_parameters", "outcome_within", "outcomes", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "purpose", "rank", "re_entry", "re_entry_days", "sender_id", "status", "topic_id", "trigger", "weekdays") VALUES (NEW."activated_at", NEW."answers_at_once", NEW."audience", NEW."condition", NEW."control_share", NEW."freshness", NEW."id", NEW."leaves", NEW."leaves_hour", NEW."more_outcomes", NEW."name", NEW."outcome", NEW."outcome_parameters", NEW."outcome_within", NEW."outcomes", NEW."parameters", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."purpose", NEW."rank", NEW."re_entry", NEW."re_entry_days", NEW."sender_id", NEW."status", NEW."topic_id", NEW."trigger", NEW."weekdays"); RETURN NULL;',
                    hash="2402498c0bf8dfce3c5b051cc6929070974ec6dc",
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
                    func='INSERT INTO "campaigns_lifecycleruleevent" ("activated_at", "answers_at_once", "audience", "condition", "control_share", "freshness", "id", "leaves", "leaves_hour", "more_outcomes", "name", "outcome", "outcome_parameters", "outcome_within", "outcomes", "parameters", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "purpose", "rank", "re_entry", "re_entry_days", "sender_id", "status", "topic_id", "trigger", "weekdays") VALUES (NEW."activated_at", NEW."answers_at_once", NEW."audience", NEW."condition", NEW."control_share", NEW."freshness", NEW."id", NEW."leaves", NEW."leaves_hour", NEW."more_outcomes", NEW."name", NEW."outcome", NEW."outcome_parameters", NEW."outcome_within", NEW."outcomes", NEW."parameters", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."purpose", NEW."rank", NEW."re_entry", NEW."re_entry_days", NEW."sender_id", NEW."status", NEW."topic_id", NEW."trigger", NEW."weekdays"); RETURN NULL;',
                    hash="22309295969ea8ccc9a800f173b101f9f6ee595c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b72f9",
                    table="campaigns_lifecyclerule",
                    when="AFTER",
                ),
            ),
        ),
    ]
