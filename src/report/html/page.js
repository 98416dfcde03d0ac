"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 100, PRINTED = 500;
  // Columns of a row, as html/data.rs writes them.
  const VERDICT = 0, SUBJECT = 1, NOT_AFTER = 2, DAYS = 3, FINDINGS = 4, INHERITED = 5, PATH = 6, THUMBPRINT = 7,
    SHA256 = 8, SOURCE = 9, REQUEST = 10;
  const VERDICTS = ["pass", "warn", "fail"];
  const SIGNS = { pass: "\u2713 pass", warn: "! warn", fail: "\u2717 fail" };
  const columns = {
    verdict: { of: (row) => row[VERDICT], first: -1 },
    subject: { of: (row) => row[SUBJECT].toLowerCase(), first: 1 },
    notAfter: { of: (row) => (row[DAYS] === null ? -Infinity : row[DAYS]), first: 1 },
    findings: { of: (row) => row[FINDINGS].length + row[INHERITED].length, first: -1 },
    thumbprint: { of: (row) => row[THUMBPRINT], first: 1 },
    source: { of: (row) => row[SOURCE] + " " + row[REQUEST], first: 1 },
  };
  const byId = (id) => document.getElementById(id);
  const body = byId("rows"), status = byId("status"), query = byId("query"), verdict = byId("verdict"),
    finding = byId("finding"), previous = byId("previous"), next = byId("next");

  const texts = data.rows.map((row) => [
    row[SUBJECT], row[THUMBPRINT], row[SHA256], row[SOURCE], row[REQUEST],
    ...row[FINDINGS].map((index) => data.findings[index].id), ...row[INHERITED].map((index) => data.codes[index].id),
  ].join("\n").toLowerCase());
  const serial = typeof Intl === "object" ? new Intl.NumberFormat("en") : { format: String };

  const state = { q: "", verdict: "", finding: "", sort: "verdict", dir: -1, page: 0 };
  let shown = [];
  const open = new Set();

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  const readHash = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    state.q = wanted.get("q") || "";
    state.verdict = VERDICTS.includes(wanted.get("verdict")) ? wanted.get("verdict") : "";
    state.finding = wanted.get("finding") || "";
    state.sort = Object.hasOwn(columns, wanted.get("sort") || "") ? wanted.get("sort") : "verdict";
    const dir = wanted.get("dir");
    state.dir = dir === "asc" ? 1 : dir === "desc" ? -1 : columns[state.sort].first;
    state.page = Math.max(0, (parseInt(wanted.get("page"), 10) || 1) - 1);
    query.value = state.q;
    verdict.value = state.verdict;
    finding.value = state.finding;
    if (finding.value !== state.finding) finding.value = state.finding = "";
  };

  const writeHash = () => {
    const wanted = new URLSearchParams();
    if (state.q) wanted.set("q", state.q);
    if (state.verdict) wanted.set("verdict", state.verdict);
    if (state.finding) wanted.set("finding", state.finding);
    if (state.sort !== "verdict" || state.dir !== -1) {
      wanted.set("sort", state.sort);
      wanted.set("dir", state.dir > 0 ? "asc" : "desc");
    }
    if (state.page) wanted.set("page", String(state.page + 1));
    const hash = wanted.toString();
    // Opened from a file, some browsers refuse to change the address: the table works without it.
    try { history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search); } catch { /* no matter */ }
  };

  const select = () => {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [];
    for (let index = 0; index < data.rows.length; index++) {
      const row = data.rows[index];
      if (state.verdict && VERDICTS[row[VERDICT]] !== state.verdict) continue;
      if (state.finding
        && !row[FINDINGS].some((one) => data.findings[one].id === state.finding)
        && !row[INHERITED].some((one) => data.codes[one].id === state.finding)) continue;
      if (words.length && !words.every((word) => texts[index].includes(word))) continue;
      shown.push(index);
    }
    const of = columns[state.sort].of, dir = state.dir;
    const keys = new Map(shown.map((index) => [index, of(data.rows[index])]));
    shown.sort((one, two) => {
      const a = keys.get(one), b = keys.get(two);
      if (a < b) return -dir;
      if (a > b) return dir;
      return one - two;
    });
  };

  const names = (row) => [
    ...row[FINDINGS].map((index) => [data.findings[index].id, data.findings[index].severity]),
    ...row[INHERITED].map((index) => [data.codes[index].id, "inherited"]),
  ];

  const line = (index) => {
    const row = data.rows[index], name = VERDICTS[row[VERDICT]];
    const tr = element("tr");
    const first = element("td");
    first.append(element("span", SIGNS[name], "badge " + name));
    const subject = element("td", undefined, "subject");
    const button = element("button", row[SUBJECT] || "(no name)");
    button.type = "button";
    button.dataset.row = String(index);
    button.setAttribute("aria-expanded", String(open.has(index)));
    subject.append(button);
    const found = element("td");
    for (const [id, severity] of names(row)) {
      if (found.childNodes.length) found.append(", ");
      found.append(element("span", severity === "inherited" ? id + " (CA)" : id,
        severity === "error" ? "fail-text" : severity === "warning" ? "warn-text" : "faint"));
    }
    const days = element("td", row[DAYS] === null ? "" : serial.format(row[DAYS]), "number");
    days.dataset.label = "days:";
    tr.append(first, subject, element("td", row[NOT_AFTER].slice(0, 10), "date"), days, found,
      element("td", row[THUMBPRINT], "hex optional"),
      element("td", row[REQUEST] ? row[SOURCE] + ", request " + row[REQUEST] : row[SOURCE], "optional"));
    return tr;
  };

  const details = (index) => {
    const row = data.rows[index], tr = element("tr", undefined, "details"), td = element("td"), list = element("dl");
    td.colSpan = 7;
    const add = (term, text, className) => list.append(element("dt", term), element("dd", text, className));
    for (const one of row[FINDINGS]) {
      const { code, severity, message } = data.findings[one];
      add(code + " " + severity, message);
    }
    for (const one of row[INHERITED]) add(data.codes[one].code + " of a CA above", data.codes[one].title);
    add("path", [row[SUBJECT], ...data.paths[row[PATH]].map((issuer) => data.issuers[issuer])].join(" \u2190 "));
    add("valid to", row[NOT_AFTER] || "no date");
    add("thumbprint", row[THUMBPRINT], "hex");
    add("SHA-256", row[SHA256], "hex");
    if (row[SOURCE]) add("found in", row[SOURCE]);
    td.append(list);
    tr.append(td);
    return tr;
  };

  const draw = (from, to) => {
    const lines = document.createDocumentFragment();
    for (const index of shown.slice(from, to)) {
      lines.append(line(index));
      if (open.has(index)) lines.append(details(index));
    }
    body.replaceChildren(lines);
  };

  const render = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    state.page = Math.min(state.page, pages - 1);
    const from = state.page * PAGE, to = Math.min(from + PAGE, shown.length);
    draw(from, to);
    const all = serial.format(data.rows.length);
    status.textContent = shown.length === 0
      ? "None of " + all + " certificates matches."
      : serial.format(from + 1) + "\u2013" + serial.format(to) + " of " + serial.format(shown.length)
        + (shown.length === data.rows.length ? " certificates" : " that match, of " + all + " certificates");
    previous.disabled = state.page === 0;
    next.disabled = state.page + 1 >= pages;
    for (const th of document.querySelectorAll("th[data-sort]")) {
      const active = th.dataset.sort === state.sort;
      th.setAttribute("aria-sort", active ? (state.dir > 0 ? "ascending" : "descending") : "none");
    }
  };

  const update = (change) => {
    Object.assign(state, { page: 0 }, change);
    select();
    render();
    writeHash();
  };

  let waiting;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => update({ q: query.value }), 120);
  });
  verdict.addEventListener("change", () => update({ verdict: verdict.value }));
  finding.addEventListener("change", () => update({ finding: finding.value }));
  byId("reset").addEventListener("click", () => {
    query.value = verdict.value = finding.value = "";
    update({ q: "", verdict: "", finding: "" });
  });
  previous.addEventListener("click", () => update({ page: state.page - 1 }));
  next.addEventListener("click", () => update({ page: state.page + 1 }));
  for (const th of document.querySelectorAll("th[data-sort]")) {
    th.querySelector("button").addEventListener("click", () => {
      const sort = th.dataset.sort;
      update({ sort, dir: sort === state.sort ? -state.dir : columns[sort].first });
    });
  }
  body.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-row]");
    if (!button) return;
    const index = Number(button.dataset.row);
    if (!open.delete(index)) open.add(index);
    render();
    body.querySelector('button[data-row="' + index + '"]').focus();
  });
  addEventListener("hashchange", () => {
    // A link within the page changes no filter.
    if (location.hash && !location.hash.includes("=")) return;
    readHash();
    select();
    render();
    byId("certificates").scrollIntoView();
  });
  addEventListener("beforeprint", () => {
    draw(0, PRINTED);
    if (shown.length > PRINTED) status.textContent = "The first " + serial.format(PRINTED) + " of " + serial.format(shown.length);
  });
  addEventListener("afterprint", render);

  readHash();
  select();
  render();
  byId("controls").hidden = byId("pager").hidden = false;
})();
