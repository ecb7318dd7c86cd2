"""Configurations are read as CoreDNS reads them."""

import pytest

from dns.corefile import DEFAULT, CorefileError, Directive, parse


def test_the_default_is_sound() -> None:
    [block] = parse(DEFAULT)
    assert (block.zones, block.port) == ((".",), 53)
    assert [one.name for one in block.directives][:2] == ["errors", "kubernetes"]


def test_blocks_words_and_quotes() -> None:
    text = """
    # names of ours
    example.org:1053, example.net:1053 {
        hosts { # a block
            10.0.0.1 a.example.org
        }
        template IN A {
            answer "{{ .Name }} 60 IN A 10.0.0.{$LAST}"
        }
    }
    """
    [block] = parse(text, {"LAST": "7"})
    assert (block.zones, block.port) == (("example.org", "example.net"), 1053)
    hosts, template = block.directives
    assert hosts == Directive("hosts", (), (("10.0.0.1", "a.example.org"),), 4)
    assert template.block == (("answer", "{{ .Name }} 60 IN A 10.0.0.7"),)


def test_snippets_stand_where_they_are_imported() -> None:
    [block] = parse("(usual) {\n errors\n cache 30\n}\n. {\n import usual\n loop\n}\n")
    assert [one.name for one in block.directives] == ["errors", "cache", "loop"]


def test_zones_of_two_ports_are_two_servers() -> None:
    blocks = parse("a.example:53 b.example:54 {\n errors\n}\n")
    assert [(one.zones, one.port) for one in blocks] == [(("a.example",), 53), (("b.example",), 54)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(".", "expected '{'", id="no block"),
        pytest.param(". {\n errors", "no '}'", id="no end"),
        pytest.param(".:99999 {\n}", "no port", id="no such port"),
        pytest.param(". {\n import nothing\n}", "names no snippet", id="no such snippet"),
        pytest.param("(a) {\n import a\n}\n. {\n import a\n}", "names no snippet", id="a circle"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, told: str) -> None:
    with pytest.raises(CorefileError, match=r"Corefile:[0-9]+: ") as error:
        parse(text)
    assert told in str(error.value)
