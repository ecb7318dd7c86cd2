"""The nftables mode: one table a family, changed by one transaction at a time."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from knarr.api.keys import Key
from proxy.content import Content, Elements, content
from proxy.model import ServicePort
from proxy.nftables.flows import stale
from proxy.nftables.nft import Kernel
from proxy.ruleset import RulesetOptions, base, removal
from proxy.transaction import transaction

Claim = tuple[Key, Elements]
Claims = Sequence[Claim]
"""Who wants an address or a node port, in the order in which they came."""

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
    that came first has it, and the other when that one is gone. A chain is there
    while any Service has it.
    """

    def __init__(self, options: RulesetOptions) -> None:
        self.options = options
        self._contents: dict[Key, Content] = {}
        self._claims: dict[str, Claims] = {}
        self._users: Counter[str] = Counter()
        """How many Services have a chain."""
        self._next: tuple[dict[Key, Content], dict[str, Claims]] | None = None
        self._starts_afresh = False

    def replace(self, services: Mapping[Key, Sequence[ServicePort]]) -> list[str]:
        """The commands that make the table hold these and nothing else."""
        claims: dict[str, list[Claim]] = {}
        contents: dict[Key, Content] = {}
        chains: dict[str, tuple[str, ...]] = {}
        sets: dict[str, str] = {}
        for key, ports in services.items():
            made = contents[key] = content(ports, self.options)
            chains.update(made.chains)
            sets.update(made.sets)
            for entry, elements in made.entries.items():
                claims.setdefault(entry, []).append((key, elements))
        self._next = (contents, dict(claims))
        self._starts_afresh = True
        everything = Content(chains, sets, _firsts(claims))
        return [base(self.options), *transaction(Content(), everything, self.options)]

    def change(self, key: Key, ports: Sequence[ServicePort]) -> list[str]:
        """The commands for one Service."""
        old, new = self._contents.get(key, Content()), content(ports, self.options)
        touched = {*old.entries, *new.entries}
        before = {one: self._claims.get(one, ()) for one in touched}
        after = {one: _claimed(before[one], key, new.entries.get(one)) for one in touched}
        self._next = ({key: new}, after)
        self._starts_afresh = False
        others = {one for one in old.chains if self._users[one] > 1}
        others |= {one for one in new.chains.keys() - old.chains.keys() if self._users[one]}
        return transaction(
            Content(_without(old.chains, others), old.sets, _firsts(before)),
            Content(_without(new.chains, others), new.sets, _firsts(after)),
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
            self._users.clear()
        for key, one in contents.items():
            self._count_users(self._contents.pop(key, Content()), one)
            if one.chains or one.sets or one.entries:
                self._contents[key] = one
        for entry, who in claims.items():
            self._claims.pop(entry, None)
            if who:
                self._claims[entry] = who

    def _count_users(self, old: Content, new: Content) -> None:
        self._users.update(new.chains.keys())
        for chain in old.chains:
            self._users[chain] -= 1
            if not self._users[chain]:
                del self._users[chain]


def _claimed(who: Claims, key: Key, elements: Elements | None) -> Claims:
    """The claims with that of one Service changed, in its old place."""
    if elements is None:
        return [one for one in who if one[0] != key]
    if any(one[0] == key for one in who):
        return [(key, elements) if one[0] == key else one for one in who]
    return [*who, (key, elements)]


def _firsts(claims: Mapping[str, Claims]) -> dict[str, Elements]:
    return {entry: who[0][1] for entry, who in claims.items() if who}


def _without(
    chains: Mapping[str, tuple[str, ...]], others: Collection[str]
) -> dict[str, tuple[str, ...]]:
    return {name: rules for name, rules in chains.items() if name not in others}
