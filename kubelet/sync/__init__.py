"""Makes the containers of one pod match its spec.

decide.py says what to do, purely; carry_out.py does it; worker.py runs both
for one pod whenever something about it changes; manager.py has a worker a pod.
"""
