"""Completion, as bash itself does it with the script that `knarr completion bash` prints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.cli.conftest import Run

ROOT = Path(__file__).parents[3]
ASKING = """
source {script}
complete_line() {{
    COMP_LINE="$1" COMP_POINT=${{#1}}
    # readline breaks a line so, at spaces and at = and :.
    mapfile -t COMP_WORDS < <(grep -oE '[^ =:]+|[=:]' <<< "$1")
    [[ "$1" == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    COMPREPLY=()
    _knarr_complete
    printf '%s\\n' "${{COMPREPLY[*]}}"
}}
IFS='|'
while read -r line; do complete_line "$line"; done
"""


@pytest.fixture(scope="module")
def bash(folder: Path, kubeconfig: Path) -> Path:
    """A script that says what bash would offer for each line of its input."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "knarr"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m knarr.cluster "$@"\n'
    )
    command.chmod(0o755)
    path = folder / "ask.bash"
    path.write_text(ASKING.format(script=folder / "completion.bash"))
    return path


LINES = {
    "knarr roll": "rollout",
    "knarr rollout re": "resume|restart",
    "knarr snapsh": "snapshot",
    "knarr up": "up",
    "knarr get config": "configmaps",
    "knarr get configmaps se": "settings",
    "knarr get configmap/se": "configmap/settings",
    "knarr -n kube-public get ns kube-p": "kube-public",
    "knarr get pods -n kube-n": "kube-node-lease",
    "knarr get pods --output=ya": "yaml",
    "knarr get pods -o js": "json|jsonpath=",
    "knarr get clusterrole system:node-prox": "node-proxier",
    "knarr config use-context bo": "bob",
    "knarr scale --repl": "--replicas",
    "knarr get nosuch x": "",
    "knarr nosuch ": "",
}


def test_bash_offers_commands_kinds_flags_and_live_names(
    knarr: Run, bash: Path, folder: Path, kubeconfig: Path
) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    (folder / "completion.bash").write_text(knarr("completion bash").out)
    knarr("create configmap settings --from-literal=a=b")
    done = subprocess.run(
        ["bash", str(bash)],
        input="\n".join(LINES) + "\n",
        env={
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert dict(zip(LINES, done.stdout.splitlines(), strict=True)) == LINES


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_are_read_by_them(knarr: Run, folder: Path, shell: str) -> None:
    script = knarr(f"completion {shell}").out
    assert "knarr completion words --" in script
    found = shutil.which(shell)
    if found is not None:
        path = folder / f"completion.{shell}"
        path.write_text(script)
        subprocess.run([found, "-n", str(path)], check=True, timeout=20)
