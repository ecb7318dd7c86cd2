"""From what the kernel knows of Services to what it is to know, as nft commands. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from proxy.content import Content
from proxy.ruleset import RulesetOptions

ELEMENTS_MAX = 1000
"""So many elements stand in one command, so that no line grows without bounds."""


def transaction(old: Content, new: Content, options: RulesetOptions) -> list[str]:
    """The commands that turn one content into the other, nothing led to before it is there."""
    name = options.name
    block = [f"set {one} {new.sets[one]}" for one in new.sets if one not in old.sets]
    flushed = []
    for chain, rules in new.chains.items():
        if old.chains.get(chain) != rules:
            flushed += [chain] if chain in old.chains else []
            block.append(f"chain {chain} {{\n" + "\n".join(rules) + "\n}")
    gone = [one for one in old.chains if one not in new.chains]
    before, after = old.elements, new.elements
    gone_elements: dict[str, list[str]] = {}
    for (where, key), _ in before.items() - after.items():
        gone_elements.setdefault(where, []).append(key)
    new_elements: dict[str, list[str]] = {}
    for (where, key), value in after.items() - before.items():
        new_elements.setdefault(where, []).append(f"{key} : {value}" if value else key)
    return [
        *(f"flush chain {name} {one}" for one in flushed),
        *([f"table {name} {{\n" + "\n".join(block) + "\n}"] if block else []),
        *_elements("delete", name, gone_elements),
        *_elements("add", name, new_elements),
        *(f"flush chain {name} {one}" for one in gone),
        *(f"delete chain {name} {one}" for one in gone),
        *(f"delete set {name} {one}" for one in old.sets if one not in new.sets),
    ]


def _elements(verb: str, name: str, elements: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for where, texts in sorted(elements.items()):
        ordered = sorted(texts)
        for at in range(0, len(ordered), ELEMENTS_MAX):
            some = ", ".join(ordered[at : at + ELEMENTS_MAX])
            yield f"{verb} element {name} {where} {{ {some} }}"
