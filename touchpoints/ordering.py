"""Orders: saved once, changed as often as the shop says, and told as touchpoints."""

from django.db import transaction

from touchpoints import totals
from touchpoints.models import Order, OrderLine, Product, Touchpoint
from touchpoints.recording import record

MONEY = ("refunded", "tax", "shipping", "cost", "rate")


@transaction.atomic
def save_order(
    *,
    contact,
    source,
    external_id,
    at,
    amount,
    lines=(),
    items=None,
    status=Order.Status.PAID,
    currency="USD",
    is_history=False,
    changed_at=None,
    **money,
):
    """Save an order: (order, True) when it is new, (order, False) when it was known, changed or not.

    `lines` are dicts: product or sku, name, quantity, amount; none leaves those of a known order as they are.
    `items` is needed only where no lines tell how many; `money` is any of MONEY. An order stays with the
    contact it first came with. `changed_at` is when a change happened; the order's moment unless told.
    """
    assert not set(money) - set(MONEY), f"an order has no {set(money) - set(MONEY)}"
    lines = [_line(number, **line) for number, line in enumerate(lines, 1)]
    fields = {"at": at, "amount": amount, "status": status, "currency": currency, **money}
    if lines or items is not None:
        fields["items"] = sum(line.quantity for line in lines) if items is None else items
    order, created = Order.objects.select_for_update(of=("self",)).get_or_create(
        source=source,
        external_id=external_id,
        defaults={"contact": contact, "is_history": is_history, **fields},
    )
    if created:
        _write_lines(order, lines)
        _tell_ordered(order, lines)
    else:
        _change(order, fields, lines, changed_at or at)
    return order, created


def _line(number, product=None, sku="", name="", quantity=1, amount=0):
    """An unsaved line; a sku that is sold here finds its product."""
    product = product or (Product.objects.filter(sku=sku).first() if sku else None)
    name = name or (product.name if product else sku)
    return OrderLine(number=number, product=product, name=name[:200], quantity=quantity, amount=amount)


def _write_lines(order, lines):
    for line in lines:
        line.order = order
    OrderLine.objects.bulk_create(lines)


def told(order, names):
    """What a touchpoint says about an order."""
    return {
        "order": order.external_id,
        "order_id": order.pk,
        "amount": f"{order.amount:.2f}",
        "currency": order.currency,
        "items": order.items,
        "names": names,
    }


def _tell_ordered(order, lines):
    order.refresh_from_db(fields=["amount"])
    record(
        Touchpoint.Kind.ORDERED,
        contact=order.contact,
        at=order.at,
        source=order.source,
        external_id=f"order:{order.external_id}",
        data=told(order, [line.name for line in lines]),
        is_history=order.is_history,
    )


def _change(order, fields, lines, changed_at):
    """Take over what differs, and tell it; the order's row is locked, so changes are numbered in turn."""
    before = {name: getattr(order, name) for name in fields}
    for name, value in fields.items():
        setattr(order, name, value)
    order.full_clean(exclude=["contact"], validate_unique=False, validate_constraints=False)
    differing = [name for name in fields if getattr(order, name) != before[name]]
    if not differing and _same_lines(order, lines):
        return
    order.save(update_fields=list(fields))
    if lines:
        order.lines.all().delete()
        _write_lines(order, lines)
    _tell_changed(order, before["status"], changed_at)
    totals.recompute([order.contact_id])


def _same_lines(order, lines):
    if not lines:
        return True
    facts = ("product_id", "name", "quantity", "amount")
    kept = [tuple(getattr(line, fact) for fact in facts) for line in order.lines.order_by("number")]
    for line in lines:
        line.amount = OrderLine._meta.get_field("amount").to_python(line.amount)
    return kept == [tuple(getattr(line, fact) for fact in facts) for line in lines]


def _tell_changed(order, status_before, changed_at):
    changes = Touchpoint.objects.filter(
        source=order.source, external_id__startswith=f"order:{order.external_id}:changed:"
    )
    record(
        Touchpoint.Kind.ORDER_CHANGED,
        contact=order.contact,
        at=changed_at,
        source=order.source,
        external_id=f"order:{order.external_id}:changed:{changes.count() + 1}",
        data=told(order, [line.name for line in order.lines.order_by("number")])
        | {"status": order.status, "status_before": status_before, "refunded": f"{order.refunded:.2f}"},
        is_history=order.is_history,
    )
