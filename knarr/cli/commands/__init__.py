"""The commands: one module each, named in knarr/cli/command_table.py.

A module has a COMMAND, or COMMANDS by the words that follow its name.
"""
