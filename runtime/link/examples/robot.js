// The robot's side of the link in Node.js: a cart on a rail, written after PROTOCOL.md alone.
//
//   npm install zeromq@6
//   node robot.js 5555 HASH     # HASH: the SHA-256 of the codebook's text; port 0 takes any free one
//
// It carries out one skill, creep(distance_m), and has no keys: loopback only.
"use strict";
const crypto = require("node:crypto");
const zmq = require("zeromq");

const HOLD_MS = 500, LEASE_MS = 2000, AHEAD_MS = 5000, BEAT_MS = 100, TICK_MS = 10, SPEED_M_S = 0.5;
const [port, codebookHash] = [process.argv[2] ?? "5555", process.argv[3] ?? "0".repeat(64)];
const session = crypto.randomBytes(8).toString("hex");
const now = () => performance.now();                       // monotonic, never the wall clock

const known = new Map();                                   // controller -> may it lease
const peers = new Map();                                   // routing id (hex) -> {id, heard}
const replies = new Map();                                 // controller/id -> the answer, told again and not done again
let lease = null;                                          // {controller, epoch, peer, heard, sequence, beat}
let epoch = 0, until = -Infinity, armed = false, stopped = "", stoppedBy = "";
let running = null, last = null, looks = 0, beats = 0, progress = 0, progressed = now(), begun = 0, x_m = 0;
const outbox = [];

class Refusal extends Error {
  constructor(check, message) { super(message); this.check = check; }
}

function halt(reason, by = "") {                           // latched: only a re-arm with clear_stop ends it
  stoppedBy = !stopped || by === stoppedBy ? by : "";
  stopped = stopped || reason || "stopped";
  armed = false;
  until = -Infinity;
}

function advance() {                                       // what time has ended is over before anything is looked at
  const t = now();
  if (lease && (armed || running) && !stopped && t >= until) halt("link lost: no fresh heartbeat from the controller");
  if (lease && t - lease.heard > LEASE_MS) { lease = null; armed = false; }
}

function holder(m, peer) {
  if (m.session !== session) throw new Refusal("session", "this robot began a new session; say hello again");
  if (!known.has(m.controller)) throw new Refusal("hello", "say hello first");
  if (!lease || lease.controller !== m.controller) throw new Refusal("lease", "this controller does not hold the lease");
  if (m.epoch !== lease.epoch) throw new Refusal("epoch", `epoch ${m.epoch} is over; the present one is ${lease.epoch}`);
  lease.peer = peer;
}

function fresh(m) {
  const left = m.expires_at_ms - now();
  if (!(left > 0)) throw new Refusal("expired", `it expired ${-left} ms ago`);
  if (left > AHEAD_MS) throw new Refusal("too_far", `it expires in ${left} ms; at most ${AHEAD_MS} ms are taken`);
}

function readCommand(text) {                               // the robot's own copy of the codebook, as far as it goes
  let command;
  try { command = JSON.parse(text); } catch { throw new Refusal("schema", "json: not JSON"); }
  const keys = command && typeof command === "object" ? Object.keys(command).sort().join() : "";
  const d = command?.distance_m;
  const onStep = Number.isFinite(d) && Math.abs(d) <= 5 && Math.abs(d * 10 - Math.round(d * 10)) < 1e-9;
  if (command?.skill !== "creep" || keys !== "distance_m,skill" || !onStep) {
    throw new Refusal("schema", "schema: only creep with a distance_m from -5 to 5 in steps of 0.1");
  }
  return command;
}

