"""200 simulated voters at once, and a server that is killed in the middle: what was acknowledged is there, once."""

import asyncio
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx2
from support import ENVIRONMENT, ROOT

VOTERS = 200


class Server:
    """The study's command as a process of its own; it may be killed and started again at the same port."""

    def __init__(self, folder, log):
        self.folder, self.log = folder, log
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.start()

    def start(self):
        command = [sys.executable, "-m", "stages.study", "serve", "--study", str(self.folder), "--port", str(self.port)]
        environment = ENVIRONMENT | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert re.match(r"Open http://127\.0\.0\.1:\d+/", self.process.stdout.readline()), self.log.name

    def stop(self, how):
        os.kill(self.process.pid, how)
        self.process.communicate(timeout=60)


class Voter:
    """Somebody simulated, who chooses by chance and sends again what was not acknowledged."""

    def __init__(self, client, number, acknowledged):
        self.client, self.random, self.acknowledged = client, random.Random(number), acknowledged

    async def ask(self, method, path, body=None):
        while True:
            try:
                answer = await self.client.request(method, path, json=body)
            except httpx2.TransportError:  # the server is gone; it comes back
                await asyncio.sleep(0.2 + 0.3 * self.random.random())
                continue
            if answer.status_code == 429:
                await asyncio.sleep(0.5)
                continue
            assert answer.status_code in (200, 201), answer.text
            return answer.json()

    async def vote(self):
        code = (await self.ask("POST", "/begin", {}))["code"]
        state = await self.ask("GET", f"/p/{code}/state")
        while trial := state["trial"]:
            number, choice = trial["number"], self.random.choice(["left", "right"])
            body = {"number": number, "choice": choice, "ms": self.random.randrange(5000)}
            state = await self.ask("POST", f"/p/{code}/answers", body)
            self.acknowledged[code, number] = choice
            if self.random.random() < 0.2:  # another tab of the same person, which is late
                other = {"left": "right", "right": "left"}[choice]
                state = await self.ask("POST", f"/p/{code}/answers", body | {"choice": other})


def stored(folder):
    """What the file holds: read by nothing but SQLite."""
    with sqlite3.connect(folder / "votes.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT code, number, choice FROM answers").fetchall()
    connection.close()
    found = {(code, number): choice for code, number, choice in rows}
    assert len(found) == len(rows)
    return found


async def everybody(server, acknowledged, at_kill):
    limits = httpx2.Limits(max_connections=VOTERS)
    address = f"http://127.0.0.1:{server.port}"
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=60, trust_env=False) as client:
        votes = [asyncio.create_task(Voter(client, k, acknowledged).vote()) for k in range(VOTERS)]
        while len(acknowledged) < 1.5 * VOTERS:
            await asyncio.sleep(0.01)
        server.stop(signal.SIGKILL)
        before = dict(acknowledged)  # nothing ran in between: this thread was busy
        at_kill.append((before, stored(server.folder)))
        await asyncio.to_thread(server.start)
        await asyncio.gather(*votes)


def test_no_acknowledged_answer_is_lost_or_counted_twice(make_study, tmp_path):
    opened = make_study(tmp_path / "study", share=2, practice=1, attention=1, identical=0, allowed_wrong=0)
    acknowledged, at_kill = {}, []
    with (tmp_path / "log").open("w") as log:
        server = Server(opened.folder, log)
        try:
            # In a thread: where a browser's tests ran before, this one has a loop that runs already.
            with ThreadPoolExecutor() as other:
                other.submit(asyncio.run, everybody(server, acknowledged, at_kill)).result()
            server.stop(signal.SIGINT)
        finally:
            server.process.kill()
    assert (tmp_path / "log").read_text() == ""
    before, on_disk = at_kill[0]
    assert len(before) < 4 * VOTERS, "the kill came when all was over"
    assert before.items() <= on_disk.items()
    assert len({code for code, _ in acknowledged}) == VOTERS and len(acknowledged) == 4 * VOTERS
    assert stored(opened.folder) == acknowledged
