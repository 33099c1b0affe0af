"""The bands between cut points, in words."""

from decimal import Decimal

from segmentation import bands
from segmentation.models import RfmCuts


def test_bands_meet_without_a_gap_and_an_empty_one_says_so():
    cuts = RfmCuts(
        recency_days=[0, 5, 5, 1040],
        frequency=[1, 1, 3, 5],
        monetary=[Decimal(20), Decimal(20), Decimal("40.5"), Decimal(80)],
    )

    assert bands.in_words(cuts) == {
        "recency": {5: "0 days", 4: "1–5 days", 3: "no one", 2: "6–1,040 days", 1: "1,041 days and over"},
        "frequency": {1: "1 order", 2: "no one", 3: "2–3 orders", 4: "4–5 orders", 5: "6 orders or more"},
        "monetary": {
            1: "up to $20.00",
            2: "no one",
            3: "$20.00–$40.50",
            4: "$40.50–$80.00",
            5: "over $80.00",
        },
    }
