"""The invented records of the demo shop."""

import csv
from decimal import Decimal
from pathlib import Path

from touchpoints.models import Product

DATA = Path(__file__).resolve().parent / "data"
MEMBERSHIP = "Membership"
CHANGEABLE = ["name", "category", "description", "price", "cost", "invented"]


def load_catalogue():
    """Put every record of the catalogue on sale; loading it again changes nothing. Returns how many."""
    with (DATA / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        products = [_product(row) for row in csv.DictReader(file)]
    Product.objects.bulk_create(
        products, update_conflicts=True, unique_fields=["sku"], update_fields=CHANGEABLE
    )
    return len(products)


def _product(row):
    words = row["description"]
    return Product(
        sku=row["sku"],
        name=row["name"],
        category=row["genre"],
        description=words if row["format"] == row["genre"] else f"{row['format']}. {words}",
        price=Decimal(row["price"]),
        cost=Decimal(row["cost"]),
        invented=True,
    )
