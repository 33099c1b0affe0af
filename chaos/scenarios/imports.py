"""An import is killed again and again, then carried on: everyone is brought in once, a second time nobody."""

from django.db import connection

from chaos import servers
from chaos.stage import LOGS, Stage
from chaos.starting import wait_until
from contacts.models import Contact

# (rows, kills)
QUICK, FULL = (15_000, 2), (100_000, 20)
# One row in so many is no address and cannot be taken.
BAD_ONE_IN = 100
LONGEST = 120


def run(seed, *, full=False):
    yield run_once(seed, *(FULL if full else QUICK))


def run_once(seed, rows, kills):
    with Stage("imports", seed) as stage:
        people, refused = servers.STATE_DIR / "people.csv", servers.STATE_DIR / "people.refused.csv"
        bad = write(people, rows)
        stage.report.sends = rows
        kill_imports(stage, people, refused, rows, kills)
        finish(stage, people, refused)
        expect_everyone(stage.report, rows - bad)
        stage.report.expect(refused.exists() and is_whole(refused, rows), "refused rows are missing")
        said = finish(stage, people, refused)
        nothing = f"{rows:,} rows read: 0 created, 0 updated, {rows - bad:,} unchanged, {bad:,} refused."
        stage.report.expect(said == nothing, f"a second time: {said}")
        expect_everyone(stage.report, rows - bad)
        return stage.report


def write(path, rows):
    """A file of so many people; how many of them have no address."""
    addresses = ["nobody" if n % BAD_ONE_IN == 0 else f"person{n}@example.com" for n in range(rows)]
    lines = [f"{address},Person,{number}\n" for number, address in enumerate(addresses)]
    path.write_text("E-mail,First name,Last name\n" + "".join(lines))
    return addresses.count("nobody")


def kill_imports(stage, people, refused, rows, kills):
    """Each a little further on."""
    for mark in sorted(stage.chance.randrange(rows) for _ in range(kills)):
        kill_import(stage, start(stage, people, refused), mark)
        stage.report.expect(is_whole(refused, rows), "half a list of refused rows has its name")
    stage.report.expect(stage.report.kills > kills / 2, f"only {stage.report.kills} of {kills} kills")


def kill_import(stage, program, mark):
    """A moment after so many people are there, unless it has ended by then."""
    wait_until(lambda: Contact.objects.count() > mark or not program.is_alive, LONGEST, every=0.01)
    wait_until(lambda: not program.is_alive, stage.chance.random() * 0.3, every=0.01)
    if program.is_alive:
        program.kill()
        stage.report.kills += 1


def is_whole(refused, rows):
    """Whether the list of refused rows is not there, or has all of them."""
    return not refused.exists() or len(refused.read_text("utf-8-sig").splitlines()) == rows // BAD_ONE_IN + 1


def start(stage, people, refused):
    (LOGS / "import.log").unlink(missing_ok=True)
    return stage.program("import", "manage.py", "import_contacts", people, "--refused", refused)


def finish(stage, people, refused):
    """Bring them in to the end; the first line that is said of it."""
    program = start(stage, people, refused)
    stage.report.expect(wait_until(lambda: not program.is_alive, LONGEST), "it did not come to an end")
    said = (LOGS / "import.log").read_text().splitlines()
    return next((line for line in said if "rows read" in line), said[-1:])


def expect_everyone(report, count):
    """Each of them is one contact with one address."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT email) FROM contacts_contact")
        contacts, addresses = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM contacts_identity WHERE is_primary")
        identities = cursor.fetchone()[0]
    report.lost, report.duplicates = count - addresses, contacts - addresses
    found = contacts, addresses, identities
    report.expect(found == (count,) * 3, f"contacts, addresses, primary identities of {count}: {found}")
