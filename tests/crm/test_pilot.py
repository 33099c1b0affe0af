"""Pilot mode and approval: who is in the group, and what is said while it is on."""

import pytest

from campaigns.models import SendingSwitch
from tests.make import NOON, make_campaign, make_user

ADDRESS = "/settings/pilot/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def as_admin(client, admin):
    client.force_login(admin)
    return client


def test_an_administrator_names_the_group_by_its_addresses(as_admin, admin, ada, ben):
    typed = {"on": "on", "people": f" {ada.email.upper()}\n\n{ben.email}\n", "approval_above": "200"}

    assert as_admin.post(ADDRESS, typed)["Location"] == ADDRESS

    switch = SendingSwitch.load()
    assert (switch.pilot, switch.approval_above, switch.changed_by) == (True, 200, admin)
    assert {*switch.pilot_group.all()} == {ada, ben}
    assert as_admin.get(ADDRESS).context["form"]["people"].value() == f"{ada.email}\n{ben.email}"


def test_an_address_nobody_has_is_refused(as_admin, ada):
    answer = as_admin.post(ADDRESS, {"on": "on", "people": f"{ada.email}\nnobody@example.com"})

    assert "No contact has this address: nobody@example.com." in answer.text
    assert not SendingSwitch.load().pilot


def test_pilot_mode_without_a_group_is_refused(as_admin):
    assert "Name at least one person" in as_admin.post(ADDRESS, {"on": "on", "people": ""}).text

    as_admin.post(ADDRESS, {"people": "", "approval_above": ""})

    switch = SendingSwitch.load()
    assert (switch.pilot, switch.approval_above) == (False, None)


def test_a_marketer_reads_it_and_changes_nothing(as_marketer, ada):
    assert "Only an administrator changes this" in as_marketer.get(ADDRESS).text

    assert as_marketer.post(ADDRESS, {"on": "on", "people": ada.email}).status_code == 403


def test_holding_and_releasing_leave_the_pilot_group_alone(as_admin, ada):
    as_admin.post(ADDRESS, {"on": "on", "people": ada.email, "approval_above": "7"})

    as_admin.post("/settings/switch/", {"reason": "A fault"})
    as_admin.post("/settings/switch/", {"resume": "1"})

    switch = SendingSwitch.load()
    assert (switch.held, switch.pilot, switch.approval_above, switch.pilot_group.get()) == (
        False,
        True,
        7,
        ada,
    )


def test_today_names_what_waits_for_a_person(as_admin, ada):
    titles = {item["title"] for item in as_admin.get("/").context["needs_you"]}
    assert not titles & {"Pilot mode is on", "“Winter sale” waits for a second yes"}

    as_admin.post(ADDRESS, {"on": "on", "people": ada.email})
    make_campaign(status="waiting", created_by=make_user())
    make_campaign(name="Spring", status="paused", pause="bounces", pause_detail="10 of 200")
    make_campaign(name="By hand", status="paused", pause="person", planned_count=0, send_at=NOON)

    found = {item["title"]: item["detail"] for item in as_admin.get("/").context["needs_you"]}
    assert found["Pilot mode is on"] == "Nobody outside the pilot group receives anything."
    assert "“Winter sale” waits for a second yes" in found
    assert found["“Spring” paused itself"] == "10 of 200"
    assert "“By hand” paused itself" not in found
