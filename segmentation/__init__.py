"""Who matters: RFM and, later, segments, lifecycle states, value and predictions."""
