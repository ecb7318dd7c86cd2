"""The queue's promises, one test or more for each."""

import asyncio

from knarr.client.queue import WorkQueue


async def taken(queue: WorkQueue[str]) -> str:
    async with queue.take() as key:
        return key


async def drained(queue: WorkQueue[str]) -> list[str]:
    keys = []
    while len(queue):
        keys.append(await taken(queue))
    return keys


async def test_one_worker_a_key() -> None:
    queue: WorkQueue[str] = WorkQueue()
    at_once, worked = 0, 0

    async def work() -> None:
        nonlocal at_once, worked
        while worked < 20:
            async with queue.take():
                at_once += 1
                assert at_once == 1
                worked += 1
                queue.add("a")
                await asyncio.sleep(0)
                at_once -= 1

    queue.add("a")
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        workers = [group.create_task(work()) for _ in range(3)]
        await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        for worker in workers:
            worker.cancel()
    assert worked >= 20


async def test_a_key_added_while_it_waits_is_there_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("a", "b", "a", "a"):
        queue.add(key)
    assert await drained(queue) == ["a", "b"]


async def test_a_key_added_while_worked_on_comes_again_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    async with queue.take():
        queue.add("a")
        queue.add("a")
        assert len(queue) == 0
    assert await drained(queue) == ["a"]
    assert queue.is_idle


async def test_first_come_first_served() -> None:
    queue: WorkQueue[str] = WorkQueue()
    for key in ("c", "a", "b"):
        queue.add(key)
    assert await drained(queue) == ["c", "a", "b"]


async def test_a_failing_key_waits_longer_each_time() -> None:
    queue: WorkQueue[str] = WorkQueue(backoff_min_s=0.005, backoff_max_s=0.02)
    loop = asyncio.get_running_loop()
    waits = []
    for _ in range(4):
        began = loop.time()
        queue.retry("a")
        await taken(queue)
        waits.append(loop.time() - began)
    for wait, wanted in zip(waits, (0.005, 0.01, 0.02, 0.02), strict=True):
        assert wanted * 0.9 <= wait
    assert queue.failures("a") == 4
    queue.forget("a")
    assert queue.failures("a") == 0


async def test_a_failing_key_holds_up_no_other() -> None:
    queue: WorkQueue[str] = WorkQueue(backoff_min_s=10.0)
    queue.retry("a")
    queue.add("b")
    async with asyncio.timeout(1):
        assert await taken(queue) == "b"
    queue.close()


async def test_the_earliest_time_counts() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 60.0)
    queue.add_after("a", 0.001)
    queue.add_after("a", 30.0)
    async with asyncio.timeout(1):
        assert await taken(queue) == "a"
    assert queue.is_idle


async def test_close_ends_all_timers() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 0.001)
    queue.close()
    queue.add("b")
    await asyncio.sleep(0.005)
    assert len(queue) == 0


async def test_a_taker_that_leaves_passes_the_key_on() -> None:
    queue: WorkQueue[str] = WorkQueue()
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        first, second = group.create_task(taken(queue)), group.create_task(taken(queue))
        await asyncio.sleep(0)
        queue.add("a")
        first.cancel()
        assert await second == "a"
