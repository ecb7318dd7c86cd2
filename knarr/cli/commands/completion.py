"""`completion`: shells that know commands, kinds and live names."""

from knarr.cli.command import Command
from knarr.cli.failures import CliError, UsageError
from knarr.cli.flags import Arguments
from knarr.cli.session import Session

_BASH = """\
_PROGRAM_complete() {
    local IFS=$'\\n'
    COMPREPLY=($(PROGRAM completion bash-words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
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
    if shell in ("words", "bash-words"):
        from knarr.cli.completing import bash_candidates, candidates  # noqa: PLC0415

        find = candidates if shell == "words" else bash_candidates
        for one in find(session, arguments.after_dash or [""]):
            session.say(one)
        return None
    if shell not in SCRIPTS:
        raise CliError(f'Unsupported shell type "{shell}": one of {", ".join(SCRIPTS)}')
    session.write(SCRIPTS[shell].replace("PROGRAM", session.program))
    return None


COMMAND = Command(
    about="Print what makes a shell complete commands, kinds and names of objects.",
    usage="completion SHELL",
    examples="""
# Complete in this bash from now on
source <(knarr completion bash)
""",
    run=run,
)
