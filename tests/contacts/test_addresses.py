import pytest

from contacts.addresses import AddressWrong, check_address


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Mara.Lindqvist@Example.COM ", "mara.lindqvist@example.com"),
        ("o'neil+news@mail.example.co.uk", "o'neil+news@mail.example.co.uk"),
        ("someone@bücher.example", "someone@xn--bcher-kva.example"),
        ("a@b-c.example.org", "a@b-c.example.org"),
    ],
)
def test_a_good_address_is_kept_in_one_form(written, kept):
    assert check_address(written) == kept


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "There is no e-mail."),
        ("   ", "There is no e-mail."),
        ("mara.example.com", "The e-mail has no “@”."),
        ("mara@home@example.com", "The e-mail has more than one “@”."),
        ("mara lind@example.com", "The e-mail has a blank in it."),
        ("@example.com", "The e-mail has nothing before the “@”."),
        ("mara@example", "The e-mail has no dot after the “@”."),
        ("m" * 65 + "@example.com", "The e-mail is too long."),
        ("m@" + "x" * 60 + ".example.com" * 20, "The e-mail is too long."),
    ],
)
def test_a_bad_address_is_refused_with_its_reason(written, reason):
    with pytest.raises(AddressWrong) as refusal:
        check_address(written)

    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    "written",
    [
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "a@example..com",
        "a@exa_mple.com",
        "é@example.com",
    ],
)
def test_odder_faults_are_found_too(written):
    with pytest.raises(AddressWrong, match="The e-mail cannot be right"):
        check_address(written)


def test_a_long_row_of_hyphens_is_judged_at_once():
    with pytest.raises(AddressWrong):
        check_address("a@" + "a-" * 100 + "!.example.com")