const handlers = {
  hello(m, peer) {
    if (m.protocol !== 1) throw new Refusal("protocol", `this robot speaks protocol 1, the controller ${m.protocol}`);
    if (m.codebook_hash != null && m.codebook_hash !== codebookHash) {
      throw new Refusal("codebook", `codebook 'cart' has the hash ${codebookHash} here, ${m.codebook_hash} there`);
    }
    known.set(m.controller, m.codebook_hash != null);
    peers.set(peer.toString("hex"), { id: peer, heard: now() });
    return { kind: "welcome", protocol: 1, robot: "cart.js", codebook: "cart", codebook_hash: codebookHash,
      primitives: ["creep"], capabilities: ["clock: live"], heartbeat_ms: BEAT_MS, hold_ms: HOLD_MS, lease_ms: LEASE_MS,
      ahead_ms: AHEAD_MS, most_bytes: 65536 };
  },
  lease(m, peer) {
    if (m.session !== session) throw new Refusal("session", "this robot began a new session; say hello again");
    if (!known.get(m.controller)) throw new Refusal(known.has(m.controller) ? "codebook" : "hello", "say hello with the codebook's hash first");
    fresh(m);
    if (lease && lease.controller !== m.controller) throw new Refusal("lease", `another controller holds the lease (epoch ${lease.epoch})`);
    if (running) halt("a new lease was asked for while a command ran");
    armed = false; until = -Infinity; epoch += 1;
    lease = { controller: m.controller, epoch, peer, heard: now(), sequence: 0, beat: 0, busy: m.busy_limit_ms ?? Infinity };
    return { kind: "granted", epoch };
  },
  rearm(m, peer) {
    holder(m, peer); fresh(m);
    if (running) throw new Refusal("busy", "a command is under way, or still coming to a stop");
    if (stopped && !m.clear_stop) throw new Refusal("stopped", `the robot is stopped (${stopped}); clear that first`);
    stopped = ""; stoppedBy = ""; armed = true; epoch += 1;
    Object.assign(lease, { epoch, sequence: 0, heard: now() });
    until = Math.min(m.expires_at_ms, now() + HOLD_MS);
    return { kind: "armed", epoch };
  },
  command(m, peer) {
    holder(m, peer);
    if (!(m.sequence > lease.sequence && m.sequence <= lease.sequence + 1000)) throw new Refusal("sequence", `sequence ${m.sequence} does not follow ${lease.sequence}`);
    lease.sequence = m.sequence;                           // refused now is refused for good
    if (stopped) throw new Refusal("stopped", `the robot is stopped (${stopped}); re-arm it first`);
    if (!armed) throw new Refusal("disarmed", "re-arm it first");
    fresh(m);
    if (now() >= until) throw new Refusal("authority", "no fresh heartbeat from the holder of the lease");
    if (running) throw new Refusal("busy", `command ${running.id} is under way`);
    const command = readCommand(m.text);
    running = { id: m.id, controller: m.controller, sequence: m.sequence, text: m.text, left_m: command.distance_m, began: now() };
    begun += 1;
    return { kind: "accepted", sequence: m.sequence };
  },
  observe(m) {
    if (m.session !== session) throw new Refusal("session", "this robot began a new session; say hello again");
    if (!known.has(m.controller)) throw new Refusal("hello", "say hello first");
    looks += 1;
    const marks = [0, 1, 2].map((n) => ({ id: `mark_${n}`, kind: "mark", properties: {}, position_m: [n / 10, 0, 0], yaw_rad: 0, size_m: null }));
    const facts = marks.filter((mark) => Math.abs(mark.position_m[0] - x_m) < 0.02).map((mark) => `at(${mark.id})`);
    return { kind: "observation", sequence: looks, age_ms: 0, observation: { step: begun, time_s: now() / 1000, entities: marks, facts,
      robot: { gripper_to_world_m: null, gripper_opening_m: null, joints_rad: [] }, last } };
  },
  heartbeat(m, peer) {
    holder(m, peer);
    if (m.sequence <= lease.beat) return null;
    lease.beat = m.sequence;
    const reach = Math.min(m.expires_at_ms, now() + HOLD_MS);
    if (reach <= now()) return null;                       // too long on its way
    lease.heard = now();
    if (m.busy_ms > lease.busy) halt(`the controller has been ${m.doing} for ${m.busy_ms} ms`);
    else if (armed) until = Math.max(until, reach);
    return null;
  },
  stop(m) {
    halt(m.reason || "stop was asked for", m.controller ?? "");
    return { kind: "stopped", reason: stopped, moving: running !== null };
  },
  standstill() {                                           // one thread: what has ended is held
    return { kind: "standstill", still: running === null, hold: "returned", progress_ms: now() - progressed, running: running?.id ?? null, message: "" };
  },
  goodbye(m, peer) {
    holder(m, peer);
    if (running && !stopped) halt("the controller left in the middle of a command");
    else if (stoppedBy && stoppedBy === m.controller) { stopped = ""; stoppedBy = ""; }
    lease = null; armed = false; until = -Infinity;
    return null;
  },
};

