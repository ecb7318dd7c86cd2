"""The data of ConfigMaps and Secrets: literals, files, folders, environment files."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from knarr.cli.failures import CliError


def read_data(
    literals: Sequence[str], files: Sequence[str], env_files: Sequence[str]
) -> dict[str, bytes]:
    """The data, key by key. Raise CliError."""
    if env_files and (literals or files):
        raise CliError("from-env-file cannot be combined with from-file or from-literal")
    found: dict[str, bytes] = {}
    for key, _ in _env(env_files):
        if not re.fullmatch(r"[-._a-zA-Z][-._a-zA-Z0-9]*", key):
            raise CliError(
                f'"{key}" is not a valid key name: a valid environment variable name must consist '
                "of alphabetic characters, digits, '_', '-', or '.', and must not start with a "
                "digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for "
                "validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"
            )
    pairs = [*_literals(literals), *_files(files), *_env(env_files)]
    for key, value in pairs:
        if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
            raise CliError(
                f'"{key}" is not a valid key name: a valid config key must consist of '
                "alphanumeric characters, '-', '_' or '.'"
            )
        if key in found:
            raise CliError(f'cannot add key "{key}", another key by that name already exists')
        found[key] = value
    return found


def _literals(literals: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for literal in literals:
        key, equals, value = literal.partition("=")
        if not equals or not key:
            raise CliError(f"invalid literal source {literal}, expected key=value")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        yield key, value.encode()


def _files(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for source in files:
        key, equals, name = source.partition("=")
        if not equals:
            key, name = "", source
        path = Path(name)
        if path.is_dir():
            if equals:
                raise CliError("cannot give a key name for a directory path")
            for file in sorted(one for one in path.iterdir() if one.is_file()):
                yield file.name, read_bytes(file)
        else:
            yield key or path.name, read_bytes(path)


def read_bytes(path: Path) -> bytes:
    """A file. Raise CliError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CliError(f"error reading {path}: no such file or directory") from None
    except OSError as error:
        raise CliError(f"error reading {path}: {error.strerror}") from None


def _env(files: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        for line in read_bytes(Path(file)).decode().splitlines():
            text = line.lstrip()
            if text and not text.startswith("#"):
                key, _, value = text.partition("=")
                yield key, value.encode()
