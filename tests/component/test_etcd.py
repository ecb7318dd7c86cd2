"""The etcd store with members lost, over TLS, with users, and beside other programs."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apiserver.storage import etcd_client
from apiserver.storage.open import open_store
from apiserver.storage.store import (
    CompactedError,
    Store,
    StoreError,
    UnavailableError,
    UnknownOutcomeError,
)
from tests import etcd

PODS = "/registry/pods/"


async def seen(store: Store, *, after: int, until: str) -> list[tuple[str, int]]:
    """What a follower sees up to and with a key."""
    found: list[tuple[str, int]] = []
    async for batch in store.follow(PODS, after=after):
        found += [(change.key, change.revision) for change in batch.changes]
        if any(change.key == until for change in batch.changes):
            break
    return found


async def test_the_leader_is_killed_and_nothing_is_lost_or_seen_twice(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path, members=3) as members:
        leader = next(m for m in members if etcd.is_leader(m))
        # Ours is the leader first, so that both the writes and the watch lose their member.
        ordered = [leader, *(member for member in members if member is not leader)]
        acknowledged: dict[str, int] = {}
        unknown: list[str] = []
        async with open_store(etcd.url(ordered)) as store, asyncio.timeout(30):
            start = await store.revision()

            async def write() -> None:
                for number in range(300):
                    key = f"{PODS}a/{number}"
                    try:
                        acknowledged[key] = await store.create(key, key.encode())
                    except UnknownOutcomeError:
                        unknown.append(key)
                    if number == 100:
                        leader.kill()
                await store.create(f"{PODS}end", b"")

            async with asyncio.TaskGroup() as group:
                group.create_task(write())
                following = group.create_task(seen(store, after=start, until=f"{PODS}end"))
            changes = following.result()
            revisions = [revision for _, revision in changes]
            assert revisions == sorted(set(revisions))
            missing = {k: r for k, r in acknowledged.items() if (k, r) not in set(changes)}
            assert not missing
            assert len(acknowledged) >= 290, unknown
            assert len((await store.range(PODS)).items) == len(changes)


async def test_calls_and_watches_outlive_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with etcd.cluster(tmp_path) as members:
        async with open_store(etcd.url(members)) as store, asyncio.timeout(30):
            revision = await store.create(f"{PODS}a/1", b"")
            members[0].kill()
            monkeypatch.setattr(etcd_client, "CALL_S", 1.0)
            with pytest.raises(StoreError) as lost:
                await store.update(f"{PODS}a/1", b"2", expected=revision)
            assert isinstance(lost.value, UnavailableError | UnknownOutcomeError)
            following = store.follow(PODS, after=revision)
            monkeypatch.undo()
            members[0].log.write_bytes(b"")
            members[0].start()
            members[0].wait()
            stored = await store.get(f"{PODS}a/1")
            assert stored is not None
            updated = await store.update(f"{PODS}a/1", b"3", expected=stored.revision)
            batch = await anext(following)
            assert batch.changes[-1].revision == updated


async def test_consistent_reads_beside_a_program_that_writes_elsewhere(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as members:
        url = etcd.url(members)
        async with open_store(url) as store, open_store(url) as other, asyncio.timeout(10):
            start = await store.create(f"{PODS}a/1", b"")
            foreign = await other.create("/somewhere/else", b"")
            following = store.follow(PODS, after=start)

            async def reached() -> int:
                async for batch in following:
                    if batch.revision >= foreign:
                        return batch.revision
                return 0

            async with asyncio.TaskGroup() as group:
                task = group.create_task(reached())
                await asyncio.sleep(0)
                assert await store.revision(PODS) >= foreign
            assert task.result() >= foreign


async def test_follows_from_before_its_own_watch_began(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as members:
        url = etcd.url(members)
        async with open_store(url) as before:
            first = await before.create(f"{PODS}a/1", b"")
            await before.create("/registry/services/a/1", b"")
            await before.create(f"{PODS}a/2", b"")
        async with open_store(url) as store, asyncio.timeout(10):
            await store.create(f"{PODS}a/3", b"")
            changes = await seen(store, after=first, until=f"{PODS}a/3")
            assert [key[-1] for key, _ in changes] == ["2", "3"]


async def test_the_past_of_before_a_start_is_told_until_it_is_compacted(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as members:
        url = etcd.url(members)
        async with open_store(url) as before, asyncio.timeout(30):
            first = await before.create(f"{PODS}a/1", b"1")
            await before.create("/registry/services/a/1", b"")
            second = await before.update(f"{PODS}a/1", b"2", expected=first)
            third = await before.delete(f"{PODS}a/1", expected=second)
            async with open_store(url) as store:
                past = await store.past(PODS, after=first)
                assert [(one.type, one.revision) for one in past] == [
                    ("put", second),
                    ("delete", third),
                ]
                assert [one.previous.value for one in past if one.previous] == [b"1", b"2"]
                further = await store.past("/registry/", after=first - 1)
                assert further[0].revision == first
                fourth = await before.create(f"{PODS}a/2", b"")
                assert [one.revision for one in await store.past(PODS, after=second)] == [
                    third,
                    fourth,
                ]
            await before.compact(third)
            async with open_store(url) as store:
                with pytest.raises(CompactedError):
                    await store.past(PODS, after=first)


async def test_a_compaction_our_watch_has_not_reached_loses_nothing_after_it(
    tmp_path: Path,
) -> None:
    with etcd.cluster(tmp_path) as members:
        # A watch is behind in its first 0.1 s, so it mostly is when the compaction comes.
        for number in range(10):
            async with open_store(etcd.url(members)) as store, asyncio.timeout(10):
                key = f"{PODS}a/{number}"
                created = await store.create(key, b"1")
                deleted = await store.delete(key, expected=created)
                await store.compact(deleted)
                again = await store.create(key, b"2")
                assert await seen(store, after=deleted, until=key) == [(key, again)]


async def test_keys_share_leases(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as members:
        async with open_store(etcd.url(members)) as store:
            for number in range(20):
                await store.create(f"/registry/events/a/{number}", b"", ttl_s=3600)
            assert "found 1 leases" in etcd.control(members[0], "lease", "list")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A folder with ca.crt, and tls.crt and tls.key for 127.0.0.1, signed by it."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-ca")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> bytes:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]),
                critical=False,
            )
            .sign(ca_key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    (tmp_path / "ca.crt").write_bytes(certificate(ca_name, ca_key.public_key(), ca=True))
    (tmp_path / "tls.crt").write_bytes(certificate(name, key.public_key(), ca=False))
    (tmp_path / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tmp_path


async def test_speaks_tls_with_client_certificates(authority: Path) -> None:
    ca, cert, key = (authority / name for name in ("ca.crt", "tls.crt", "tls.key"))
    flags = [f"--cert-file={cert}", f"--key-file={key}", f"--trusted-ca-file={ca}"]
    with etcd.cluster(authority, flags=[*flags, "--client-cert-auth"]) as members:
        url = etcd.url(members).replace("etcd://", "etcds://")
        async with (
            open_store(f"{url}?ca={ca}&cert={cert}&key={key}") as store,
            asyncio.timeout(10),
        ):
            start = await store.revision()
            await store.create(f"{PODS}a/1", b"1")
            assert len(await seen(store, after=start, until=f"{PODS}a/1")) == 1


async def test_a_token_that_is_no_longer_known_is_renewed(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path) as members:
        etcd.control(members[0], "user", "add", "root:secret")
        etcd.control(members[0], "user", "grant-role", "root", "root")
        etcd.control(members[0], "auth", "enable")
        url = etcd.url(members) + "?user=root&password=secret"
        async with open_store(url) as store, asyncio.timeout(30):
            revision = await store.create(f"{PODS}a/1", b"1")
            members[0].kill()  # Tokens live in the memory of a member.
            members[0].log.write_bytes(b"")
            members[0].start()
            members[0].wait()
            stored = await store.get(f"{PODS}a/1")
            assert stored is not None
            assert stored.revision == revision
            await store.update(f"{PODS}a/1", b"2", expected=revision)
            assert len(await seen(store, after=revision, until=f"{PODS}a/1")) == 1


async def test_a_hung_member_is_left_within_seconds(tmp_path: Path) -> None:
    with etcd.cluster(tmp_path, members=3) as members:
        leader = next(m for m in members if etcd.is_leader(m))
        ordered = [leader, *(member for member in members if member is not leader)]
        async with open_store(etcd.url(ordered)) as store, asyncio.timeout(14):
            start = await store.create(f"{PODS}a/0", b"")
            async with asyncio.TaskGroup() as group:
                following = group.create_task(seen(store, after=start, until=f"{PODS}end"))
                leader.process.send_signal(signal.SIGSTOP)
                try:
                    await store.create(f"{PODS}a/1", b"")
                except UnknownOutcomeError:
                    await store.get(f"{PODS}a/1")
                await store.create(f"{PODS}end", b"")
            assert following.result()[-1][0] == f"{PODS}end"
