"""What one row of someone's CSV file says about a contact, whichever tool wrote it."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import available_timezones

from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.addresses import AddressWrong, check_address
from contacts.phones import PhoneWrong, check_phone
from contacts.staging import FileRefused, RowRefused, match_header

# Each field, and what other tools call its column.
HEADERS = {
    "email": [
        *("e-mail", "email", "mail", "email address", "e-mail address", "e-mail 1 - value", "e-post"),
        *("what's your email?", "user email", "your email", "subscriber", "email id", "correo"),
    ],
    "first_name": [
        *("first name", "firstname", "given name", "fname", "forename", "vorname", "prénom"),
        *("first", "what's your first name?", "nombre"),
    ],
    "last_name": [
        *("last name", "lastname", "surname", "family name", "lname", "nachname", "nom", "last"),
        *("apellido", "apellidos"),
    ],
    "name": [
        *("name", "full name", "your full name", "what's your name?", "contact name", "customer name"),
        *("namn", "display name"),
    ],
    "number": [
        *("customer number", "customer id", "customer no", "customer", "record id", "contact id"),
        *("client id", "id", "kundennummer"),
    ],
    "language": ["language", "preferred language", "locale", "lang"],
    "country": ["country code", "default address country code", "country", "country/region"],
    "time_zone": ["time zone", "timezone"],
    "phone": [
        *("phone", "phone number", "mobile", "mobile phone", "mobile phone number", "telephone", "tel"),
        *("phone 1 - value", "default address phone", "telefon", "téléphone", "teléfono", "telefone"),
    ],
    "known_since": [
        *("known since", "created at", "create date", "created", "created time", "created date"),
        *("created (utc)", "date subscribed", "registration date", "member since", "signup date"),
    ],
    "accepts": ["accepts email marketing", "accepts marketing", "email opt-in", "marketing consent"],
}
KNOWN_NAMES = [name for names in HEADERS.values() for name in names]
TEXTS = ("first_name", "last_name", "language", "country", "time_zone")
COLUMNS = {
    "line": "integer",
    "email": "text",
    **dict.fromkeys(TEXTS, "text"),
    "known_since": "timestamptz",
    "number": "text",
    "accepts": "boolean",
    "phone": "text",
}
TIME_ZONES = available_timezones()
LONGEST_NAME, LONGEST_NUMBER = 100, 254
# What lies outside was left empty by some program, and no page could show the year 0 or 10000.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
YES = {"yes", "y", "true", "1", "ja", "oui", "sí", "si", "subscribed", "on"}


class RowReader:
    """Makes the staged columns of one row of the file, or refuses it."""

    def __init__(self, header, *, number_wanted):
        self.header = header
        self.places = match_header(header, HEADERS)
        if "email" not in self.places:
            raise FileRefused(
                _("No column holds e-mail addresses; the header has: %(names)s.")
                % {"names": ", ".join(filter(None, header))}
            )
        if not number_wanted:
            self.places.pop("number", None)
        if {"first_name", "last_name"} & self.places.keys():
            self.places.pop("name", None)
        self.left_out = Counter()
        # Where each address and number stood first, by their hash: a large file must not fill the memory.
        self.first_lines = {}

    @property
    def unused_columns(self):
        used = self.places.values()
        return [name for place, name in enumerate(self.header) if name and place not in used]

    @property
    def has_phones(self):
        return "phone" in self.places

    @property
    def texts(self):
        """The fields of a contact that this file says something about."""
        named = {"first_name", "last_name"} if "name" in self.places else set()
        return [name for name in TEXTS if name in self.places or name in named]

    def read(self, line, values):
        """The row as COLUMNS lists it."""
        try:
            email = check_address(values[self.places["email"]].partition(":::")[0])
        except AddressWrong as error:
            raise RowRefused(str(error)) from error
        cell = {name: values[place].strip() for name, place in self.places.items()}
        first, last = self._name(cell)
        customer = number(cell.get("number", ""))
        self._stand_alone(line, email, customer)
        return (
            line,
            email,
            first,
            last,
            self._soft("language", cell, is_language),
            self._soft("country", cell, is_country).upper(),
            self._soft("time_zone", cell, TIME_ZONES.__contains__),
            self._moment(cell),
            customer,
            "" if "accepts" not in cell else cell["accepts"].lower() in YES,
            self._phone(cell),
        )

    def _stand_alone(self, line, email, customer):
        """The first row with an address or number is taken, later ones are not."""
        before = self.first_lines.setdefault(hash(email), line)
        if before != line:
            raise RowRefused(_("The e-mail stands in line %(line)d already.") % {"line": before})
        if not customer:
            return
        before = self.first_lines.setdefault(hash((customer,)), line)
        if before != line:
            raise RowRefused(_("The customer number stands in line %(line)d already.") % {"line": before})

    def _name(self, cell):
        if "name" in cell:
            first, last = split_name(cell["name"])
        else:
            first, last = cell.get("first_name", ""), cell.get("last_name", "")
        # Some tools put the address where a name is missing.
        first = "" if "@" in first else first
        if len(first) > LONGEST_NAME or len(last) > LONGEST_NAME:
            raise RowRefused(_("The name is longer than %(most)d letters.") % {"most": LONGEST_NAME})
        return first, last

    def _soft(self, name, cell, makes_sense):
        """A value that is nice to have: kept if it makes sense, else left out and counted."""
        value = cell.get(name, "")
        if not value or makes_sense(value):
            return value
        self.left_out[self.header[self.places[name]]] += 1
        return ""

    def _phone(self, cell):
        """The number, read as the row's country writes it; left out where nobody could be called."""
        text = cell.get("phone", "").partition(":::")[0]
        if not text:
            return ""
        country = cell.get("country", "")
        try:
            return check_phone(text, country if is_country(country) else "")
        except PhoneWrong:
            self.left_out[self.header[self.places["phone"]]] += 1
            return ""

    def _moment(self, cell):
        text = cell.get("known_since", "")
        if not text:
            return ""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.left_out[self.header[self.places["known_since"]]] += 1
            return ""
        moment = moment if moment.tzinfo else timezone.make_aware(moment)
        if not EARLIEST <= moment <= LATEST:
            self.left_out[self.header[self.places["known_since"]]] += 1
            return ""
        return moment.isoformat()


def is_language(value):
    return len(value) <= 10 and value.replace("-", "").replace("_", "").isalnum()


def is_country(value):
    return len(value) == 2 and value.isascii() and value.isalpha()


def split_name(name):
    """(first, last) of a whole name, also of one written “Last, First”."""
    last, comma, first = name.partition(",")
    if comma and first.strip():
        return first.strip(), last.strip()
    first, _blank, last = name.strip().partition(" ")
    return first, last.strip()


def number(text):
    """A customer number without the apostrophe that some tools put before it."""
    text = text.removeprefix("'")
    if len(text) > LONGEST_NUMBER:
        raise RowRefused(_("The customer number is longer than %(most)d letters.") % {"most": LONGEST_NUMBER})
    return text
