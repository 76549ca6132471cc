"""How fast, at what cost: ratios against references measured in the same run."""
