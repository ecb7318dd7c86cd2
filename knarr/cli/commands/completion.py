"""`completion`: shells that know commands, kinds and live names."""

from knarr.cli.command import Command
from knarr.cli.failures import CliError, UsageError
from knarr.cli.flags import Arguments
from knarr.cli.session import Session

_BASH = """\
_PROGRAM_complete() {
    local IFS=$'\\n'
    COMPREPLY=($(PROGRAM completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _PROGRAM_complete PROGRAM
"""
_ZSH = """\
#compdef PROGRAM
_PROGRAM() {
    local -a found
    found=(${(f)"$(PROGRAM completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    compadd -a found
}
compdef _PROGRAM PROGRAM
"""
_FISH = """\
function __PROGRAM_complete
    set -l line (commandline -opc) (commandline -ct)
    PROGRAM completion words -- $line[2..-1] 2>/dev/null
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def run(session: Session, arguments: Arguments) -> int | None:
    """Print the script of a shell, or what may follow some words."""
    if len(arguments.words) != 1:
        raise UsageError("Shell not specified: one of bash, zsh, fish")
    shell = arguments.words[0]
    if shell == "words":
        for one in candidates(session, arguments.after_dash or [""]):
            session.say(one)
        return None
    if shell not in SCRIPTS:
        raise CliError(f'Unsupported shell type "{shell}": one of {", ".join(SCRIPTS)}')
    session.write(SCRIPTS[shell].replace("PROGRAM", session.program))
    return None


def candidates(session: Session, line: list[str]) -> list[str]:
    """What the last word of a line may become."""
    from knarr.cli.command_table import PARTS, TABLE  # noqa: PLC0415
    from knarr.cli.main import load  # noqa: PLC0415

    *before, last = line
    if not before:
        return [name for name in TABLE if name.startswith(last)]
    name = before[0]
    if len(before) == 1 and name in PARTS:
        found = [part for part in PARTS[name] if part.startswith(last)]
        if found:
            return found
    if last.startswith("-") and name in TABLE:
        flags = [f"--{flag.name}" for flag in load(name).flags]
        return [flag for flag in sorted(flags) if flag.startswith(last)]
    return _objects(session, before[1:], last)


def _objects(session: Session, before: list[str], last: str) -> list[str]:
    words = [word for word in before if not word.startswith("-")]
    if not words and "/" not in last:
        kinds = [kind.plural for kind in session.resources.all()]
        return sorted({one for one in kinds if one.startswith(last)})
    word, slash, rest = last.partition("/")
    kind = session.resources.find(word if slash else words[0])
    names = [
        one["metadata"]["name"]
        for one in session.client.list(
            kind, session.namespace, form="PartialObjectMetadata"
        ).objects
    ]
    start = rest if slash else last
    head = f"{word}/" if slash else ""
    return [head + one for one in names if one.startswith(start)]


COMMAND = Command(
    about="Print what makes a shell complete commands, kinds and names of objects.",
    usage="completion SHELL",
    examples="""
# Complete in this bash from now on
source <(knarr completion bash)
""",
    run=run,
)
