"""What is said of texts that are not JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api.json_text import syntax_error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "unexpected end of JSON input"),
        ("nonsense", "invalid character 'o' in literal null (expecting 'u')"),
        ('{"a":1} t', "invalid character 't' after top-level value"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("{'a':1}", r"invalid character '\'' looking for beginning of object key string"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b"}', "invalid character '\"' after object key:value pair"),
        ('"\\x"', "invalid character 'x' in string escape code"),
        ("-a", "invalid character 'a' in numeric literal"),
        ('{"a":[1,true,null,"x"]}', ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert syntax_error(text.encode()) == words


@given(st.text(alphabet='{}[],:"0a-.e tnu\\', max_size=12))
def test_complains_exactly_about_what_is_not_json(text: str) -> None:
    try:
        json.loads(text)
        good = True
    except ValueError:
        good = False
    assert (syntax_error(text.encode()) == "") == good
