"""What happened with people: touchpoints, visitors, products, orders, totals, and the keys of the doors."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact


class Visitor(models.Model):
    """A browser that agreed to be recognised; known by name once it is tied to a contact."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, null=True, blank=True, related_name="visitors")
    first_source = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    identified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self):
        return str(self.key)


class TouchpointQuerySet(models.QuerySet):
    def of(self, contact):
        return self.filter(contact=contact)

    def newest_first(self):
        return self.order_by("-at", "-id")


class Touchpoint(models.Model):
    """One thing that happened with a contact. What happened never changes; whose it is may."""

    class Kind(models.TextChoices):
        SIGNED_UP = "signed_up", _("Asked to hear from us")
        CONFIRMED = "confirmed", _("Confirmed the sign-up")
        VISITED = "visited", _("Visited a page")
        ORDERED = "ordered", _("Ordered")
        ORDER_CHANGED = "order_changed", _("An order changed")
        BASKET = "basket", _("Put something into the basket")
        FEEDBACK = "feedback", _("Answered a question")
        JOINED = "joined", _("Became a full member")
        POSTED = "posted", _("Wrote in the forum")
        CALLED = "called", _("Spoke with us on the phone")
        REPLIED = "replied", _("Answered a message")
        CHOSEN = "chosen", _("Chosen by a colleague")
        OPENED = "opened", _("Opened a message")
        CLICKED = "clicked", _("Followed a link")
        BOUNCED = "bounced", _("A message came back")
        COMPLAINED = "complained", _("Called a message spam")
        UNSUBSCRIBED = "unsubscribed", _("Stopped messages")
        CHANGED_PREFERENCES = "changed_preferences", _("Chose what to hear")
        OUTCOME = "outcome", _("Reached what a message asked for")
        NOTE = "note", _("Note")
        OTHER = "other", _("Something else")

    contact = models.ForeignKey(Contact, models.PROTECT, null=True, blank=True, related_name="touchpoints")
    visitor = models.ForeignKey(Visitor, models.SET_NULL, null=True, blank=True, related_name="touchpoints")
    kind = models.CharField(max_length=30, choices=Kind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(max_length=50)
    external_id = models.CharField(max_length=200)
    # History brought along by an import starts no rule.
    is_history = models.BooleanField(default=False)
    # What a person reads about it: page, product, amount, link, delivery; its keys are the kind's.
    data = models.JSONField(default=dict, blank=True)

    objects = TouchpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("touchpoint")
        verbose_name_plural = _("touchpoints")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="touchpoint_once"),
        ]
        indexes = [
            # The timeline of a contact.
            models.Index(F("contact"), F("at").desc(), F("id").desc(), name="touchpoint_timeline"),
            # Triggers and outcomes look for one kind within a span.
            models.Index(fields=["kind", "at"], name="touchpoint_kind"),
            # Identifying a visitor re-points what it did.
            models.Index(
                fields=["visitor", "at"], name="touchpoint_visitor", condition=Q(visitor__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


class DailyVisits(models.Model):
    """How often a page was seen on a day by people who are not recognised; no more is kept of them."""

    day = models.DateField()
    path = models.CharField(max_length=200)
    visits = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("daily visits")
        verbose_name_plural = _("daily visits")
        constraints = [models.UniqueConstraint(fields=["day", "path"], name="daily_visits_once")]

    def __str__(self):
        return f"{self.day} {self.path}"


class TopPage(models.Model):
    """A page that was among the most seen, by people, in the 30 days before a day."""

    day = models.DateField()
    place = models.PositiveSmallIntegerField()
    path = models.CharField(max_length=500)
    # What its head said it was.
    title = models.CharField(max_length=300, blank=True, default="", db_default="")
    people = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("top page")
        verbose_name_plural = _("top pages")
        constraints = [models.UniqueConstraint(fields=["day", "place"], name="top_page_once")]

    def __str__(self):
        return f"{self.place} {self.path}"


class Product(models.Model):
    """Something that is sold."""

    sku = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=2)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    invented = models.BooleanField(default=False, help_text=_("Made up for the sample shop."))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self):
        return self.name


class Order(models.Model):
    """What a contact bought, with its money; revenue is net of refunds and cancellations."""

    class Status(models.TextChoices):
        PAID = "paid", _("Paid")
        SHIPPED = "shipped", _("Shipped")
        CANCELLED = "cancelled", _("Cancelled")
        REFUNDED = "refunded", _("Refunded")

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="orders")
    source = models.CharField(max_length=50)
    external_id = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.PAID)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    currency = models.CharField(max_length=3, default="USD")
    # What one unit of the currency is worth in the workspace's.
    rate = models.DecimalField(max_digits=18, decimal_places=8, default=1)
    # Goods only, after discounts; tax and shipping stand apart.
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    refunded = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    tax = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    shipping = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    items = models.PositiveIntegerField(default=0)
    is_history = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="order_once"),
        ]
        indexes = [
            # Totals of the contacts a chunk touched; the orders on a contact's page.
            models.Index(F("contact"), F("at").desc(), name="order_of_contact"),
            # Triggers look for orders within a span.
            models.Index(fields=["at"], name="order_at"),
        ]

    def __str__(self):
        return f"{self.source} {self.external_id}"

    @property
    def counts(self):
        """Whether it counts as bought."""
        return self.status in (self.Status.PAID, self.Status.SHIPPED)


class OrderLine(models.Model):
    """One product of an order."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="lines", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="order_line_once")]
        indexes = [
            # Who bought a product lately.
            models.Index(F("product"), F("id").desc(), name="order_line_of_product"),
        ]

    def __str__(self):
        return self.name or str(self.product)


class Totals(models.Model):
    """A contact's running totals, recomputed from their rows whenever those change."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="totals")
    orders = models.PositiveIntegerField(default=0)
    first_order_at = models.DateTimeField(null=True, blank=True)
    last_order_at = models.DateTimeField(null=True, blank=True)
    revenue = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    margin = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    visits = models.PositiveIntegerField(default=0)
    last_visit_at = models.DateTimeField(null=True, blank=True)
    last_response_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("totals")
        verbose_name_plural = _("totals")

    def __str__(self):
        return str(self.contact_id)


class ApiKey(models.Model):
    """Lets a machine in. Only a hash of the key is kept; the key itself is shown once."""

    class Scope(models.TextChoices):
        TOUCHPOINTS_WRITE = "touchpoints:write", _("Record touchpoints and orders")

    name = models.CharField(_("used by"), max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope), default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self):
        return f"{self.name} ({self.prefix}…)"
