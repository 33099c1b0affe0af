"""The whole database as text: to find a word wherever it stands, or to see that nothing has changed."""

from django.db import connection


def everywhere():
    """Every table as text: {table: its rows}."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table} t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def tables_with(word):
    """The tables in which this word stands, in letters or as bytes."""
    as_bytes = word.encode().hex()
    return {table for table, text in everywhere().items() if word in text.lower() or as_bytes in text}
