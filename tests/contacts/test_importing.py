import csv
import itertools

import pytest

from contacts.consenting import give_consent, withdraw_consent
from contacts.erasing import erase
from contacts.importing import ConsentProof, import_contacts
from contacts.models import Consent, Contact, Identity, Suppression
from contacts.phones import set_phone
from contacts.staging import FileRefused
from contacts.suppressing import is_suppressed
from tests.make import DAY, NOON, make_contact

HEADER = "Email,First Name,Last Name"


@pytest.fixture
def bring(tmp_path):
    """Imports lines of CSV; returns the result."""

    def run(*lines, name="people.csv", **options):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        options = {"at": NOON, "origin": "import:people.csv"} | options
        return import_contacts(path, refused_path=tmp_path / "refused.csv", **options)

    return run


def counts(result):
    return result.read, result.created, result.updated, result.unchanged, result.refused


def refused_rows(result):
    with open(result.refused_path, encoding="utf-8-sig", newline="") as file:
        return [*csv.reader(file)][1:]


def test_new_people_become_contacts_with_a_primary_identity(bring, transactional_db):
    result = bring(HEADER, "Mara@Example.com,Mara,Lindqvist", "tobias@example.com,Tobias,")

    assert counts(result) == (2, 2, 0, 0, 0)
    mara = Contact.objects.get(email="mara@example.com")
    assert (mara.name, mara.origin, mara.created_at, mara.level) == (
        "Mara Lindqvist",
        "import:people.csv",
        NOON,
        "guest",
    )
    assert mara.first_source == {}
    identity = mara.identities.get()
    assert (identity.kind, identity.value, identity.is_primary) == ("email", "mara@example.com", True)
    assert Contact.objects.search("lindq").get() == mara


def test_the_same_file_again_changes_nothing(bring, transactional_db):
    lines = [HEADER, "mara@example.com,Mara,Lindqvist", "tobias@example.com,Tobias,"]
    bring(*lines)
    before = [*Contact.objects.order_by("pk").values_list("pk", "updated_at")]

    assert counts(bring(*lines, at=NOON + DAY)) == (2, 0, 0, 2, 0)
    assert [*Contact.objects.order_by("pk").values_list("pk", "updated_at")] == before


def test_what_the_file_says_is_updated_and_what_it_leaves_empty_stays(bring, ada, ben):
    result = bring(HEADER, "ada@example.com,,King", "ben@example.com,,")

    assert counts(result) == (2, 0, 1, 1, 0)
    ada.refresh_from_db()
    assert ada.name == "Ada King"


def test_rows_that_cannot_be_taken_go_to_a_file_with_line_and_reason(bring, db):
    result = bring(
        HEADER,
        "mara.example.com,Mara,Lindqvist",
        "mara@example.com,Mara,Lindqvist",
        ",Nobody,",
        f"long@example.com,{'x' * 101},",
        "MARA@example.com,Again,",
        "many@example.com,a,b,c",
    )

    assert counts(result) == (6, 1, 0, 0, 5)
    assert [row[:3] for row in refused_rows(result)] == [
        ["2", "The e-mail has no “@”.", "mara.example.com"],
        ["4", "There is no e-mail.", ""],
        ["5", "The name is longer than 100 letters.", "long@example.com"],
        ["6", "The e-mail stands in line 3 already.", "MARA@example.com"],
        ["7", "The row has 4 cells, the header has 3."],
    ]
    assert result.first_refusals[0] == "The e-mail has no “@”. Line 2."
    assert Contact.objects.get().first_name == "Mara"


def test_a_file_without_an_e_mail_column_is_refused(bring, db):
    with pytest.raises(
        FileRefused, match="No column holds e-mail addresses; the header has: Record ID, Company"
    ):
        bring("Record ID,Company", "1,Bluebay")


def test_a_dry_run_counts_and_writes_nothing(bring, ada, topic):
    consent = ConsentProof(topic, "imported", "shop ledger")

    result = bring(
        HEADER, "ada@example.com,Augusta,", "new@example.com,New,", "bad,,", consent=consent, dry_run=True
    )

    assert (counts(result), result.consents) == ((3, 1, 1, 0, 1), 1)
    ada.refresh_from_db()
    assert (ada.first_name, Contact.objects.count(), Consent.objects.count()) == ("Ada", 1, 1)


