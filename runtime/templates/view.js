"use strict";
(() => {
  const { h, ms } = codeword;
  const at = (id) => document.getElementById(id);
  const list = at("timeline");
  let systems = [], episode = { id: "d", live: true, turns: [], events: [], over: [] }, ended = false, followed = null, waiting = null;

  const state = (text, kind) => { at("state").textContent = text; at("state").className = "chip " + kind; };

  /* What is waited for, by a clock of its own: nothing is sent while a model thinks. */
  const wait = (what) => { waiting = what && { what, since: performance.now() }; tick(); };
  const tick = () => {
    if (!waiting) return;
    const text = `${waiting.what} for ${((performance.now() - waiting.since) / 1000).toFixed(1)} s`;
    at("took").textContent = text;
    for (const one of document.querySelectorAll(".turn .elapsed")) one.textContent = text.toLowerCase();
  };

  const start = (about) => {
    episode = { ...about, id: "d", live: true, turns: [], events: [], system: (turn) => systems[turn.system || 0] };
    document.title = `${about.name || "Codeword"}, live`;
    at("name").textContent = about.name || "Codeword, live";
    at("task").textContent = about.task || "";
    at("who").textContent = about.who ? `decided by ${about.who}` : "";
    at("lately").replaceChildren();
    at("took").textContent = "No decision yet.";
    list.replaceChildren();
    at("plan").hidden = true;
    followed = null;
  };

  /* The newest decision is open by itself; one that somebody opened stays as it is. */
  const turn = (told) => {
    const place = episode.turns.findIndex((one) => one.number === told.number);
    if (place < 0) episode.turns.push(told); else episode.turns[place] = told;
    const old = at(`d-${told.number}`), made = codeword.turn(told, episode), details = made.querySelector("details");
    const newest = told.number >= episode.turns.length;
    if (newest && followed && followed !== details.id && at(followed)) at(followed).open = false;
    details.open = old ? old.open : newest;
    const focused = old && old.contains(document.activeElement);
    if (old) old.closest("li").replaceWith(made); else list.prepend(made);
    if (focused) details.querySelector("summary").focus({ preventScroll: true });
    if (newest) followed = details.id;
    const plan = codeword.plan(told);
    if (newest && plan) { at("plan").replaceChildren(plan); at("plan").hidden = false; }
    wait(null);
    latency();
    if (newest && !told.stage_ms) wait("Deciding");
  };

  const latency = () => {
    const times = episode.turns.map((one) => (one.stage_ms || {}).decision_ms).filter((value) => value != null).slice(-40);
    if (!times.length) return;
    const budget = episode.budget_ms, hard = episode.hard_ms, top = Math.max(...times, budget || 0, hard || 0) * 1.15;
    const low = Math.min(1, ...times) / 2, height = (value) => 100 * Math.log(value / low) / Math.log(top / low) + "%";
    at("lately").replaceChildren(
      ...times.map((value) => h("i", { class: budget && value > budget ? "over" : "", style: { height: height(value) }, title: ms(value) })),
      ...(budget ? [h("hr", { style: { bottom: height(budget) } })] : []), ...(hard ? [h("hr", { class: "hard", style: { bottom: height(hard) } })] : []));
    at("took").textContent = `The last took ${ms(times[times.length - 1])}` + (budget ? `; p95 budget ${ms(budget)}` : "") + (hard ? `, hard limit ${ms(hard)} (dashed)` : "") + "; logarithmic.";
  };

  const happening = (event) => { episode.events.push(event); list.prepend(codeword.happening(event, episode)); };

  const over = (told) => {
    wait(null);
    const kind = told.success === null ? "" : told.success ? "good" : "bad";
    at("before").hidden = false;
    at("over").prepend(h("li", {}, codeword.chip(kind, told.success === null ? "not judged" : told.success ? "reached" : "missed"), h("span", {}, `${told.name}: ${told.reason}${told.success || !(told.open || []).length ? "" : "; open: " + told.open.join(", ")}`)));
    state(told.success === null ? "over" : told.success ? "reached" : "missed", kind);
  };

  const take = {
    hello: (all) => {
      systems = all.systems;
      start(all.about);
      at("over").replaceChildren();
      all.over.forEach(over);
      const due = [...all.events];
      for (const told of all.turns) {
        while (due.length && due[0][0] <= told.number) happening(due.shift());
        turn(told);
      }
      due.forEach(happening);
      state(all.about.name ? "live" : "waiting for the first episode", "info");
      if (!all.turns.length && !all.over.length) wait("Getting ready");
    },
    system: (text) => systems.push(text),
    episode: (about) => { start(about); state("live", "info"); wait("Getting ready"); },
    turn, happening, verdict: over,
    frame: ({ time_s, jpeg }) => {
      at("scene").src = "data:image/jpeg;base64," + jpeg;
      at("time").textContent = `${time_s.toFixed(1)} s`;
    },
    end: () => {
      ended = true;
      wait(null);
      source.close();
      state("the run is over; this is its last state", "");
    },
  };

  setInterval(tick, 100);
  const source = new EventSource("/events");
  for (const [topic, what] of Object.entries(take)) source.addEventListener(topic, (event) => what(JSON.parse(event.data)));
  source.onerror = () => { if (!ended) state("the run cannot be reached; this is its last state", "warn"); };
  codeword.keys(null);
})();
