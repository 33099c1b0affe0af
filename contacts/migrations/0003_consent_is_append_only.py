"""The log of consent is never rewritten: only whose entry it is may change (merge, erase)."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'Consent is a log: entries are never deleted.';
    END IF;
    IF to_jsonb(NEW) - 'contact_id' IS DISTINCT FROM to_jsonb(OLD) - 'contact_id' THEN
        RAISE EXCEPTION 'Consent is a log: entries are never changed.';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_is_append_only BEFORE UPDATE OR DELETE ON contacts_consent
    FOR EACH ROW EXECUTE FUNCTION consent_is_append_only();
"""
BACKWARD = """
DROP TRIGGER consent_is_append_only ON contacts_consent;
DROP FUNCTION consent_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_people")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
