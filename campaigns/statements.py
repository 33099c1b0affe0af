"""Statements that are asked so often that planning them anew each time would cost more than running them."""

from weakref import WeakKeyDictionary

from django.db import connection

# Which statements a connection keeps by now.
_kept = WeakKeyDictionary()


def run(cursor, name, types, sql, values, *, first=""):
    """Run a statement whose plan the connection keeps under `name`; `types` are those of its %(values)s.

    `first` is run before it, a statement of its own on the same way to the database; what it returns is lost.
    Behind a pool that hands connections around (DISABLE_SERVER_SIDE_CURSORS) no plans are kept.
    """
    values = values | {each: _as_text(values[each]) for each, kind in types.items() if kind == "bigint[]"}
    first = first and f"{first};\n"
    if connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        cursor.execute(first + sql, values)
        return
    kept = _kept.setdefault(connection.connection, {})
    if kept.get(name) != sql:
        _keep(cursor, name, types, sql, is_new=name not in kept)
        kept[name] = sql
    given = ", ".join(f"%({value})s::{kind}" for value, kind in types.items())
    cursor.execute(f"{first}EXECUTE {name} ({given})", values)


def _as_text(numbers):
    """Numbers as one value: of an array the database would have to read each as a value of its own."""
    return f"{{{','.join(map(str, numbers))}}}"


def _keep(cursor, name, types, sql, *, is_new):
    places = {value: f"${number}" for number, value in enumerate(types, 1)}
    if not is_new:
        _run_bare(cursor, f"DEALLOCATE {name}")
    _run_bare(cursor, f"PREPARE {name} ({', '.join(types.values())}) AS {sql % places}")
    # All of them go by key, for few rows or many. Left to choose, the database would plan those for a single
    # row anew each time, as that promises to run a little quicker.
    _run_bare(cursor, "SET plan_cache_mode = force_generic_plan")


def _run_bare(cursor, sql):
    """Without values to put in, the driver leaves every sign as it is: nothing may put any in on the way."""
    with cursor.db.wrap_database_errors:
        cursor.cursor.execute(sql)
