"""Turns: fair between visitors, bounded, and told; the door lets in what there is room for."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import CancelledError
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbce.data.inputs import InputError
from dbce.page.desk import Desk, in_turn
from dbce.page.room import Room
from dbce.page.turns import Turns, Visitor

ANNE, BERT, CORA = (Visitor(f"10.0.0.{n}", "s") for n in (1, 2, 3))


class Held:
    """A queue of one runner that is busy until `go`, and what was served since."""

    def __init__(self, **limits) -> None:
        self.turns = Turns(runners=1, **limits)
        self.gate, self.served = threading.Event(), []
        self.first = self.turns.take(Visitor("10.9.9.9", "busy"), self.gate.wait)
        while self.turns.waiting() != 1 or not self.first.running():
            time.sleep(0.001)

    def take(self, visitor: Visitor, name: str, long: bool = False):
        return self.turns.take(visitor, lambda: self.served.append(name), long)

    def go(self) -> list[str]:
        self.gate.set()
        while self.turns.waiting():
            time.sleep(0.001)
        self.turns.close()
        return self.served


def test_visitors_take_turns_however_many_files_one_sends():
    held = Held()
    for name in ("a1", "a2", "a3", "a4"):
        held.take(ANNE, name)
    held.take(BERT, "b1")
    held.take(CORA, "c1")
    held.take(BERT, "b2")
    assert [held.turns.place(visitor) for visitor in (ANNE, BERT, CORA, Visitor("", "nobody"))] == [1, 2, 3, None]
    assert held.go() == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 3), max_size=12))
def test_nobody_is_served_two_files_more_than_another_who_waits(order):
    held = Held(each=100)
    for number, who in enumerate(order):
        held.take(Visitor(f"10.0.0.{who}", "s"), (who, number))
    served = held.go()
    assert sorted(served) == sorted((who, number) for number, who in enumerate(order))
    for who in set(order):
        own = [number for one, number in served if one == who]
        assert own == sorted(own)  # in the order in which they were sent
        for other in set(order) - {who}:
            before = 0
            for one, _ in served:
                assert one != who or before <= 1  # of another, at most one more than of one's own
                before += (one == other) - (one == who)


def test_the_queue_is_bounded_for_all_and_for_each_in_words():
    held = Held(most=5, each=2, together=3)
    held.take(ANNE, "a1")
    held.take(ANNE, "a2")
    with pytest.raises(InputError, match="2 of your files are still being worked on"):
        held.take(ANNE, "a3")
    held.take(ANNE._replace(session="t"), "t1")
    with pytest.raises(InputError, match="3 files from your network"):
        held.take(ANNE._replace(session="u"), "u1")
    for session in "vw":  # of this machine: a proxy may stand before many
        held.take(Visitor("127.0.0.1", session), session)
    with pytest.raises(InputError, match="The server is busy: 5 files wait already"):
        held.take(BERT, "b1")
    assert sorted(held.go()) == ["a1", "a2", "t1", "v", "w"]


def test_room_is_given_back_also_by_work_that_fails():
    turns = Turns(runners=1, each=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            turns.take(ANNE, lambda: 1 / 0).result(10)
        while turns.waiting():
            time.sleep(0.001)
    turns.close()


def test_long_work_runs_one_at_a_time_and_stands_in_nobodys_way():
    turns = Turns(runners=2)
    gate, together, most = threading.Event(), [], []

    def scan() -> None:
        together.append(1)
        most.append(len(together))
        gate.wait(20)
        together.pop()

    scans = [turns.take(Visitor(f"10.0.1.{n}", ""), scan, long=True) for n in range(3)]
    for n in range(4):
        assert turns.take(Visitor(f"10.0.2.{n}", ""), lambda: "picture").result(10) == "picture"
    assert not any(done.done() for done in scans)
    gate.set()
    for done in scans:
        done.result(20)
    assert max(most) == 1
    turns.close()


def test_closing_ends_those_who_wait():
    held = Held()
    waiting = held.take(ANNE, "a1")
    threading.Timer(0.2, held.gate.set).start()
    held.turns.close()
    with pytest.raises(CancelledError):
        waiting.result(5)
    assert held.served == []


def test_examples_that_were_opened_wait_for_nobody():
    asked = []

    def open_study(request: str) -> dict[str, str]:
        asked.append(request)
        return {"scene": request}

    held = Held()
    studio = SimpleNamespace(open_study=open_study, predictor=SimpleNamespace(task=SimpleNamespace(is_scan=False)))
    desk = Desk(studio, held.turns)

    async def visit() -> None:
        first = asyncio.ensure_future(desk.open_study('{"example": 0}'))
        await asyncio.sleep(0.05)
        assert await desk.queue_place() == {"before": 1} and not asked
        held.gate.set()
        assert (await first)["scene"] == '{"example": 0}'
        held.gate.clear()
        busy = [held.turns.take(Visitor("10.0.0.7", str(n)), held.gate.wait) for n in range(2)]
        assert await asyncio.wait_for(desk.open_study('{"example": 0}'), 5) == {"scene": '{"example": 0}'}
        assert not busy[1].done()
        other = asyncio.ensure_future(desk.open_study('{"example": 1}'))
        await asyncio.sleep(0.05)
        assert not other.done()
        held.gate.set()
        await other

    asyncio.run(visit())
    assert asked == ['{"example": 0}', '{"example": 1}']
    held.turns.close()


def test_what_a_full_queue_says_reaches_the_page():
    held = Held(most=1)
    held.take(ANNE, "a1")
    studio = SimpleNamespace(open_study=print, predictor=SimpleNamespace(task=SimpleNamespace(is_scan=False)))
    reply = asyncio.run(Desk(studio, held.turns).open_study('{"example": 0}'))
    assert "The server is busy" in reply["error"]
    held.go()


@pytest.mark.parametrize(
    ("request_text", "long"),
    [
        ('{"image": {"data": "", "name": "a.nii.gz"}}', True),
        ('{"of": {"image": {"name": "a.npz", "data": ""}}}', True),
        ('{"image": {"name": "a.png", "data": ""}}', False),
        ('{"example": 1, "slice": 3}', False),
        ('{"image": {"data": "' + "A" * 400_000 + '", "name": "a.png"}}', True),
        ("[1]", False),
        ('{"image": 3}', False),
        ("[" * 100_000, False),
    ],
)
def test_scans_are_told_from_pictures_before_their_turn(request_text, long):
    studio = SimpleNamespace(predictor=SimpleNamespace(task=SimpleNamespace(is_scan=True)))
    assert Desk(studio, None)._long(request_text) is long


def test_an_answer_in_turn_is_that_of_the_work():
    turns = Turns(runners=1)
    assert asyncio.run(in_turn(turns, lambda: 7, False)) == 7
    turns.close()


class Application:
    """Reads a request whole, then holds it until it is told to answer."""

    def __init__(self) -> None:
        self.inside, self.most, self.seen = 0, 0, []
        self.answer = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        self.inside += scope["size"]
        self.most = max(self.most, self.inside)
        self.seen.append((await receive())["type"])
        await self.answer.wait()
        self.inside -= scope["size"]


def post(size: int, declared: bool = True, path: str = "/x") -> dict:
    headers = [(b"content-length", str(size).encode())] if declared else []
    return {"type": "http", "method": "POST", "path": path, "headers": headers, "size": size}


async def whole():
    return {"type": "http.request", "body": b"", "more_body": False}


async def never():
    await asyncio.Event().wait()


def test_the_door_lets_in_what_there_is_room_for_and_small_ones_always():
    async def visit() -> None:
        app, sent = Application(), []

        async def send(message):
            sent.append(message)

        door = Room(app, room=(20_000_000, 50_000_000), most=6)
        scans = [asyncio.create_task(door(post(25_000_000), whole, send)) for _ in range(7)]
        await asyncio.sleep(0.1)
        assert app.inside == 50_000_000 and len(app.seen) == 2
        for scope in (post(900_000), post(5_000_000)):  # neither waits behind the scans
            scans.append(asyncio.create_task(door(scope, whole, send)))
        await asyncio.sleep(0.1)
        assert len(app.seen) == 4
        unknown = asyncio.create_task(door(post(1, declared=False), whole, send))  # no length: taken as the largest
        await asyncio.sleep(0.1)
        assert len(app.seen) == 4
        for path in ("/gradio_api/component_server", "/upload"):
            await door(post(30_000_000, path=path), whole, send)
        replies = [m for m in sent if m["type"] == "http.response.body"]
        assert [m["status"] for m in sent if "status" in m] == [200, 503]
        assert all("6 large files wait already" in json.loads(m["body"])["error"] for m in replies)
        scans[4].cancel()  # a visitor who leaves while waiting
        app.answer.set()
        await asyncio.gather(*scans, unknown, return_exceptions=True)
        assert app.inside == 0 and app.most <= 56_000_000 and len(app.seen) == 9
        assert [lane.room for lane in door.lanes] == [20_000_000, 50_000_000]

    asyncio.run(visit())


def test_nobody_holds_the_room_by_sending_nothing():
    async def visit() -> None:
        app = Application()
        app.answer.set()
        door = Room(app, arrival=0.05)
        await asyncio.wait_for(door(post(20_000_000), never, None), 5)
        assert app.seen == ["http.disconnect"] and door.lanes[1].room == door.sizes[1]

    asyncio.run(visit())
