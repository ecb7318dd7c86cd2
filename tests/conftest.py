"""What all tests share."""

import asyncio

# Without this the first test that asks for the main thread's loop makes one nobody closes.
asyncio.set_event_loop(None)