def test_customer_numbers_become_identities_of_their_source(bring, db):
    bring("Customer ID,Email", "'17,mara@example.com", source="shop")
    bring("Customer ID,Email", "'17,mara@example.com", source="shop")

    identity = Identity.objects.get(kind="shop_id")
    assert (identity.source, identity.value, identity.contact.email) == ("shop", "17", "mara@example.com")


def test_without_a_source_numbers_mean_nothing(bring, db):
    result = bring("Customer ID,Email", "17,mara@example.com")

    assert not Identity.objects.filter(kind="shop_id").exists()
    assert result.unused_columns == ["Customer ID"]


def test_a_number_of_someone_else_is_refused(bring, ada):
    Identity.objects.create(contact=ada, kind="shop_id", source="shop", value="17", created_at=NOON)

    result = bring(
        "Customer ID,Email",
        "17,mara@example.com",
        "17,ada@example.com",
        "18,eve@example.com",
        "18,ivo@example.com",
        source="shop",
    )

    assert [row[:2] for row in refused_rows(result)] == [
        ["3", "The customer number stands in line 2 already."],
        ["5", "The customer number stands in line 4 already."],
        ["2", "The customer number 17 belongs to someone with another e-mail."],
    ]
    assert counts(result) == (4, 1, 0, 0, 3)


def test_someone_known_by_number_alone_gets_the_address(bring, db):
    buyer = make_contact("", first_name="", last_name="")
    Identity.objects.create(contact=buyer, kind="shop_id", source="shop", value="17", created_at=NOON)

    result = bring("Customer ID,Email,Name", "17,mara@example.com,Mara Lindqvist", source="shop")

    buyer.refresh_from_db()
    assert (counts(result), buyer.email, buyer.name) == (
        (1, 0, 1, 0, 0),
        "mara@example.com",
        "Mara Lindqvist",
    )
    assert buyer.identities.get(kind="email").is_primary


def test_consent_comes_with_its_ground_and_proof(bring, topic):
    consent = ConsentProof(topic, "imported", "paper forms, folder 12")

    result = bring(HEADER, "mara@example.com,Mara,", consent=consent)

    entry = Consent.objects.get()
    assert (result.consents, entry.action, entry.basis, entry.at, entry.source) == (
        1,
        "given",
        "imported",
        NOON,
        "import:people.csv",
    )
    assert entry.evidence == {"file": "people.csv", "line": 2, "proof": "paper forms, folder 12"}


def test_an_import_never_lifts_a_withdrawal_or_a_suppression(bring, ada, ben, cleo, topic):
    consent = ConsentProof(topic, "imported", "old list")
    entries = Consent.objects.count()

    result = bring(HEADER, *(f"{name}@example.com,," for name in ("ada", "ben", "cleo")), consent=consent)

    assert (result.consents, Consent.objects.count(), result.suppressed) == (0, entries, 1)
    assert Suppression.objects.active().count() == 1


def test_who_said_no_in_the_file_gets_no_consent(bring, topic):
    consent = ConsentProof(topic, "imported", "the shop's own column")

    bring("Email,Accepts Email Marketing", "yes@example.com,yes", "no@example.com,no", consent=consent)

    assert [entry.contact.email for entry in Consent.objects.all()] == ["yes@example.com"]


