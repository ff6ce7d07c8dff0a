"""Topics from night to night: births, retirements, merges and splits."""
