"""They bought: which order it was, what was in it, how much it was; and how often they buy."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.triggers.arriving import TouchpointTrigger
from campaigns.triggers.trigger import Condition, ParameterForm, Trigger, said_on
from touchpoints.models import Touchpoint

# The order a touchpoint tells of.
_ORDER = "o.source = {t}.source AND o.external_id = substr({t}.external_id, 7)"
# Which order it is of theirs; what was cancelled since was an order, too.
_NUMBER = f"""(
    SELECT count(before.id) FROM touchpoints_order o
    JOIN touchpoints_order before
      ON before.contact_id = b.contact_id AND before.at <= o.at AND (before.at, before.id) <= (o.at, o.id)
    WHERE {_ORDER.format(t="b")}
)"""
# In the workspace's currency.
_PLAIN_NUMBER = "'^[0-9]{1,12}([.][0-9]{1,8})?$'"
_AMOUNT = f"""(
    CASE WHEN b.data->>'amount' ~ {_PLAIN_NUMBER} THEN (b.data->>'amount')::numeric ELSE 0 END
    * coalesce((SELECT o.rate FROM touchpoints_order o WHERE {_ORDER.format(t="b")}), 1)
)"""
_LINES = f"""EXISTS (
    SELECT 1 FROM touchpoints_order o
    JOIN touchpoints_orderline line ON line.order_id = o.id
    JOIN touchpoints_product product ON product.id = line.product_id
    WHERE {_ORDER.format(t="b")} AND product.{{column}} = %({{name}})s
)"""


class OrderForm(ParameterForm):
    """Which order; nothing means every one."""

    number = forms.IntegerField(
        label=gettext_lazy("Only order number"),
        required=False,
        min_value=1,
        max_value=10_000,
        help_text=gettext_lazy("As in 1 for the first of a person. Nothing means each of them."),
    )
    amount = forms.FloatField(
        label=gettext_lazy("Of at least"),
        required=False,
        min_value=0,
        help_text=gettext_lazy("Goods only, without tax and shipping."),
    )
    product = forms.CharField(
        label=gettext_lazy("With the product"),
        required=False,
        max_length=50,
        help_text=gettext_lazy("Its number (SKU)."),
    )
    category = forms.CharField(
        label=gettext_lazy("With a product of the category"), required=False, max_length=100
    )


class Ordered(TouchpointTrigger):
    key = "ordered"
    kind = Touchpoint.Kind.ORDERED
    form_class = OrderForm
    label = gettext_lazy("Orders something")
    said = gettext_lazy("Ordered")
    missing = gettext_lazy("Has not ordered")
    evidence = tuple((name, f"b.data->'{name}'") for name in ("order", "amount", "currency"))
    # Nobody is thanked for what was cancelled or given back.
    still_true_sql = """NOT EXISTS (
        SELECT 1 FROM touchpoints_touchpoint t
        JOIN touchpoints_order o ON o.source = t.source AND t.external_id = 'order:' || o.external_id
        WHERE t.id = d.touchpoint_id AND o.contact_id = d.contact_id AND o.status IN ('cancelled', 'refunded')
    )"""

    def words(self, parameters):
        values = self.values_of(parameters)
        asked = [words % values for name, words in order_words().items() if values[name]]
        return _("Orders: %(which)s") % {"which": ", ".join(asked)} if asked else str(self.label)

    def conditions(self, values):
        asked = [*super().conditions(values)]
        if number := values["number"]:
            asked.append(Condition(f"{_NUMBER} = %(number)s", number_words, _NUMBER, {"number": number}))
        if amount := values["amount"]:
            asked.append(
                Condition(f"{_AMOUNT} >= %(amount)s::numeric", amount_words, _AMOUNT, {"amount": amount})
            )
        for name, column in (("product", "sku"), ("category", "category")):
            if values[name]:
                sql = _LINES.format(column=column, name=name)
                asked.append(Condition(sql, line_words(values[name]), params={name: values[name]}))
        return asked


def order_words():
    """What each setting narrows it to, in words."""
    return {
        "number": _("only order number %(number)s"),
        "amount": _("of at least %(amount)s"),
        "product": _("with the product %(product)s"),
        "category": _("with a product of “%(category)s”"),
    }


def number_words(holds, found, _row):
    return _("It was order number %(number)s of theirs") % {"number": found}


def amount_words(holds, found, _row):
    return _("It came to %(amount)s") % {"amount": f"{found:,.2f}"}


def line_words(name):
    def words(holds, _found, _row):
        words = _("“%(name)s” was in it") if holds else _("“%(name)s” was not in it")
        return words % {"name": name}

    return words


# How often they buy ----------------------------------------------------------------------------------------

YEAR = "interval '8760 hours'"
_TOLD = """(
    SELECT told.id FROM touchpoints_touchpoint told
    WHERE told.source = t.source AND told.external_id = 'order:' || t.external_id
)"""
# By an order, or by one that is a year ago and counts no more, somebody may come into another band.
_TURNS = f"""
    SELECT t.contact_id, 'u' || t.id || t.turn AS occurrence, t.turned_at AS started_at,
           t.turned_at AS occurred_at, {_TOLD} AS touchpoint_id,
           t.is_history AND t.turn = 'in' AS is_history, counts.before, counts.after
    FROM (
        SELECT t.id, t.contact_id, t.source, t.external_id, t.is_history, 'in' AS turn, t.at AS turned_at
        FROM touchpoints_order t WHERE t.at > %(since)s AND t.at <= %(at)s {{only}}
        UNION ALL
        SELECT t.id, t.contact_id, t.source, t.external_id, t.is_history, 'out', t.at + {YEAR}
        FROM touchpoints_order t
        WHERE t.at > %(since)s::timestamptz - {YEAR} AND t.at <= %(at)s::timestamptz - {YEAR} {{only}}
    ) t
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.at < t.turned_at) AS before,
               count(*) FILTER (WHERE o.at > t.turned_at - {YEAR}) AS after
        FROM touchpoints_order o
        WHERE o.contact_id = t.contact_id AND o.at >= t.turned_at - {YEAR} AND o.at <= t.turned_at
    ) counts
