"""What others looked at and bought, for the words of a message: counted in SQL, for many deliveries at once.

Popularity among people who share something bought is enough to begin with. Whatever finds it later, the merge
fields stay as they are: lists of name, link, price and reason.
"""

import re
from collections import defaultdict
from functools import lru_cache
from urllib.parse import urljoin

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import merge_fields
from touchpoints import popular
from touchpoints.models import Product

# How many stand in a message; so many at least, as long as there is anything to sell.
MOST, LEAST = 5, 3
# What they bought last speaks for them, and the newest buyers of a thing for the others: the work is bounded
# however many people bought it.
LAST_BOUGHT, NEWEST_BUYERS, NEWEST_LINES = 5, 60, 5000

_SEEN = """
SELECT DISTINCT t.contact_id, t.data->>'path' FROM touchpoints_touchpoint t
WHERE t.contact_id = ANY(%(contacts)s) AND t.kind = 'visited' AND t.data->>'path' = ANY(%(paths)s)
"""
_OWNED = """
SELECT asked.contact_id, l.product_id, max(o.at) AS last_at
FROM unnest(%(contacts)s::bigint[]) AS asked (contact_id)
JOIN touchpoints_order o ON o.contact_id = asked.contact_id AND o.status IN ('paid', 'shipped')
JOIN touchpoints_orderline l ON l.order_id = o.id AND l.product_id IS NOT NULL
GROUP BY asked.contact_id, l.product_id
"""
_SIMILAR = f"""
WITH owned AS MATERIALIZED ({_OWNED}), speaking AS MATERIALIZED (
    SELECT contact_id, product_id FROM (
        SELECT *, row_number() OVER (PARTITION BY contact_id ORDER BY last_at DESC, product_id) AS place
        FROM owned
    ) bought WHERE place <= %(last_bought)s
), peers AS MATERIALIZED (
    SELECT DISTINCT had.product_id, o.contact_id
    FROM (SELECT DISTINCT product_id FROM speaking) had
    CROSS JOIN LATERAL (
        SELECT l.order_id FROM touchpoints_orderline l WHERE l.product_id = had.product_id
        ORDER BY l.id DESC LIMIT %(newest_buyers)s
    ) line
    JOIN touchpoints_order o ON o.id = line.order_id AND o.status IN ('paid', 'shipped')
), theirs AS MATERIALIZED (
    SELECT peer.contact_id, bought.product_id
    FROM (SELECT DISTINCT contact_id FROM peers) peer
    CROSS JOIN LATERAL (
        SELECT DISTINCT l.product_id FROM touchpoints_order o
        JOIN touchpoints_orderline l ON l.order_id = o.id AND l.product_id IS NOT NULL
        WHERE o.contact_id = peer.contact_id AND o.status IN ('paid', 'shipped')
    ) bought
), beside AS MATERIALIZED (
    SELECT peers.product_id, theirs.product_id AS other, count(*) AS people
    FROM peers JOIN theirs USING (contact_id)
    WHERE theirs.product_id <> peers.product_id
    GROUP BY peers.product_id, theirs.product_id
), scored AS (
    SELECT s.contact_id, b.other, sum(b.people) AS people,
           (array_agg(b.product_id ORDER BY b.people DESC, b.product_id))[1] AS because
    FROM speaking s JOIN beside b USING (product_id)
    LEFT JOIN owned o ON o.contact_id = s.contact_id AND o.product_id = b.other
    WHERE o.product_id IS NULL
    GROUP BY s.contact_id, b.other
)
SELECT contact_id, other, because FROM (
    SELECT *, row_number() OVER (PARTITION BY contact_id ORDER BY people DESC, other) AS place FROM scored
) ranked
WHERE place <= %(most)s ORDER BY contact_id, place
"""
_OFTEN = """
SELECT bought.product_id FROM (
    SELECT l.product_id, o.contact_id FROM touchpoints_orderline l
    JOIN touchpoints_order o ON o.id = l.order_id AND o.status IN ('paid', 'shipped')
    WHERE l.product_id IS NOT NULL ORDER BY l.id DESC LIMIT %(newest_lines)s
) bought
GROUP BY bought.product_id ORDER BY count(DISTINCT bought.contact_id) DESC, bought.product_id LIMIT %(many)s
"""


# What others looked at ------------------------------------------------------------------------------------


def top_content(deliveries):
    """The pages most people saw lately that each person has not seen: [(page, product or None)]."""
    pages = popular.top_pages(max(delivery.due_at for delivery in deliveries)) if deliveries else []
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
    contacts = [*{delivery.contact_id for delivery in deliveries}]
    if not contacts:
        return {}
    bounds = {"last_bought": LAST_BOUGHT, "newest_buyers": NEWEST_BUYERS, "most": MOST}
    found = defaultdict(list)
    for contact_id, product_id, because in _rows(_SIMILAR, {"contacts": contacts} | bounds):
        found[contact_id].append((product_id, because))
    _fill_up(found, contacts)
    products = Product.objects.in_bulk(
        {pk for pairs in found.values() for pair in pairs for pk in pair if pk}
    )
    return {
        delivery.pk: [(products[pk], products.get(because)) for pk, because in found[delivery.contact_id]]
        for delivery in deliveries
    }


def _fill_up(found, contacts):
    """Give those with too few what is often bought, but nothing they own."""
    short = [contact_id for contact_id in contacts if len(found[contact_id]) < LEAST]
    if not short:
        return
    owned = defaultdict(set)
    for contact_id, product_id, _last_at in _rows(_OWNED, {"contacts": short}):
        owned[contact_id].add(product_id)
    # So many that enough are left for whoever owns some of them.
    many = LEAST + max(map(len, owned.values()), default=0)
    often = [pk for (pk,) in _rows(_OFTEN, {"newest_lines": NEWEST_LINES, "many": many})]
    for contact_id in short:
        known = owned[contact_id] | {product_id for product_id, _because in found[contact_id]}
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
