"""Holds claims that pods use and volumes that claims use, until nobody uses them."""
