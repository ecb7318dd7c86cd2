"""The vocabulary: API types, kinds, selectors, quantities, patches. Pure."""
