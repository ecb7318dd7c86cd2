"""Lets the kernel carry connections, by rules of nftables."""
