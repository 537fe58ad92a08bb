"use strict";
(() => {
  const { h } = codeword;
  const page = JSON.parse(document.getElementById("page").textContent);
  const rows = [...document.querySelectorAll("details.episode")];
  const search = document.getElementById("search"), shown = document.getElementById("shown");
  const picks = ["outcome", "suite", "wrong"].map((name) => document.getElementById("by-" + name)).filter(Boolean);

  const unpack = async (packed) => {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };

  const film = (frames, id) => h("div", { class: "film", tabindex: "0", role: "group", "aria-label": "Film strip" }, frames.map(([number, time_s, jpeg]) => {
    const figure = h("figure", {}, h("img", { src: "data:image/jpeg;base64," + jpeg, alt: `The scene at ${time_s.toFixed(1)} s`, width: 320, height: 240 }),
      h("figcaption", {}, number ? h("a", { href: `#${id}-${number}` }, `${number}`) : "end", ` at ${time_s.toFixed(1)} s`));
    return figure;
  }));

  const fill = async (row) => {
    const body = row.querySelector(".body"), place = body.querySelector(".decisions");
    if (place.dataset.state) return;
    place.dataset.state = "filling";
    try {
      const data = await unpack(body.querySelector(".packed").textContent);
      const episode = { ...data, id: row.id, budget_ms: page.budget_ms, system: (turn) => page.systems[turn.system || 0] };
      const frames = body.querySelector(".frames");
      place.replaceChildren(...(frames ? [film(JSON.parse(frames.textContent), row.id)] : []), codeword.timeline(episode));
    } catch (problem) {
      place.replaceChildren(h("p", { class: "bad" }, "The decisions cannot be unpacked: " + problem.message + ". A browser of 2023 or later can."));
    }
    place.dataset.state = "filled";
  };

  const filter = () => {
    const words = [...search.value.toLowerCase().matchAll(/"([^"]+)"|([^\s"]+)/g)].map((found) => found[1] || found[2]);
    let count = 0;
    for (const row of rows) {
      const text = row.dataset.text;
      const fits = words.every((word) => text.includes(word)) && picks.every((pick) => !pick.value || row.dataset[pick.id.slice(3)] === pick.value);
      row.hidden = !fits;
      count += fits;
    }
    const all = `${rows.length} episode${rows.length === 1 ? "" : "s"}`;
    shown.textContent = count === rows.length ? all : `${count} of ${all}`;
    for (const button of document.querySelectorAll("button[data-wrong]")) button.setAttribute("aria-pressed", String(button.dataset.wrong === document.getElementById("by-wrong").value));
  };

  const go = async () => {
    const id = decodeURIComponent(location.hash.slice(1)), row = rows.find((one) => id === one.id || id.startsWith(one.id + "-"));
    if (!row) return;
    row.hidden = false;
    row.open = true;
    await fill(row);
    const target = document.getElementById(id) || row;
    if (target.tagName === "DETAILS") target.open = true;
    target.scrollIntoView({ block: "start" });
    target.querySelector("summary").focus({ preventScroll: true });
  };

  for (const row of rows) {
    row.dataset.text = row.querySelector("summary").textContent.toLowerCase();
    row.addEventListener("toggle", () => row.open && fill(row));
    if (row.open) fill(row);
  }
  for (const control of [search, ...picks]) control.addEventListener("input", filter);
  for (const button of document.querySelectorAll("button[data-wrong]")) {
    button.addEventListener("click", () => {
      const pick = document.getElementById("by-wrong");
      pick.value = pick.value === button.dataset.wrong ? "" : button.dataset.wrong;
      filter();
    });
  }
  addEventListener("hashchange", go);
  codeword.keys(search);
  filter();
  go();
})();
