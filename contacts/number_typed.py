"""A phone number that somebody types into a form about one person."""

from django import forms

from contacts.phones import PhoneWrong, check_phone


class NumberTyped:
    """For forms that know their `contact` and have a field `phone`."""

    def clean_phone(self):
        """The number in the one form in which numbers are kept; empty when none was written."""
        text = self.cleaned_data["phone"].strip()
        try:
            return check_phone(text, self.contact.country) if text else ""
        except PhoneWrong as error:
            raise forms.ValidationError(str(error)) from error
