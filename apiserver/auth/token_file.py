"""Static tokens, one a line: `token,user,uid,"group1,group2"`."""

import csv
from collections.abc import Mapping
from io import StringIO

from apiserver.registry.request import User
from knarr.daemon.settings import SettingsError


def read_tokens(text: str) -> Mapping[str, User]:
    """The users by token. Raise SettingsError for a line that is none."""
    users: dict[str, User] = {}
    for number, row in enumerate(csv.reader(StringIO(text), skipinitialspace=True), start=1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) < 3 or not row[0]:
            raise SettingsError(f"line {number} of the token file is not `token,user,uid[,groups]`")
        token, name, uid, *more = row
        groups = tuple(group for group in more[0].split(",") if group) if more else ()
        users[token] = User(name=name, uid=uid, groups=groups)
    return users
