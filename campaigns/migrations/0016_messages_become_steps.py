"""The message of a rule becomes its first step, its reminder the second; the ledger says which is which.

Who was in a rule before it kept a control group goes on without one.
"""

from django.db import migrations

STEPS = """
INSERT INTO campaigns_step (rule_id, key, position, follows_id, channel, slot, delay, condition, by_preference,
                            content_id)
SELECT id, 1, 0, NULL, channel, '', delay, '', false, content_id FROM campaigns_lifecyclerule ORDER BY id
"""
REMINDERS = """
INSERT INTO campaigns_step (rule_id, key, position, follows_id, channel, slot, delay, condition, by_preference,
                            content_id)
SELECT r.id, 2, 1, first.id, r.channel, '', coalesce(r.remind_after, interval '5 days'), 'unanswered', false, r.reminder_content_id
FROM campaigns_lifecyclerule r JOIN campaigns_step first ON first.rule_id = r.id AND first.key = 1
WHERE r.remind_after IS NOT NULL
   OR EXISTS (SELECT 1 FROM campaigns_delivery d WHERE d.rule_id = r.id AND d.reminder_number > 0)
      AND r.reminder_content_id IS NOT NULL
ORDER BY r.id
"""
# A reminder that was switched off goes on no more, but the ledger knows what it sent.
SWITCHED_OFF = """
UPDATE campaigns_step s SET removed_at = now()
FROM campaigns_lifecyclerule r WHERE r.id = s.rule_id AND s.key = 2 AND r.remind_after IS NULL
"""
NO_CONTROL = "UPDATE campaigns_lifecyclerule SET control_share = 0"
DELIVERIES = """
UPDATE campaigns_delivery d
SET step_id = s.id,
    episode = 'r' || d.rule_id || ':' || d.contact_id || ':'
              || coalesce('t' || coalesce(d.touchpoint_id, first.touchpoint_id), 'd' || coalesce(first.id, d.id)),
    occurrence_key = CASE WHEN d.reminder_number > 0 THEN regexp_replace(d.occurrence_key, ':r1$', ':s2')
                     ELSE d.occurrence_key END
FROM campaigns_delivery me
LEFT JOIN campaigns_delivery first ON first.id = me.parent_id
LEFT JOIN campaigns_step s
    ON s.rule_id = me.rule_id AND s.key = CASE WHEN me.reminder_number > 0 THEN 2 ELSE 1 END
WHERE d.id = me.id AND me.rule_id IS NOT NULL
"""
BACK = """
UPDATE campaigns_lifecyclerule r
SET channel = first.channel, delay = first.delay, content_id = first.content_id,
    remind_after = CASE WHEN reminder.removed_at IS NULL THEN reminder.delay END,
    reminder_content_id = reminder.content_id
FROM campaigns_step first
LEFT JOIN campaigns_step reminder
    ON reminder.rule_id = first.rule_id AND reminder.key = 2 AND reminder.follows_id = first.id
WHERE first.rule_id = r.id AND first.key = 1
"""
# What was noted of a rule meanwhile says nothing of its message.
EVENTS_BACK = """
UPDATE campaigns_lifecycleruleevent e SET content_id = r.content_id
FROM campaigns_lifecyclerule r WHERE r.id = e.pgh_obj_id AND e.content_id IS NULL
"""
DELIVERIES_BACK = """
UPDATE campaigns_delivery
SET step_id = NULL, occurrence_key = CASE WHEN reminder_number = 1
    THEN regexp_replace(occurrence_key, ':s2$', ':r1') ELSE occurrence_key END
WHERE rule_id IS NOT NULL
"""
# What more steps there are goes; a table whose rows refer to each other is emptied at once.
FORGET = "DELETE FROM campaigns_step"


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0015_steps")]

    operations = [
        migrations.RunSQL(STEPS, FORGET),
        migrations.RunSQL(REMINDERS, EVENTS_BACK),
        migrations.RunSQL(SWITCHED_OFF, BACK),
        migrations.RunSQL(NO_CONTROL, migrations.RunSQL.noop),
        migrations.RunSQL(DELIVERIES, DELIVERIES_BACK),
    ]
