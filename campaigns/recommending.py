"""What others looked at and bought, for the words of a message: counted in SQL, for many deliveries at once.

Popularity among people who share something bought is enough to begin with. Whatever finds it later, the merge
fields stay as they are: lists of name, link, price and reason.
"""

import re
from collections import Counter, defaultdict
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urljoin

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from redis.exceptions import RedisError

from campaigns import merge_fields
from touchpoints import popular
from touchpoints.models import Product

# How many stand in a message; so many at least, as long as there is anything to sell.
MOST, LEAST = 5, 3
# What they bought last speaks for them, and the newest buyers of a thing for the others: the work is bounded
# however many people bought it.
LAST_BOUGHT, NEWEST_BUYERS, LAST_ORDERS, NEWEST_LINES = 3, 50, 5, 5000
MOST_BESIDE, REMEMBERED_SECONDS = 40, 3600
# Of a person whose orders are many, more than these are not looked at.
MOST_ORDERS = 200

_SEEN = """
SELECT DISTINCT t.contact_id, t.data->>'path' FROM touchpoints_touchpoint t
WHERE t.contact_id = ANY(%(contacts)s) AND t.kind = 'visited' AND t.data->>'path' = ANY(%(paths)s)
"""
_OWNED = f"""
SELECT asked.contact_id, bought.product_id, bought.last_at
FROM unnest(%(contacts)s::bigint[]) AS asked (contact_id)
CROSS JOIN LATERAL (
    SELECT l.product_id, max(o.at) AS last_at
    FROM (
        SELECT id, at FROM touchpoints_order
        WHERE contact_id = asked.contact_id AND status IN ('paid', 'shipped')
        ORDER BY at DESC LIMIT {MOST_ORDERS}
    ) o
    JOIN touchpoints_orderline l ON l.order_id = o.id AND l.product_id IS NOT NULL
    GROUP BY l.product_id
) bought
ORDER BY asked.contact_id, bought.last_at DESC, bought.product_id
"""
# What the newest buyers of each product have bought besides it, most often first.
_BESIDE = """
WITH peers AS MATERIALIZED (
    SELECT DISTINCT had.product_id, buyer.contact_id
    FROM unnest(%(products)s::bigint[]) AS had (product_id)
    CROSS JOIN LATERAL (
        SELECT o.contact_id FROM touchpoints_orderline l
        JOIN touchpoints_order o ON o.id = l.order_id AND o.status IN ('paid', 'shipped')
        WHERE l.product_id = had.product_id
        ORDER BY l.id DESC LIMIT %(newest_buyers)s
    ) buyer
), theirs AS MATERIALIZED (
    SELECT peer.contact_id, bought.product_id
    FROM (SELECT DISTINCT contact_id FROM peers) peer
    CROSS JOIN LATERAL (
        SELECT DISTINCT l.product_id
        FROM (
            SELECT id FROM touchpoints_order
            WHERE contact_id = peer.contact_id AND status IN ('paid', 'shipped')
            ORDER BY at DESC LIMIT %(last_orders)s
        ) o
        JOIN touchpoints_orderline l ON l.order_id = o.id AND l.product_id IS NOT NULL
    ) bought
)
SELECT product_id, other, people FROM (
    SELECT peers.product_id, theirs.product_id AS other, count(*) AS people,
           row_number() OVER (
               PARTITION BY peers.product_id ORDER BY count(*) DESC, theirs.product_id
           ) AS place
    FROM peers JOIN theirs USING (contact_id)
    WHERE theirs.product_id <> peers.product_id
    GROUP BY peers.product_id, theirs.product_id
) ranked
WHERE place <= %(most_beside)s ORDER BY product_id, place
"""
_OFTEN = """
SELECT bought.product_id FROM (
    SELECT product_id, order_id FROM touchpoints_orderline
    WHERE product_id IS NOT NULL ORDER BY id DESC LIMIT %(newest_lines)s
) line
CROSS JOIN LATERAL (
    SELECT line.product_id, o.contact_id FROM touchpoints_order o
    WHERE o.id = line.order_id AND o.status IN ('paid', 'shipped')
) bought
GROUP BY bought.product_id ORDER BY count(DISTINCT bought.contact_id) DESC, bought.product_id LIMIT %(many)s
"""


# What others looked at ------------------------------------------------------------------------------------


def top_content(deliveries):
    """The pages most people saw lately that each person has not seen: [(page, product or None)]."""
    moments = [delivery.due_at or delivery.sending_at for delivery in deliveries]
    pages = popular.top_pages(max(moments)) if moments else []
    if not pages:
        return {}
    seen = defaultdict(set)
    asked = {"contacts": [d.contact_id for d in deliveries], "paths": [page.path for page in pages]}
    for contact_id, path in _rows(_SEEN, asked):
        seen[contact_id].add(path)
    products = _products_of(pages)
    return {
        delivery.pk: [
            (page, products.get(page.path)) for page in pages if page.path not in seen[delivery.contact_id]
        ][:MOST]
        for delivery in deliveries
    }


def _products_of(pages):
    """{path: product} of the pages that show one."""
    skus = {page.path: found["sku"] for page in pages if (found := _sku_in(page.path))}
    known = Product.objects.in_bulk(list(skus.values()), field_name="sku") if skus else {}
    return {path: known[sku] for path, sku in skus.items() if sku in known}


def _sku_in(path):
    return _product_page(settings.PRODUCT_PAGE).fullmatch(path) if settings.PRODUCT_PAGE else None


@lru_cache
def _product_page(pattern):
    before, _place, after = pattern.partition("{sku}")
    return re.compile(f"{re.escape(before)}(?P<sku>[^/?#]+){re.escape(after)}")


