"""Deletes the tokens by which hosts join once they are over."""
