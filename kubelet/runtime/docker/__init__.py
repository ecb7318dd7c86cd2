"""Runs pods as containers of a Docker engine.

engine.py speaks Docker's HTTP API, create_options.py and states.py turn our
words into Docker's and back, purely; pause.py and archive.py make the image of
sandboxes; runtime.py keeps the promise of `Runtime`.
"""
