"""Rules of the kinds of batch/v1; schedule.py and indexes.py read their small languages."""
