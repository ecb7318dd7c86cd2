"""The nftables mode: one table a family, changed by one transaction at a time."""

from collections.abc import Mapping, Sequence

from knarr.api.keys import Key
from proxy.model import ServicePort
from proxy.nftables.flows import stale
from proxy.nftables.nft import Kernel
from proxy.ruleset import (
    Content,
    Element,
    RulesetOptions,
    base,
    content,
    removal,
    transaction,
)

LOCALNET_WAS_OFF = "localnet-was-off"
"""A chain that says so to our next life: whoever was killed could not set it back."""


class NftablesMode:
    """Keeps the tables."""

    name = "nftables"

    def __init__(
        self, families: Sequence[RulesetOptions], kernel: Kernel, *, localhost: bool = True
    ) -> None:
        self._kernel = kernel
        self._tables = [_Table(options) for options in families]
        self._localhost = localhost
        self._ports: dict[Key, Sequence[ServicePort]] = {}
        self._before: str | None = None
        self._marker = f"{self._tables[0].options.name} {LOCALNET_WAS_OFF}"

    async def replace(self, services: Mapping[Key, Sequence[ServicePort]]) -> None:
        """Carry exactly these Services."""
        if self._localhost and self._before is None:
            left = await self._kernel.has_chain(self._marker)
            before = await self._kernel.route_localnet("1")
            self._before = "0" if left else before
        commands = [line for table in self._tables for line in table.replace(services)]
        if self._before == "0":
            commands.append(f"add chain {self._marker}")
        await self._kernel.apply("\n".join(commands) + "\n")
        for table in self._tables:
            table.done()
        self._ports = dict(services)

    async def change(self, service: Key, ports: Sequence[ServicePort]) -> None:
        """Carry one Service as its ports say."""
        commands = [line for table in self._tables for line in table.change(service, ports)]
        if commands:
            await self._kernel.apply("\n".join(commands) + "\n")
        for table in self._tables:
            table.done()
        before = self._ports.pop(service, ())
        if ports:
            self._ports[service] = ports
        for words in stale(before, ports):
            await self._kernel.forget_flows(words)

    async def close(self) -> None:
        """Leave nothing behind."""
        if self._before is None and await self._kernel.has_chain(self._marker):
            self._before = "0"
        await self._kernel.apply("".join(removal(table.options) for table in self._tables))
        if self._before is not None:
            await self._kernel.route_localnet(self._before)
            self._before = None


class _Table:
    """What the kernel was told of one family.

    Where two Services claim the same node port or external address, the one
    that came first has it, and the other when that one is gone.
    """

    def __init__(self, options: RulesetOptions) -> None:
        self.options = options
        self._contents: dict[Key, Content] = {}
        self._claims: dict[Element, list[tuple[Key, str]]] = {}
        self._next: tuple[dict[Key, Content], dict[Element, list[tuple[Key, str]]]] | None = None
        self._starts_afresh = False

    def replace(self, services: Mapping[Key, Sequence[ServicePort]]) -> list[str]:
        """The commands that make the table hold these and nothing else."""
        claims: dict[Element, list[tuple[Key, str]]] = {}
        contents: dict[Key, Content] = {}
        for key, ports in services.items():
            made = contents[key] = content(ports, self.options)
            for element, verdict in made.elements.items():
                claims.setdefault(element, []).append((key, verdict))
        self._next = (contents, claims)
        self._starts_afresh = True
        nothing = Content()
        changes = [
            (nothing, Content(one.chains, one.sets, _won(key, one, claims)))
            for key, one in contents.items()
        ]
        return [base(self.options), *transaction(changes, self.options)]

    def change(self, key: Key, ports: Sequence[ServicePort]) -> list[str]:
        """The commands for one Service."""
        old, new = self._contents.get(key, Content()), content(ports, self.options)
        touched = {*old.elements, *new.elements}
        before = {one: self._claims.get(one, []) for one in touched}
        after = {one: _claimed(before[one], key, new.elements.get(one)) for one in touched}
        self._next = ({key: new}, after)
        self._starts_afresh = False
        return transaction(
            [
                (
                    Content(old.chains, old.sets, _firsts(before)),
                    Content(new.chains, new.sets, _firsts(after)),
                )
            ],
            self.options,
        )

    def done(self) -> None:
        """The kernel has taken the last commands."""
        if self._next is None:
            return
        contents, claims = self._next
        self._next = None
        if self._starts_afresh:
            self._contents.clear()
            self._claims.clear()
        for key, one in contents.items():
            self._contents.pop(key, None)
            if one.chains or one.sets or one.elements:
                self._contents[key] = one
        for element, who in claims.items():
            self._claims.pop(element, None)
            if who:
                self._claims[element] = who


def _claimed(
    who: Sequence[tuple[Key, str]], key: Key, verdict: str | None
) -> list[tuple[Key, str]]:
    """The claims with that of one Service changed, in its old place."""
    if verdict is None:
        return [one for one in who if one[0] != key]
    if any(one[0] == key for one in who):
        return [(key, verdict) if one[0] == key else one for one in who]
    return [*who, (key, verdict)]


def _firsts(claims: Mapping[Element, Sequence[tuple[Key, str]]]) -> dict[Element, str]:
    return {element: who[0][1] for element, who in claims.items() if who}


def _won(
    key: Key, one: Content, claims: Mapping[Element, Sequence[tuple[Key, str]]]
) -> dict[Element, str]:
    return {
        element: verdict
        for element, verdict in one.elements.items()
        if claims[element][0][0] == key
    }