def test_someone_who_is_known_and_never_asked_may_be_given_a_topic(bring, topic):
    make_contact("old@example.com")

    result = bring("Email", "old@example.com", consent=ConsentProof(topic, "customer", "order 7"))

    assert (result.consents, Consent.objects.get().basis) == (1, "customer")


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        (
            "Record ID,First Name,Last Name,Email,Phone Number,Lead Status,Create Date,Country/Region",
            "101,Camille,Durand,camille@example.com,+33 6 00 00 00 00,NEW,2024-03-12 09:14,France",
            "Camille Durand",
        ),
        (
            "First Name,Middle Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value",
            "camille@example.com,,,* myContacts,* ,camille@example.com ::: c@example.org",
            "",
        ),
        (
            "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code",
            "'72,Camille,Durand,CAMILLE@example.com,no,FR",
            "Camille Durand",
        ),
        (
            "First Name,Last Name,Title,E-mail Address",
            "Camille,Durand,,camille@example.com",
            "Camille Durand",
        ),
        ("Namn;E-post;Mobil", "Camille Durand;camille@example.com;", "Camille Durand"),
        ("first_name,email_address,state,created_at", "Camille,camille@example.com,active,", "Camille"),
        (
            "#,What's your name?,What's your email?",
            '1,"Durand, Camille",camille@example.com',
            "Camille Durand",
        ),
        (
            "id,Email,Name,Created (UTC)",
            "cus_1,camille@example.com,Camille de la Tour,",
            "Camille de la Tour",
        ),
    ],
)
def test_files_of_other_tools_are_understood(bring, db, header, row, name):
    bring(header, row)

    contact = Contact.objects.get()
    assert (contact.email, contact.name) == ("camille@example.com", name)


def test_values_that_make_no_sense_are_left_out_and_counted(bring, db):
    result = bring(
        "Email,Country/Region,Create Date,Time zone",
        "a@example.com,France,3/15/2024 2:30 PM,Mars/Olympus",
        "b@example.com,pt,2024-05-31,Europe/Lisbon",
    )

    assert result.left_out == {"Country/Region": 1, "Create Date": 1, "Time zone": 1}
    known = Contact.objects.get(email="b@example.com")
    assert (known.country, known.time_zone, f"{known.created_at:%Y-%m-%d}") == (
        "PT",
        "Europe/Lisbon",
        "2024-05-31",
    )
    assert Contact.objects.get(email="a@example.com").created_at == NOON


def test_a_file_of_several_chunks_is_taken_whole(bring, transactional_db, monkeypatch):
    monkeypatch.setattr("contacts.staging.CHUNK", 10)
    steps = []
    people = [f"p{number}@example.com,P,{number}" for number in range(35)]

    result = bring(HEADER, *people, "bad,,", people[3], progress=lambda *step: steps.append(step))

    assert counts(result) == (37, 35, 0, 0, 2)
    assert len(steps) == 4
    assert steps[-1][1] == steps[-1][2]
    assert Identity.objects.filter(is_primary=True).count() == 35


def test_killed_half_way_and_run_again_nothing_is_doubled(bring, transactional_db, monkeypatch):
    monkeypatch.setattr("contacts.staging.CHUNK", 10)
    people = [f"p{number}@example.com,P,{number}" for number in range(35)]

    steps = itertools.count(1)

    def die(*step):
        if next(steps) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(HEADER, *people, progress=die)
    assert Contact.objects.count() == 20

    assert counts(bring(HEADER, *people)) == (35, 15, 0, 20, 0)
    assert (Contact.objects.count(), Identity.objects.count()) == (35, 35)


def test_two_imports_of_overlapping_files_at_once_make_each_contact_once(tmp_path, at_once, monkeypatch):
    monkeypatch.setattr("contacts.staging.CHUNK", 50)
    people = [f"p{number:03}@example.com,P,{number}" for number in range(300)]

    def bring_from(name, lines):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([HEADER, *lines]))
        return import_contacts(path, at=NOON, origin="x", refused_path=tmp_path / f"{name}.refused.csv")

    results = at_once(
        lambda: bring_from("one", people),
        lambda: bring_from("two", people[::-1]),
        lambda: bring_from("three", people[100:] + people[:100]),
    )

    assert sum(result.created for result in results) == 300
    assert (Contact.objects.count(), Identity.objects.count()) == (300, 300)
    assert not Contact.objects.filter(identities=None).exists()