function receive(peer, frames) {
  advance();
  const answer = (id, said) => outbox.push([peer, JSON.stringify({ id, session, time_ms: now(), ...said })]);
  let m = {};
  try {
    if (frames.length !== 1) throw new Refusal("message", `${frames.length} frames; a message is one`);
    try { m = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(frames[0])); } catch { throw new Refusal("json", "not JSON in UTF-8"); }
    if (!m || typeof m !== "object" || !Object.hasOwn(handlers, m.kind)) throw new Refusal("message", "no message of this protocol");
    const seen = peers.get(peer.toString("hex"));
    if (seen) seen.heard = now();
    const key = `${m.controller}/${m.id}`;
    if (m.id && replies.has(key)) return answer(m.id, replies.get(key));
    const said = handlers[m.kind](m, peer);
    if (!said) return undefined;
    if (!["hello", "stop", "standstill"].includes(m.kind)) keep(key, said);
    return answer(m.id, said);
  } catch (problem) {
    if (!(problem instanceof Refusal)) { halt(`the robot's side broke: ${problem.message}`); return undefined; }
    const said = { kind: "refused", check: problem.check, message: problem.message.slice(0, 500) };
    if (m?.kind === "command") keep(`${m.controller}/${m.id}`, said);
    return answer(typeof m?.id === "string" ? m.id : "", said);
  }
}

function keep(key, said) {
  replies.set(key, said);
  if (replies.size > 64) replies.delete(replies.keys().next().value);
}

function end(status, reason) {
  last = { command: running.text, status, reason, message: "", duration_s: (now() - running.began) / 1000 };
  const said = { kind: "result", sequence: running.sequence, result: last };
  keep(`${running.controller}/${running.id}`, said);
  if (lease) outbox.push([lease.peer, JSON.stringify({ id: running.id, session, time_ms: now(), ...said })]);
  running = null;
}

function tick() {                                          // the loop that moves the robot
  progress += 1;
  progressed = now();
  advance();
  if (!running) return;
  if (stopped || now() >= until) return end("stopped", "stopped");
  const step = Math.sign(running.left_m) * Math.min(Math.abs(running.left_m), SPEED_M_S * TICK_MS / 1000);
  x_m += step;
  running.left_m -= step;
  if (Math.abs(running.left_m) < 1e-9) end("done", "");
  return undefined;
}

function beat() {
  const state = stopped ? "stopped" : running ? "executing" : armed ? "armed" : "disarmed";
  beats += 1;
  const said = { kind: "heartbeat", session, time_ms: now(), sequence: beats, state, epoch, progress, running: running?.id ?? null, reason: stopped };
  for (const [name, peer] of peers) {
    if (now() - peer.heard > 5000) peers.delete(name);
    else outbox.push([peer.id, JSON.stringify(said)]);
  }
}

async function main() {
  const socket = new zmq.Router({ linger: 0, sendHighWaterMark: 64, maxMessageSize: 65536 });
  await socket.bind(`tcp://127.0.0.1:${port === "0" ? "*" : port}`);
  process.stdout.write(`serving at ${socket.lastEndpoint}\n`);
  let sending = false;
  const flush = async () => {                              // one message at a time: a socket takes no second one meanwhile
    if (sending) return;
    sending = true;
    while (outbox.length) await socket.send(outbox.shift()).catch(() => undefined);
    sending = false;
  };
  setInterval(() => { tick(); flush(); }, TICK_MS);
  setInterval(() => { beat(); flush(); }, BEAT_MS);
  for await (const [peer, ...frames] of socket) { receive(peer, frames); flush(); }
}

main();
