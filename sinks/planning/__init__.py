"""What restoration and planting would bring."""