"""


class UsageForm(ParameterForm):
    """Which band, entered or left, and where each begins."""

    band = forms.ChoiceField(
        label=gettext_lazy("Band"),
        choices=[
            ("light", gettext_lazy("light")),
            ("moderate", gettext_lazy("moderate")),
            ("heavy", gettext_lazy("heavy")),
        ],
        initial="heavy",
    )
    way = forms.ChoiceField(
        label=gettext_lazy("The person"),
        choices=[("enters", gettext_lazy("comes into it")), ("leaves", gettext_lazy("drops out of it"))],
        initial="enters",
    )
    moderate_from = forms.IntegerField(
        label=gettext_lazy("Moderate begins at so many orders"), min_value=2, max_value=1000, initial=3
    )
    heavy_from = forms.IntegerField(
        label=gettext_lazy("Heavy begins at so many orders"), min_value=3, max_value=1000, initial=8
    )

    def clean(self):
        values = super().clean()
        if values.get("heavy_from", 1000) <= values.get("moderate_from", 0):
            self.add_error("heavy_from", _("Heavy begins above moderate."))
        return values


class UsageBand(Trigger):
    """They buy so often, by their orders of the last 365 days, that they come into another band."""

    key = "usage_band"
    form_class = UsageForm
    label = gettext_lazy("Becomes a light, moderate or heavy buyer")
    said = gettext_lazy("The number of orders in a year changed")
    missing = gettext_lazy("Has not ordered")
    evidence = (("orders", "b.after"),)

    def words(self, parameters):
        values = self.values_of(parameters)
        low, high = bounds_of(values)
        orders = (
            _("%(low)s orders or more") % {"low": low}
            if high is None
            else _("%(low)s to %(high)s orders") % {"low": low, "high": high}
        )
        band = dict(self.form_class.base_fields["band"].choices)[values["band"]]
        words = {
            "enters": _("Becomes a %(band)s buyer: %(orders)s in 365 days"),
            "leaves": _("Is no longer a %(band)s buyer: %(orders)s in 365 days"),
        }
        return words[values["way"]] % {"band": band, "orders": orders}

    def base(self, values):
        return _TURNS, {}

    def conditions(self, values):
        low, high = bounds_of(values)
        inside = "{count} BETWEEN %(band_low)s AND %(band_high)s"
        before, after = inside.format(count="b.before"), inside.format(count="b.after")
        sql = f"{after} AND NOT ({before})" if values["way"] == "enters" else f"{before} AND NOT ({after})"
        bounds = {"band_low": low, "band_high": high or 1_000_000}
        return [Condition("NOT b.is_history", history_of_order), Condition(sql, band_words, params=bounds)]

    def start_words(self, row, values):
        return said_on(self.said, row["started_at"])


def bounds_of(values):
    """The fewest and the most orders of a band; the highest has no end."""
    moderate, heavy = values["moderate_from"], values["heavy_from"]
    return {"light": (1, moderate - 1), "moderate": (moderate, heavy - 1), "heavy": (heavy, None)}[
        values["band"]
    ]


def history_of_order(holds, _found, _row):
    return "" if holds else _("That order was brought along later, so it starts nothing")


def band_words(holds, _found, row):
    words = _("%(before)s orders in 365 days before that, %(after)s then")
    return words % {"before": row["before"], "after": row["after"]}