def page_items(context):
    """The pages as Liquid sees them: a product by its name and price, any other page by its title."""
    language = context.language
    return [
        _product_item(product, language, "")
        if product
        else {"name": _title(page), "link": urljoin(_shop(), page.path), "price": "", "reason": ""}
        for page, product in context.found[top_content] or ()
    ]


def _title(page):
    """What the page calls itself, without the name of the shop that most pages have at the end."""
    return re.split(r" [·|–—] ", page.title)[0].strip() or page.path


# What others bought ---------------------------------------------------------------------------------------


def similar_buyers(deliveries):
    """What people who share something bought with each person bought besides: [(product, because of which)].

    Who has too little in common with anybody gets what is often bought lately, because of nothing.
    """
    owned = _owned([*{delivery.contact_id for delivery in deliveries}])
    speaking = {contact_id: bought[:LAST_BOUGHT] for contact_id, bought in owned.items()}
    beside = _beside({product_id for bought in speaking.values() for product_id in bought})
    found = {
        contact_id: _ranked(bought, beside, {*owned[contact_id]}) for contact_id, bought in speaking.items()
    }
    _fill_up(found, owned)
    products = Product.objects.in_bulk(
        {pk for pairs in found.values() for pair in pairs for pk in pair if pk}
    )
    return {
        delivery.pk: [(products[pk], products.get(because)) for pk, because in found[delivery.contact_id]]
        for delivery in deliveries
    }


def _owned(contacts):
    """{contact id: the products they bought, the newest first}."""
    owned = {contact_id: [] for contact_id in contacts}
    for contact_id, product_id, _last_at in _rows(_OWNED, {"contacts": contacts}) if contacts else ():
        owned[contact_id].append(product_id)
    return owned


def _beside(product_ids):
    """{product id: [(another, how many bought both)]}; remembered for an hour, as a campaign asks again."""
    known = _remembered(product_ids)
    missing = sorted(product_ids - known.keys())
    if missing:
        bounds = {"newest_buyers": NEWEST_BUYERS, "last_orders": LAST_ORDERS, "most_beside": MOST_BESIDE}
        new = {product_id: [] for product_id in missing}
        for product_id, other, people in _rows(_BESIDE, bounds | {"products": missing}):
            new[product_id].append((other, people))
        _remember(new)
        known |= new
    return known


def _remembered(product_ids):
    try:
        found = cache.get_many([f"beside:{pk}" for pk in product_ids])
    except RedisError:
        return {}
    return {int(key.partition(":")[2]): pairs for key, pairs in found.items()}


def _remember(new):
    with suppress(RedisError):
        cache.set_many({f"beside:{pk}": pairs for pk, pairs in new.items()}, REMEMBERED_SECONDS)


def _ranked(bought, beside, owned):
    """[(product id, because of which)]: what most who share something bought, without what they own."""
    people, because = Counter(), {}
    for product_id in bought:
        for other, count in beside[product_id]:
            if other not in owned:
                people[other] += count
                because[other] = max(because.get(other, (0, 0)), (count, -product_id))
    best = sorted(people, key=lambda other: (-people[other], other))[:MOST]
    return [(other, -because[other][1]) for other in best]


def _fill_up(found, owned):
    """Give those with too few what is often bought, but nothing they own."""
    short = [contact_id for contact_id, pairs in found.items() if len(pairs) < LEAST]
    if not short:
        return
    # So many that enough are left for whoever owns some of them.
    many = LEAST + max(len(owned[contact_id]) for contact_id in short)
    often = [pk for (pk,) in _rows(_OFTEN, {"newest_lines": NEWEST_LINES, "many": many})]
    for contact_id in short:
        known = {*owned[contact_id]} | {product_id for product_id, _because in found[contact_id]}
        more = [(product_id, None) for product_id in often if product_id not in known]
        found[contact_id] += more[: LEAST - len(found[contact_id])]


def bought_items(context):
    """The products as Liquid sees them, each with why it stands there."""
    return [
        _product_item(product, context.language, _reason(because))
        for product, because in context.found[similar_buyers] or ()
    ]


def _reason(because):
    if because is None:
        return _("Often bought lately")
    return _("Bought by others who have “%(product)s”") % {"product": because.name}


def _product_item(product, language, reason):
    price = merge_fields.money(product.price, product.currency, language)
    return {"name": product.name, "link": _page_of(product), "price": price, "reason": reason}


def _page_of(product):
    """Where the shop shows it; the shop itself where nobody said."""
    if not settings.PRODUCT_PAGE:
        return merge_fields.shop_url()
    return urljoin(_shop(), settings.PRODUCT_PAGE.replace("{sku}", product.sku))


def _shop():
    return merge_fields.shop_url()


def _rows(sql, values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


# Fields ---------------------------------------------------------------------------------------------------

OTHERS = gettext_lazy("What others like")


def register_fields():
    """Let messages borrow both lists."""
    shop = merge_fields.shop_url()
    item = {"name": "Blue Train", "link": f"{shop}p/NS-JAZ-01/", "price": "$14.99"}
    because = item | {"reason": "Bought by others who have “Kind of Green”"}
    merge_fields.register(
        "top_content",
        gettext_lazy("Most seen pages"),
        [item | {"reason": ""}] * 3,
        page_items,
        group=OTHERS,
        prepare=top_content,
    )
    merge_fields.register(
        "similar_buyers",
        gettext_lazy("What similar buyers bought"),
        [because] * 3,
        bought_items,
        group=OTHERS,
        prepare=similar_buyers,
    )
