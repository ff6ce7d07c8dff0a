"use strict";
// Everything is drawn already; this only chooses what is shown, reads out points and saves tables.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const screens = all(".screen");
  const links = all("nav a");
  const filters = document.getElementById("filters");
  const choices = all("select", filters);
  const said = document.getElementById("said");
  const tables = JSON.parse(document.getElementById("tables").textContent);
  document.documentElement.classList.add("scripted");

  // The address after # is the state: a screen with its filters, or a panel to go to.
  const state = () => {
    const [name, query] = location.hash.slice(1).split("?");
    return { target: document.getElementById(name), choice: new URLSearchParams(query) };
  };
  const show = () => {
    const { target, choice } = state();
    const current = (target && target.closest(".screen")) || screens[0];
    for (const screen of screens) screen.hidden = screen !== current;
    for (const link of links) {
      if (link.hash === "#" + current.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    for (const select of choices) {
      const wanted = choice.get(select.name) || "";
      select.value = [...select.options].some((o) => o.value === wanted) ? wanted : "";
    }
    if (current.classList.contains("filtered")) current.querySelector(".lead").after(filters);
    document.body.dataset.screen = current.id;
    for (const name of ["f", "c"]) hide(name, filters.elements[name].value);
    stretch(filters.elements.s.value === "own");
    if (target && target !== current) target.scrollIntoView({ block: "center" });
    else scrollTo(0, 0);
  };
  const hide = (name, value) => {
    for (const part of all(`.filtered [data-${name}]`)) {
      const off = value !== "" && part.dataset[name] !== value;
      part.classList.toggle("off-" + name, off);
    }
  };
  // Bars and lines rise from zero, so a scale of its own is a stretch from the base line.
  const stretch = (own) => {
    for (const row of all("[data-axes]")) {
      for (const svg of all(".panel svg", row)) {
        const base = svg.viewBox.baseVal.height - 13;
        const change = `translate(0 ${base}) scale(1 ${row.dataset.stretch}) translate(0 ${-base})`;
        svg.querySelector("use").setAttribute("href", "#" + (own ? row.dataset.axes : "axes-frames"));
        svg.querySelector("g").setAttribute("transform", own ? change : "");
      }
    }
  };
  const follow = () => {
    const choice = new URLSearchParams();
    for (const select of choices) {
      if (select.value) choice.set(select.name, select.value);
    }
    const screen = screens.find((s) => !s.hidden).id;
    const query = choice.toString();
    history.replaceState(null, "", "#" + screen + (query ? "?" + query : ""));
    show();
  };
  const say = (text) => {
    said.textContent = text;
    setTimeout(() => { said.textContent = ""; }, 4000);
  };
  filters.addEventListener("change", follow);
  document.getElementById("copy").addEventListener("click", () => {
    // there is no clipboard on a page that came over plain http
    const copied = navigator.clipboard?.writeText(location.href) ?? Promise.reject();
    copied.then(
      () => say("Link copied"),
      () => say("The link is in the address bar"),
    );
  });
  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const query = location.hash.split("?")[1];
      location.hash = link.hash.slice(1) + (query ? "?" + query : "");
    });
  }
  addEventListener("hashchange", show);

  // CSV by RFC 4180; a text that a spreadsheet would run as a formula gets an apostrophe.
  const field = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value !== "string") return String(value);
    const safe = /^[=+\-@\t\r\n]/.test(value) ? "'" + value : value;
    return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  const save = (name, rows) => {
    const text = rows.map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = name + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const rowsOf = ({ columns, data }) => {
    const plain = data.map((column) =>
      Array.isArray(column) ? column : column.at.map((place) => column.of[place]));
    const count = plain.length ? plain[0].length : 0;
    return [columns, ...Array.from({ length: count }, (_, i) => plain.map((c) => c[i]))];
  };
  const button = (text, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "save";
    made.textContent = text;
    made.addEventListener("click", action);
    return made;
  };
  for (const head of all("[data-table]")) {
    const name = head.dataset.table;
    const cell = document.createElement("td");
    cell.append(button("Save CSV", () => save(name, rowsOf(tables[name]))));
    head.parentNode.append(cell);
  }
  document.addEventListener("toggle", (event) => {
    const box = event.target;
    const table = box.open && !box.querySelector(".save") && box.querySelector("table");
    if (!table) return;
    const name = box.parentNode.id || box.querySelector("summary").textContent;
    const cells = () => [...table.rows].map((row) => [...row.cells].map((c) => c.textContent));
    box.append(button("Save CSV", () => save(name, cells())));
  }, true);

  // Reading out a point: the figures stand in the panel's own table, which is the way by keyboard.
  const caption = (panel) => panel.querySelector(".now");
  const rest = (panel) => {
    const now = caption(panel);
    if (now.dataset.rest !== undefined) now.textContent = now.dataset.rest;
    const cursor = panel.querySelector(".cursor");
    if (cursor) cursor.remove();
  };
  const read = (panel, event) => {
    const svg = panel.querySelector("svg");
    const rows = panel.querySelector("tbody").rows;
    const { left, right, periods } = document.body.dataset;
    const box = svg.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const place = Math.floor((at - left) / (right - left) * periods);
    const row = rows[place - (periods - rows.length)];
    rest(panel);
    if (!row || place < 0 || place >= periods) return;
    const [when, share, interval] = [...row.cells].map((cell) => cell.textContent);
    const note = row.cells[row.cells.length - 1].textContent;
    const now = caption(panel);
    now.dataset.rest ??= now.textContent;
    now.textContent = `${when}: ` + (interval === "–" ? note : `${share} (${interval})`);
    const x = +left + (place + 0.5) * (right - left) / periods;
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("class", "cursor");
    line.setAttribute("d", `M${x} 11V${svg.viewBox.baseVal.height - 13}`);
    svg.append(line);
  };
  for (const panel of all(".panel")) {
    const svg = panel.querySelector("svg");
    svg.addEventListener("pointermove", (event) => read(panel, event));
    svg.addEventListener("pointerleave", () => rest(panel));
  }
  show();
})();
