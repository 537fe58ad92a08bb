"""`codeword mcp`: a Model Context Protocol server whose tools are what the robot may be told to do now."""

import asyncio
import importlib.util
import json
import os
import secrets
import signal
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import click

from codeword.codebook.errors import InputError
from codeword.controller.decider_config import DeciderConfig

from .model_options import with_model
from .robots import check_fit
from .scenario import typed_scenario
from .session_options import load, open_session, session_options
from .signals import Terminated
from .terminal import err
from .tools import ToolAnswer, Toolbox

TOKEN = "CODEWORD_MCP_TOKEN"
"""The variable with the token that HTTP clients have to send; without it one is drawn and told."""


@click.command(epilog="Example: codeword mcp --codebook my_cart.yaml --robot my_cart:Cart --http 8765")
@session_options
@with_model("`do` carries out no plan that the model is less sure of.")
@click.option("--http", "port", type=click.IntRange(0, 65_535), help="Serve HTTP on this port of 127.0.0.1 [stdio].")
def mcp(codebook: str, robot: str, seed: int, port: int | None, folder: Path | None, who: DeciderConfig) -> int:
    """Let an agent drive the robot by the Model Context Protocol, and do nothing that the codebook forbids.

    There is a tool for each skill that is legal now, its arguments the things within reach, and `observe`, `plan` (a
    dry run), `do` (a task in words, planned by the model here) and `stop`. The list changes as the world does. Every
    call passes the guard, and is an episode file. A stop stays until this server is started again.

    Over stdio, as agents start servers themselves; with --http on loopback, where clients send the token that is told
    at the start, or that CODEWORD_MCP_TOKEN names, as "Authorization: Bearer TOKEN".
    """
    if importlib.util.find_spec("mcp") is None:
        raise InputError("the package mcp is not here; get it with: pip install 'codeword[mcp]'")
    check_fit(robot, typed_scenario("look", codebook))  # before the model is loaded
    controllers = load(robot, who)
    with open_session(controllers, codebook, robot, seed, folder) as session:
        toolbox = Toolbox(session)
        with toolbox.thread:
            asyncio.run(_serve_http(toolbox, port) if port is not None else _serve_stdio(toolbox))
    return 0


def make_server(toolbox: Toolbox) -> Any:
    """An MCP server that offers a toolbox."""
    from mcp.server.lowlevel import Server
    from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
    from mcp_types import CallToolResult, ListToolsResult, TextContent, Tool

    bus = InMemorySubscriptionBus()

    async def in_thread(what: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(toolbox.thread, what, *given)

    async def list_tools(context: Any, params: Any) -> ListToolsResult:
        del context, params
        tools = await in_thread(toolbox.tools)
        return ListToolsResult(
            tools=[Tool(name=one.name, description=one.description, input_schema=dict(one.schema)) for one in tools]
        )

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        if toolbox.is_stop(params.name):
            answer: ToolAnswer = toolbox.stop()
        else:
            answer = await in_thread(toolbox.call, params.name, params.arguments or {})
            if await in_thread(toolbox.changed):
                await bus.publish(ToolsListChanged())
                await context.session.send_tool_list_changed()
        text = TextContent(type="text", text=json.dumps(answer.data, ensure_ascii=False))
        return CallToolResult(content=[text], structured_content=dict(answer.data), is_error=not answer.ok)

    return Server(
        "codeword", instructions=_INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool,
        on_subscriptions_listen=ListenHandler(bus),
    )  # fmt: skip


_INSTRUCTIONS = (
    "A robot. Each skill that is possible now is a tool, and the list changes with the world: list the tools again "
    "after a call. `do` takes a whole task in words. A call that is not possible moves nothing and says why."
)


async def _serve_stdio(toolbox: Toolbox) -> None:
    from mcp.server.lowlevel import NotificationOptions
    from mcp.server.stdio import stdio_server

    server = make_server(toolbox)
    async with stdio_server() as (reads, writes):
        options = server.create_initialization_options(NotificationOptions(tools_changed=True))
        serving = asyncio.ensure_future(server.run(reads, writes, options))
        await _until_signal(toolbox, serving, serving.cancel)


async def _serve_http(toolbox: Toolbox, port: int) -> None:
    import socket

    import uvicorn

    token = os.environ.get(TOKEN) or secrets.token_urlsafe(24)
    listening = socket.socket()
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()  # before the address is told: who comes early waits
    except OSError as problem:
        raise InputError(f"--http {port}: cannot be listened on: {problem.strerror}; 0 takes any free one") from problem
    at = listening.getsockname()[1]
    app = _with_token(make_server(toolbox).streamable_http_app(), token)
    told = "" if os.environ.get(TOKEN) else f", Authorization: Bearer {token}"
    err.print(f"codeword: MCP on http://127.0.0.1:{at}/mcp{told}", markup=False, soft_wrap=True)
    config = uvicorn.Config(app, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[assignment, method-assign] # ours hold the robot

    def leave() -> None:
        server.should_exit = True

    await _until_signal(toolbox, asyncio.ensure_future(server.serve([listening])), leave)


async def _until_signal(toolbox: Toolbox, serving: asyncio.Future[None], leave: Callable[[], Any]) -> None:
    """Wait for the end of serving. A signal stops the robot first, then has it leave, and is raised as Terminated."""
    came: list[int] = []

    def end(number: int) -> None:
        came.append(number)
        toolbox.stop()
        leave()

    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        with suppress(NotImplementedError, AttributeError):  # Windows has few, and none for loops
            loop.add_signal_handler(getattr(signal, name), end, getattr(signal, name))
    with suppress(asyncio.CancelledError):
        await serving
    if came:
        raise Terminated(came[0])


_App = Callable[[Any, Any, Any], Awaitable[None]]


def _with_token(app: _App, token: str) -> _App:
    """An ASGI app that answers those alone who send the token."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            sent = dict(scope["headers"]).get(b"authorization", b"")
            if not secrets.compare_digest(sent, f"Bearer {token}".encode()):
                await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return guarded
