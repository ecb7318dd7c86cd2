"""The command `knarr`: what starts and stops clusters is here, all else is the CLI."""

import sys
from collections.abc import Sequence

LAUNCHER = {
    "up": "Start a cluster on this machine",
    "down": "Stop the cluster; everything is there again after the next up",
    "delete": "Without arguments: stop the cluster and remove everything it kept",
    "reset": "Take the cluster back to its state after up: all that was made since goes",
    "pause": "Stop the cluster where it stands, until resume; it uses no CPU",
    "resume": "Let a paused cluster go on",
    "backup": "Copy a cluster's store into a file; the cluster may run",
    "restore": "Put a copy back into the store of a stopped cluster",
    "image": "load: images into the Docker engine of the cluster's nodes",
    "resolve": "Ask the cluster's name server for a name",
    "server": "Run a control-plane host, the first or a further one",
    "agent": "Make this host a node of a cluster, and be it",
    "token": "Make, list and delete the tokens by which hosts join",
    "balance": "Lead connections to one address to any of several API servers",
    "leave": "Take this host out of its cluster and clean it up",
    "status": "Say which clusters there are and what they do",
}
"""The commands about clusters as a whole; commands.py has what they do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Called by kubectl's name it is kubectl, whose `delete` never means the cluster.
    is_kubectl = sys.argv[0].rpartition("/")[2].startswith("kubectl")
    if words and words[0] in LAUNCHER and not is_kubectl and not _is_about_objects(words):
        return _launch(words)
    from knarr.cli.main import main as run_cli  # noqa: PLC0415

    return run_cli(words, LAUNCHER)


def _launch(words: Sequence[str]) -> int:
    # Imported when needed: `knarr get pods` is to start fast.
    from knarr.cluster.commands import COMMANDS  # noqa: PLC0415
    from knarr.daemon.settings import SettingsError  # noqa: PLC0415

    try:
        return COMMANDS[words[0]](words[1:])
    except SettingsError as error:
        sys.stderr.write(f"knarr {words[0]}: {error}\n")
        return 1


def _is_about_objects(words: Sequence[str]) -> bool:
    """Whether `delete` names objects; without any it means the cluster itself."""
    flags = ("--name", "--state-dir", "--kubeconfig", "--help", "-h")
    rest = words[1:]
    return words[0] == "delete" and any(
        not word.startswith(flags) and (number == 0 or rest[number - 1] not in flags)
        for number, word in enumerate(rest)
    )


if __name__ == "__main__":
    sys.exit(main())
