"""The robot as tools of another program: by the official client, over stdio and over HTTP."""

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from codeword.codebook import Codebook, Result, legal, load_codebook
from codeword.runtime.cli import main
from codeword.runtime.recording import read_episode
from codeword.runtime.tools import general_name, tools_now
from tests.observations import observe

mcp = pytest.importorskip("mcp")
from anyio.from_thread import start_blocking_portal  # noqa: E402 (anyio comes with mcp)

ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
COMMAND = ["-m", "codeword.runtime.cli", "mcp"]


def talk(folder: Path, what: Callable[[Any], Awaitable[None]], *more: str) -> None:
    """Have a client talk to a server of its own over stdio; episodes go into the folder."""
    from mcp.client.stdio import StdioServerParameters

    async def run() -> None:
        server = StdioServerParameters(
            command=sys.executable, args=[*COMMAND, "--out", str(folder), *more], env=ENVIRONMENT
        )
        async with mcp.Client(server) as client:
            await what(client)

    complete(run)


def complete(what: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine in a thread of its own: Playwright's browser keeps an event loop running in this one."""
    with start_blocking_portal() as portal:
        portal.call(what)


def names(listed: Any) -> set[str]:
    return {tool.name for tool in listed.tools}


def test_an_agent_sees_what_is_legal_and_is_told_when_that_changes(tmp_path: Path) -> None:
    async def what(client: Any) -> None:
        first = await client.list_tools()
        assert {"observe", "plan", "do", "stop", "pick"} <= names(first) and "place" not in names(first)
        pick = next(tool for tool in first.tools if tool.name == "pick")
        assert set(pick.input_schema["properties"]["object"]["enum"]) >= {"red_block", "green_block"}
        seen = await client.call_tool("observe", {})
        assert "on(red_block,table)" in seen.structured_content["facts"]
        planned = await client.call_tool("plan", {"task": "put the red block in the blue bowl"})
        assert planned.structured_content["told"] == "make so: red_block in blue_bowl"
        assert planned.structured_content["sure"] > 0.5
        async with client.listen(tools_list_changed=True) as changes:
            picked = await client.call_tool("pick", {"object": "red_block"})
            assert not picked.is_error, picked
            assert type(await anext(aiter(changes))).__name__ == "ToolsListChanged"
        second = await client.list_tools()
        assert "place" in names(second) and "pick" not in names(second)
        refused = await client.call_tool("pick", {"object": "green_block"})
        assert refused.is_error and "precondition" in refused.structured_content["told"]
        done = await client.call_tool("do", {"task": "put the red block in the blue bowl"})
        assert not done.is_error and "in(red_block,blue_bowl)" in done.structured_content["facts"]
        assert done.structured_content["commands"][0]["command"]["skill"] == "place"
        stopped = await client.call_tool("stop", {})
        assert not stopped.is_error
        after = await client.call_tool("do", {"task": "put the red block in the yellow bowl"})
        assert after.is_error and "stopped" in after.structured_content["told"]

    talk(tmp_path, what)
    files = sorted(tmp_path.glob("*.mcap"))
    assert [read_episode(path).header.controller for path in files] == ["given", "llm"]
    with pytest.raises(SystemExit) as ended:
        main(["replay", str(tmp_path)])
    assert not ended.value.code


def test_of_calls_of_any_kind_nothing_illegal_reaches_the_robot(tmp_path: Path, sized: Callable[[int], int]) -> None:
    rng, calls, answers = random.Random(7), sized(200), {"done": 0, "refused": 0}
    codebook = load_codebook("tabletop")

    async def what(client: Any) -> None:
        things = [one["id"] for one in (await client.call_tool("observe", {})).structured_content["things"]]
        for number in range(calls):
            name, given = any_call(rng, codebook, things)
            came = await client.call_tool(name, given)
            told = came.structured_content["ended"]
            answers[told if told in answers else "refused"] += 1
            assert came.is_error is (told != "done"), (number, came)

    talk(tmp_path, what)
    assert answers["done"] > calls // 10 and answers["refused"] > 3 * calls // 10, answers
    carried_out = 0
    for path in sorted(tmp_path.glob("*.mcap")):
        for step in read_episode(path).steps:
            if isinstance(step.result, Result) and step.result.command:
                carried_out += 1
                assert legal(codebook, step.observation, "words").allows(step.result.command), path
    assert carried_out >= answers["done"]


def any_call(rng: random.Random, codebook: Codebook, things: list[str]) -> tuple[str, dict[str, Any]]:
    """A call that may be legal, or name what is not there, is of another kind, or is no tool at all."""
    name = rng.choice([*codebook.skills, "fly"])
    args = codebook.skills[name].args if name in codebook.skills else ("object",)
    anything = [*things, "gold_block", "", 3, None, {"a": 1}, "../etc", "red_block\n"]
    given = {arg: rng.choice(things if rng.random() < 0.8 else anything) for arg in args}
    if rng.random() < 0.1:
        given[rng.choice(["speed", "task", "skill"])] = rng.choice(anything)
    return name, given


def test_over_http_only_those_with_the_token_are_answered(tmp_path: Path) -> None:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    environment = ENVIRONMENT | {"CODEWORD_MCP_TOKEN": "one two"}
    command = [sys.executable, *COMMAND, "--http", "0", "--out", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stderr is not None
            line = next(line for line in server.stderr if "MCP on" in line)
            (url,) = re.findall(r"http://127\.0\.0\.1:\d+/mcp", line)
            assert "one two" not in line

            async def run() -> None:
                async with httpx2.AsyncClient() as stranger:
                    for headers in ({}, {"Authorization": "Bearer one"}):
                        assert (await stranger.post(url, headers=headers, json={})).status_code == 401
                async with (
                    httpx2.AsyncClient(headers={"Authorization": "Bearer one two"}, timeout=60) as http,
                    mcp.Client(streamable_http_client(url, http_client=http)) as client,
                ):
                    assert "pick" in names(await client.list_tools())
                    assert not (await client.call_tool("pick", {"object": "red_block"})).is_error

            complete(run)
        finally:
            server.terminate()
            server.wait(30)
    assert server.returncode == 128 + 15


def test_tools_that_a_skill_has_the_name_of_give_way(tabletop: Codebook) -> None:
    assert general_name("observe", tabletop) == "observe"
    assert "pick" in tabletop.skills and general_name("pick", tabletop) == "robot_pick"


def test_tools_are_those_of_legal_commands_with_the_things_that_these_name(tabletop: Codebook) -> None:
    seen = observe({"red_block": "table", "green_block": "red_block"}, ("blue_bowl",))
    tools = {tool.name: tool for tool in tools_now(tabletop, seen)}
    assert tools["pick"].schema["properties"]["object"]["enum"] == ["green_block"]
    assert tools["pick"].schema["required"] == ["object"]
    json.dumps([dict(tool.schema) for tool in tools.values()])
    held = observe({"red_block": "held", "green_block": "table"}, ("blue_bowl",))
    tools = {tool.name: tool for tool in tools_now(tabletop, held)}
    assert set(tools["place"].schema["properties"]["target"]["enum"]) >= {"green_block", "blue_bowl"}
    assert "pick" not in tools
