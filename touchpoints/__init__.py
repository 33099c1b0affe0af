"""What happened: touchpoints, visitors, products, orders, running totals, and the doors they come in by."""
