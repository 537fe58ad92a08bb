"use strict";
/* The time line of decisions, for the report and the live view. Every text becomes a text node; none is read as markup. */
const codeword = (() => {
  const h = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "style") Object.assign(made.style, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.flat(Infinity).filter((child) => child != null && child !== false && child !== ""));
    return made;
  };
  const ms = (value) => value >= 10000 ? (value / 1000).toFixed(1) + " s" : value >= 100 ? Math.round(value).toLocaleString("en") + " ms" : value >= 1 ? value.toFixed(1) + " ms" : value.toFixed(2) + " ms";
  const percent = (share) => share >= 0.995 && share < 1 ? ">99%" : share < 0.005 ? "<1%" : Math.round(100 * share) + "%";
  const chip = (kind, ...texts) => h("span", { class: "chip " + kind }, ...texts);
  const part = (title, ...inside) => h("div", {}, h("h3", {}, title), ...inside);
  const code = (text) => h("code", {}, text.split(/(?<=,)/).map((piece, i) => [i > 0 && h("wbr", {}), piece]));

  const seen = (seen) => {
    const chips = [
      ...(seen.appeared || []).map((id) => chip("info", "+ " + id)),
      ...(seen.gone || []).map((id) => chip("warn less", id)),
      ...(seen.now || []).map((fact) => chip("", fact)),
      ...(seen.no_longer || []).map((fact) => chip("less", fact)),
      ...Object.entries(seen.moved || {}).map(([id, m]) => chip("", `${id} moved ${Math.round(100 * m)} cm`)),
    ];
    return part("What changed", chips.length ? h("div", { class: "chips" }, chips) : h("p", { class: "dim" }, "Nothing since the look before."));
  };

  const sure = (turn) => turn.sureness != null && h("span", { class: "dim" }, ` ${percent(turn.sureness)} sure`);

  const plan = (turn) => (turn.plan || []).length > 0 && part(
    "Plan",
    h("ol", { class: "plan", "aria-label": "The plan, as the model wrote it" }, turn.plan.map((line) => h(
      "li", { class: line.state, "aria-current": line.state === "now" ? "step" : null },
      line.text, line.state !== "later" && h("span", { class: "dim" }, line.state === "now" ? " – under way" : " – done"),
    ))),
    sure(turn) && h("p", {}, "The model was", sure(turn), "."),
    (turn.considered || []).length > 1 && h("p", { class: "dim" }, "Also considered: ",
      turn.considered.slice(1).map(([told, share]) => `${told} (${percent(share)})`).join("; ")),
    (turn.contingencies || []).map(([failure, then]) => h("p", { class: "dim" }, `If ${failure}: ${then}.`)),
  );

  const prompt = (turn, episode) => part(
    episode.read ? "Prompt" : "What a model would have read",
    turn.prompt ? h("pre", { class: "prompt" }, turn.prompt) : h("p", { class: "dim" }, "None: the plan goes on."),
    h("details", { class: "plain" }, h("summary", {}, "The codebook's part of it"), h("pre", {}, episode.system(turn))),
  );

  const legal = (turn) => part(
    `Legal: ${turn.legal} command${turn.legal === "1" ? "" : "s"}`,
    h("dl", { class: "legal" },
      turn.offered.flatMap((offered) => [
        h("dt", {}, offered.skill, h("span", { class: "dim" }, " " + offered.count)),
        h("dd", { class: "mono" }, offered.commands.join("  ") + (String(offered.commands.length) === offered.count ? "" : " …")),
      ]),
      Object.entries(turn.left_out || {}).map(([skill, why]) => [h("dt", { class: "dim" }, "not " + skill), h("dd", {}, why)]),
    ),
  );

  const weighed = (turn) => (turn.choices || []).length === 0
    ? part("Probabilities", h("p", { class: "dim" }, turn.path === "expert" ? "The expert plans and weighs nothing." : turn.path ? "There was no choice." : "No decision yet."))
    : part("Probabilities", turn.choices.map((choice) => [
      h("p", { class: "small dim" }, "after ", code(choice.after)),
      h("div", { class: "weighed", role: "list", "aria-label": "Alternatives, the likeliest first" }, choice.options.map(([text, share]) => {
        const taken = text === choice.taken ? " taken" : "";
        return [
          h("span", { role: "listitem", class: "mono" + taken }, text, h("span", { class: "visually-hidden" }, ` ${percent(share)}${taken ? ", taken" : ""}`)),
          h("span", { class: "track" + taken, "aria-hidden": "true" }, h("i", { style: { width: 100 * share + "%" } })),
          h("span", { class: "n small" + taken, "aria-hidden": "true" }, percent(share)),
        ];
      })),
    ]));

  const outcome = (turn) => {
    const rows = [];
    if (turn.probability != null) rows.push(["Its probability", percent(turn.probability)]);
    const guard = turn.guard;
    if (guard) rows.push(["Guard", guard.allowed ? h("span", { class: "good" }, "passed") : h("span", { class: "bad" }, `refused by ${guard.check}: ${guard.message}`)]);
    for (const stage of turn.missed || []) rows.push(["Budget", h("span", { class: "bad" }, `${stage.replace("_ms", "")} past its hard limit`)]);
    const result = turn.result;
    if (result) rows.push(["Result", h("span", { class: result.status === "done" ? "good" : "bad" }, `${result.status}${result.reason ? " (" + result.reason + ")" : ""}${result.duration_s ? " in " + result.duration_s.toFixed(1) + " s" : ""}${result.message ? ": " + result.message : ""}`)]);
    if (turn.edited) rows.push(["Codebook", "edited: now " + turn.edited.slice(0, 12)]);
    return part("What came of it", turn.text && h("p", {}, code(turn.text)), h("dl", { class: "figures outcome" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
  };

  const FIGURES = { first_token_ms: "first choice (TTFT)", token_ms: "per token after it", passes: "passes", tokens_forced: "tokens forced", tokens_chosen: "tokens chosen", prompt_tokens: "prompt tokens", tokens_cached: "kept from before", kv_mb: "keys, values" };
  const PARTS = ["legal", "tokenize", "grammar", "prefill", "decode"];
  const cost = (turn) => {
    const parts = [...new Set([...PARTS, ...Object.keys(turn.parts_ms || {})])].map((name) => [name, (turn.parts_ms || {})[name]]).filter(([, value]) => value > 0);
    const total = parts.reduce((sum, [, value]) => sum + value, 0) || 1;
    const figures = turn.figures || {};
    const rows = [];
    if (turn.path) rows.push(["path", turn.path]);
    for (const [name, label] of Object.entries(FIGURES)) {
      if (name in figures) rows.push([label, name.endsWith("_ms") ? ms(figures[name]) : name === "kv_mb" ? figures[name].toFixed(1) + " MB" : String(figures[name])]);
    }
    if ("tokens_guessed" in figures) rows.push(["guessed, right", `${figures.tokens_guessed}, ${figures.tokens_accepted}`]);
    if (turn.cache_level) rows.push(["cache reaches", turn.cache_level]);
    for (const [stage, value] of Object.entries(turn.stage_ms || {})) rows.push([stage.replace("_ms", ""), ms(value)]);
    return part("Time and cost",
      parts.length > 1 && [
        h("div", { class: "stack", "aria-hidden": "true" }, parts.map(([, value], i) => h("i", { class: "s" + i % 6, style: { width: 100 * value / total + "%" } }))),
        h("p", { class: "legend" }, parts.map(([name, value], i) => h("span", {}, h("i", { class: "s" + i % 6 }), `${name} ${ms(value)}`))),
      ],
      h("dl", { class: "figures" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
  };

  const inside = (turn, episode) => !turn.offered ? h("p", { class: "inside dim" }, "Being decided.") : h("div", { class: "inside" },
    h("div", {}, plan(turn), seen(turn.seen || {}), prompt(turn, episode), legal(turn)), h("div", {}, weighed(turn), outcome(turn), cost(turn)));

  const budget = (turn, episode) => {
    const took = (turn.stage_ms || {}).decision_ms;
    if (took == null) return h("span", { class: "elapsed" }, "deciding");
    const limit = episode.budget_ms;
    return h("span", { class: limit && took > limit ? "bad" : "" }, "decided in " + ms(took) + (limit && took > limit ? `, budget ${ms(limit)}` : ""));
  };

  /* One decision, closed; what is inside is made when it is opened. */
  const turn = (turn, episode) => {
    const result = turn.result, refused = turn.guard && !turn.guard.allowed, wrong = episode.wrong && episode.wrong[0] === turn.number;
    const failed = refused || (turn.missed || []).length > 0 || (result && result.status !== "done");
    const pending = !turn.stage_ms || (!result && !refused && episode.live && turn.guard && !turn.ends);
    const left = (episode.left || [])[turn.number - 1], best = (episode.best || [])[turn.number - 1];
    const top = (turn.choices || []).map((choice) => choice.options.find(([text]) => text === choice.taken)).filter(Boolean);
    const details = h("details", { class: "turn", id: `${episode.id}-${turn.number}` },
      h("summary", {},
        h("span", { class: "what mono" }, turn.command || ((turn.missed || []).length ? "none in time" : "deciding …")),
        h("span", { class: "came" },
          refused && chip("bad", "refused"),
          (turn.missed || []).length > 0 && chip("bad", "late"),
          result && !refused && !(turn.missed || []).length && chip(result.status === "done" ? "good" : "bad", result.status + (result.reason ? ": " + result.reason : "")),
          !result && turn.guard && !refused && chip(episode.live && !turn.ends ? "info" : "", episode.live && !turn.ends ? "carrying out" : "ends")),
        h("span", { class: "meta" },
          h("span", {}, `at ${turn.time_s == null ? "0.0" : turn.time_s.toFixed(1)} s`),
          h("span", {}, budget(turn, episode)),
          top.length > 0 && h("span", {}, `sure ${percent(turn.probability)}`),
          left != null && h("span", { title: "commands to the goal, by the planner" }, left === 0 ? "goal holds" : `${left} to the goal`),
          best && best !== turn.command && h("span", {}, "nearer: ", code(best)))),
      wrong && h("p", { class: "first-wrong" }, h("b", {}, "This went wrong first"), episode.wrong[1]));
    details.addEventListener("toggle", () => {
      if (details.open && !details.querySelector(".inside")) details.append(inside(turn, episode));
    });
    return h("li", { class: wrong ? "wrong" : failed ? "failed" : pending ? "open" : result ? "" : "ends" }, h("span", { class: "dot", "aria-hidden": "true" }, String(turn.number)), details);
  };

  const happening = ([number, time_s, what], episode) => {
    const then = episode.turns.find((told) => told.number >= number);
    const text = what === "retask" && then ? `the task is now: ${then.task}` : what;
    return h("li", { class: "event" }, h("span", { class: "dot", "aria-hidden": "true" }, "!"), h("p", { class: "happening" }, `At ${time_s.toFixed(1)} s: ${text}`));
  };

  const timeline = (episode) => {
    const items = [];
    for (const told of episode.turns) {
      items.push(...(episode.events || []).filter((event) => event[0] === told.number).map((event) => happening(event, episode)));
      items.push(turn(told, episode));
    }
    const last = episode.turns.length;
    items.push(...(episode.events || []).filter((event) => event[0] > last).map((event) => happening(event, episode)));
    return h("ol", { class: "timeline", "aria-label": "Decisions" }, items);
  };

  /* j and k: the next and the former of what can be opened and is shown. */
  const step = (selector, by) => {
    const all = [...document.querySelectorAll(selector)].filter((one) => one.offsetParent !== null);
    const here = document.activeElement && document.activeElement.closest("summary");
    let at = all.indexOf(here);
    if (at < 0) {
      const top = here ? here.getBoundingClientRect().top : 0;
      at = by > 0 ? all.findIndex((one) => one.getBoundingClientRect().top > top) : all.findLastIndex((one) => one.getBoundingClientRect().top < top);
      at = at < 0 ? 0 : at;
    } else at = Math.min(Math.max(at + by, 0), all.length - 1);
    if (all[at]) { all[at].focus(); all[at].scrollIntoView({ block: "nearest" }); }
  };
  const keys = (search) => document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const walk = { j: ["details.episode > summary, details.turn > summary", 1], k: ["details.episode > summary, details.turn > summary", -1], J: ["details.episode > summary", 1], K: ["details.episode > summary", -1] }[event.key];
    if (walk) step(...walk);
    else if (event.key === "/" && search) search.focus();
    else return;
    event.preventDefault();
  });

  return { h, ms, percent, chip, turn, plan, happening, timeline, keys, inside };
})();
