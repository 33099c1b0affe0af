"""What a buyer types."""

import uuid

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms
from django.utils.translation import gettext_lazy as _


class CheckoutForm(forms.Form):
    """Who orders. There is nothing to pay with, since nothing is charged."""

    order_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    # The key of a browser that agreed to be recognised, filled in by script.
    visitor = forms.UUIDField(widget=forms.HiddenInput, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    first_name = forms.CharField(label=_("First name"), max_length=100)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)

    def __init__(self, *args, product, **kwargs):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.layout = Layout(
            "order_key",
            "visitor",
            Field("email", autocomplete="email"),
            Field("first_name", autocomplete="given-name"),
            Field("last_name", autocomplete="family-name"),
            Submit("", _("Order “%(title)s”") % {"title": product.name.rpartition(" – ")[2]}),
        )