def test_an_import_and_a_withdrawal_at_once_end_withdrawn(at_once, tmp_path, topic):
    contacts = [make_contact(f"p{number}@example.com") for number in range(30)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["Email", *(contact.email for contact in contacts)]))
    consent = ConsentProof(topic, "imported", "old list")

    def withdraw():
        for contact in contacts:
            withdraw_consent(contact, [topic], at=NOON, source="one-click")

    at_once(
        withdraw,
        lambda: import_contacts(
            path, at=NOON, origin="x", refused_path=tmp_path / "refused.csv", consent=consent
        ),
    )

    assert {entry.action for entry in Consent.objects.current()} == {"withdrawn"}
    give_consent(contacts[0], [topic], at=NOON + DAY, source="form")
    assert Consent.objects.current().get(contact=contacts[0]).action == "given"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
def test_a_moment_that_no_page_could_show_is_left_out(bring, as_marketer, moment):
    result = bring("email,created at", f"zoe@example.com,{moment}")

    assert (result.created, result.left_out["created at"]) == (1, 1)
    assert as_marketer.get("/contacts/").status_code == 200


def test_who_was_erased_comes_back_suppressed_and_nobody_else_does(bring, ada, transactional_db):
    bring(HEADER, "mara@example.com,Mara,")
    erase(ada, at=NOON)

    result = bring(HEADER, "Ada@Example.com,Ada,Byron", "tobias@example.com,Tobias,", at=NOON + DAY)

    assert (result.created, result.suppressed) == (2, 1)
    assert is_suppressed("ada@example.com", service=True)
    assert not is_suppressed("tobias@example.com", service=False)


def test_an_import_under_way_writes_nothing_into_someone_erased_meanwhile(bring, ada, transactional_db):
    """The address still leads to her where the file was staged; her row takes nothing any more."""
    erase(ada, at=NOON)
    Identity.objects.create(contact=ada, kind="email", value="ada@example.com", created_at=NOON)

    result = bring(HEADER, "ada@example.com,Ada,Byron")

    assert counts(result) == (1, 0, 0, 1, 0)
    assert Contact.objects.get(pk=ada.pk).name == ""


# Phone numbers ---------------------------------------------------------------------------------------

PHONES = "Email,Phone,Country"


def numbers():
    return {i.contact.email: i.value for i in Identity.objects.filter(kind="phone", is_primary=True)}


def test_a_number_comes_along_in_one_form_however_it_is_written(bring, transactional_db):
    result = bring(
        PHONES,
        "mara@example.com,912 345 678,PT",
        "noor@example.com,+1 (202) 555-0143,",
        "ben@example.com,912 345 678,",
        "ada@example.com,,PT",
    )

    assert numbers() == {"mara@example.com": "+351912345678", "noor@example.com": "+12025550143"}
    assert (result.created, result.numbered, dict(result.left_out)) == (4, 2, {"Phone": 1})


def test_who_has_a_number_keeps_it_and_nobody_gets_anothers(bring, transactional_db):
    set_phone(make_contact("mara@example.com"), "+351912345678", at=NOON)

    result = bring(
        PHONES,
        "mara@example.com,+351 912 345 000,",
        "noor@example.com,+351 912 345 678,",
        "ben@example.com,+351 912 345 111,",
        "ada@example.com,+351 912 345 111,",
    )

    assert numbers() == {"mara@example.com": "+351912345678", "ben@example.com": "+351912345111"}
    assert result.numbered == 1


def test_a_number_is_given_to_somebody_known_once(bring, transactional_db):
    make_contact("mara@example.com")

    assert bring(PHONES, "mara@example.com,+351912345678,").numbered == 1
    assert bring(PHONES, "mara@example.com,+351912345678,").numbered == 0

    assert numbers() == {"mara@example.com": "+351912345678"}


def test_a_dry_run_gives_no_number(bring, transactional_db):
    result = bring(PHONES, "mara@example.com,+351912345678,", dry_run=True)

    assert (result.numbered, numbers()) == (1, {})


def test_the_number_of_somebody_who_was_forgotten_comes_back_kept_back(bring, transactional_db, admin):
    ada = make_contact("ada@example.com")
    set_phone(ada, "+351912345678", at=NOON)
    erase(ada, at=NOON, by=admin)

    bring(PHONES, "new@example.com,+351912345678,")

    assert is_suppressed("+351912345678", service=True, channel="phone")
