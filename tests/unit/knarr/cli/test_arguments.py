"""Which objects the words of a command line mean."""

import pytest

from knarr.cli.failures import CliError
from knarr.cli.resources import Resources
from knarr.cli.selecting import read_words

SHIPS = {
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "ships", "singular": "ship", "kind": "Ship", "shortNames": ["sh"]},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    }
}


def resources() -> Resources:
    return Resources(lambda: [SHIPS])


@pytest.mark.parametrize(
    ("words", "kinds", "objects"),
    [
        pytest.param(["pods"], ["pods"], [], id="a kind"),
        pytest.param(["po,svc"], ["pods", "services"], [], id="short names"),
        pytest.param(["Pod"], ["pods"], [], id="capitals"),
        pytest.param(["deploy.apps"], ["deployments"], [], id="with a group"),
        pytest.param(["pods.v1."], ["pods"], [], id="with a version of the core group"),
        pytest.param(["deployments.v1.apps"], ["deployments"], [], id="with both"),
        pytest.param(["sh"], ["ships"], [], id="a custom kind"),
        pytest.param(["pod", "a", "b"], [], ["pods/a", "pods/b"], id="names"),
        pytest.param(["pod", "a,b"], [], ["pods/a,b"], id="a comma is no separator of names"),
        pytest.param(["pod/a", "cm/b"], [], ["pods/a", "configmaps/b"], id="slashes"),
    ],
)
def test_words(words: list[str], kinds: list[str], objects: list[str]) -> None:
    found = read_words(resources(), words)
    assert [kind.plural for kind in found.kinds] == kinds
    assert [f"{kind.plural}/{name}" for kind, name in found.objects] == objects


def test_all_is_what_runs() -> None:
    found = read_words(resources(), ["all"])
    plurals = [kind.plural for kind in found.kinds]
    assert plurals[0] == "pods"
    assert plurals.count("horizontalpodautoscalers") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nosuch"], 'the server doesn\'t have a resource type "nosuch"'),
        (["deploymnets"], 'did you mean "deployments"?'),
        (["pod", "cm/a"], "there is no need to specify a resource type as a separate argument"),
        (["pod/a/b"], "may not have more than one slash"),
        (["pod/"], "must have a single resource and name"),
    ],
)
def test_what_makes_no_sense(words: list[str], message: str) -> None:
    with pytest.raises(CliError) as raised:
        read_words(resources(), words)
    assert message in raised.value.message
