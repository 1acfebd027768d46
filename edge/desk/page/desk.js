"use strict";
// The page of the duty room. Whatever comes from outside is put in as text, never as HTML.

const SILENT_MS = 40000; // the desk says something at least each 15 s
const LATE_MS = 15000; // for a terminal to answer a command
const BEEP_MS = 2000;
const NEW_SCREAM_HZ = [880, 660];

let words = {}, me = {}, picture = null, ahead_ms = 0, heard_ms = Date.now(), lost_ms = null;
let worker = null, called = [];
let tab = "alerts", sound = null, beeped_ms = 0, closing = null, plan = null, hanging = "";
const asked = new Map(); // id of a command -> when
const moving = new Map(); // terminal that is moved by keys -> where it is meanwhile, and the timer that will say so
const seen = new Set(); // alerts that were notified

const $ = (id) => document.getElementById(id);
const now = () => Date.now() + ahead_ms; // by the desk's clock
const key = (alert) => alert.terminal + " " + alert.id;

function t(name, facts = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, fact) => (fact in facts ? String(facts[fact]) : whole));
}

function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const label = (name) => (words["label_" + name] ? t("label_" + name) : name);
const clock = (ms) => new Date(ms).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
const time = (ms) => (now() - ms < 20 * 3600e3 ? clock(ms) : new Date(ms).toLocaleDateString(document.documentElement.lang) + " " + clock(ms));

function ago(ms) {
  const s = Math.max(0, Math.round((now() - ms) / 1000));
  if (s < 120) return t("seconds_ago", { n: s });
  if (s < 7200) return t("minutes_ago", { n: Math.round(s / 60) });
  return s < 172800 ? t("hours_ago", { n: Math.round(s / 3600) }) : t("days_ago", { n: Math.round(s / 86400) });
}

function say(sentence) {
  $("toast").textContent = sentence;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("toast").textContent = ""; }, 6000);
}

const fault = (name) => (words["fault_" + name] ? t("fault_" + name) : name);
const reason = (name) => (words["reason_" + name] ? t("reason_" + name) : name);

async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json", "x-csrf": me.csrf }, body: JSON.stringify(body) });
    const told = await answer.json();
    if (answer.status === 401) location.href = "/login";
    else if (!answer.ok) say(t("not_done", { reason: reason(told.reason) }));
    else return told;
  } catch { say(t("not_done", { reason: t("reason_desk_away") })); }
  return null;
}

async function wish(verb, terminal, more = {}) {
  const told = await post("/wish", { verb, terminal, ...more });
  if (told && verb !== "arrive") asked.set(told.id, Date.now());
  return told;
}

function answers() {
  for (const [id, since] of asked) {
    const answer = picture.answers[id];
    if (answer) {
      say(!answer.ok ? t("refused", { reason: reason(answer.reason) }) : answer.by ? t("taken_by", { who: answer.by }) : answer.reason ? reason(answer.reason) : t("done"));
      asked.delete(id);
    } else if (Date.now() - since > LATE_MS) {
      say(t("no_answer"));
      asked.delete(id);
    }
  }
}

// Redrawn only where something has changed, so that a focus, a selection and what is being typed stay.
function draw(place, stamp, make) {
  const text = JSON.stringify(stamp);
  if (place.dataset.stamp === text) return;
  place.dataset.stamp = text;
  const focused = document.activeElement && place.contains(document.activeElement) ? document.activeElement.dataset.is : null;
  const values = new Map([...place.querySelectorAll("input, select")].map((field) => [field.dataset.is, field.value]));
  place.replaceChildren(...make());
  for (const field of place.querySelectorAll("input, select")) if (values.has(field.dataset.is)) field.value = values.get(field.dataset.is);
  if (focused) [...place.querySelectorAll("[data-is]")].find((one) => one.dataset.is === focused)?.focus();
}

function trace(points) {
  if (points.length < 2) return null;
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const at = (x) => ((x + 5) * 10).toFixed(1);
  const line = (cls, values) => {
    const made = document.createElementNS(ns, "polyline");
    made.setAttribute("class", cls);
    made.setAttribute("points", values.map(([x, y]) => at(x) + "," + (48 - 46 * Math.min(1, Math.max(0, y))).toFixed(1)).join(" "));
    svg.append(made);
  };
  svg.setAttribute("class", "trace");
  svg.setAttribute("viewBox", "0 0 100 50");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", t("trace"));
  const onset = document.createElementNS(ns, "line");
  for (const [name, value] of [["class", "onset"], ["x1", 50], ["x2", 50], ["y1", 0], ["y2", 50]]) onset.setAttribute(name, value);
  svg.append(onset);
  line("level", points.filter((p) => p[2] !== null).map((p) => [p[0], (p[2] - 30) / 80])); // 30 to 110 dBA
  line("score", points.map((p) => [p[0], p[1]]));
  return svg;
}

function closeForm(alert) {
  const verdict = el("select", { "aria-label": t("verdict"), "data-is": "verdict " + key(alert) });
  for (const one of ["real", "false", "prank", "drill", "none"]) verdict.append(el("option", { value: one, selected: alert.drill ? one === "drill" : one === "real" }, t("verdict_" + one)));
  const word = el("input", { maxlength: 500, placeholder: t("word"), "aria-label": t("word"), "data-is": "word " + key(alert) });
  return el("form", { class: "row", onsubmit: async (event) => {
    event.preventDefault();
    // What was not taken, as while the broker is away, can be sent again as it stands.
    if (await wish("close", alert.terminal, { alert: alert.id, verdict: verdict.value, word: word.value }) && closing === key(alert)) closing = null;
    show();
  } }, el("span", {}, t("verdict")), verdict, word, el("button", { "data-is": "send " + key(alert) }, t("close")),
  el("button", { type: "button", "data-is": "cancel " + key(alert), onclick: () => { closing = null; show(); } }, t("cancel")));
}

function alertCard(alert) {
  const facts = [t("state_" + alert.state)];
  if (alert.lowered) facts.push(t("lowered"));
  if (alert.level_dba !== null) facts.push(t("level") + " " + alert.level_dba.toFixed(0) + " dBA");
  if (alert.score !== null) facts.push(t("score") + " " + alert.score.toFixed(2));
  if (alert.repeat > 0) facts.push(t("said_times", { n: alert.repeat + 1 }));
  if (alert.count > 1) facts.push(t("stands_for", { n: alert.count }));
  if (alert.by && alert.open) facts.push(t("taken_by", { who: alert.by }));
  if (alert.arrived_ms) facts.push(t("is_there"));
  if (alert.verdict) facts.push(t("verdict_" + alert.verdict));
  if (alert.word) facts.push(alert.word);
  const buttons = el("div", { class: "row" });
  if (alert.waiting) buttons.append(el("button", { class: "main", "data-is": "go " + key(alert), onclick: () => wish("acknowledge", alert.terminal, { alert: alert.id }) }, t("going")));
  if (alert.state === "acknowledged" && !alert.arrived_ms) buttons.append(el("button", { "data-is": "there " + key(alert), onclick: () => wish("arrive", alert.terminal, { alert: alert.id }) }, t("arrived")));
  if (alert.open && closing !== key(alert)) buttons.append(el("button", { "data-is": "close " + key(alert), onclick: () => { closing = key(alert); show(); } }, t("close")));
  return el("article", { class: "alert" + (alert.calls ? " waiting" : alert.open ? "" : " closed"), "data-alert": alert.id },
    el("div", { class: "place" }, alert.place),
    el("div", { class: "what" }, label(alert.label), alert.phrase ? " “" + alert.phrase + "”" : "", alert.drill ? " (" + t("drill") + ")" : "", " · ",
      el("span", { class: "since", "data-since": alert.began_ms }, ago(alert.began_ms))),
    el("div", { class: "facts" }, facts.join(" · ")),
    alert.open ? trace(alert.trace) : null,
    alert.open ? buttons : null,
    alert.open && closing === key(alert) ? closeForm(alert) : null);
}

function toldLines() {
  const places = new Map(picture.terminals.map((one) => [one.name, one.place || one.name]));
  const where = (one) => places.get(one.terminal) ?? one.terminal;
  return picture.tries.map((one) => el("p", { class: one.failed ? "bad" : "" }, !one.whom ? t("told_nobody", { time: time(one.at_ms), place: where(one) }) : one.failed
    ? t("told_failed", { time: time(one.at_ms), whom: one.whom, n: one.number, reason: one.failed })
    : t("told_sent", { time: time(one.at_ms), whom: one.whom, place: where(one) })));
}

function alerts() {
  draw($("alerts"), [picture.alerts, picture.tries, closing, words.title], () => {
    const open = picture.alerts.filter((alert) => alert.open), closed = picture.alerts.filter((alert) => !alert.open);
    return [
      ...(open.length ? open.map(alertCard) : [el("p", { class: "good" }, t("no_alerts"))]),
      ...(picture.tries.length ? [el("h2", {}, t("told")), ...toldLines()] : []),
      ...(closed.length ? [el("h2", {}, t("closed_before")), ...closed.map(alertCard)] : []),
    ];
  });
}

const BAD = { never_seen: "bad", offline: "bad", deaf: "bad", stale: "odd", warm: "odd", faulty: "odd", muted: "odd", fine: "good" };

// Of a terminal that is away nobody knows how it is now; what it said last is told with its time, or not at all.
const was = (one, told) => told.length && one.told_ms !== null ? [t("it_was", { time: time(one.told_ms), what: told.join(", ") })] : [];

function terminalRow(one) {
  const lines = [el("div", {}, el("strong", {}, one.place || one.name), one.place ? " · " + one.name : "")];
  const is = [
    one.faults.map(fault).join(", "), one.l50_dba === null ? "" : one.l50_dba.toFixed(0) + " dBA",
    one.temperature_c === null ? "" : one.temperature_c.toFixed(0) + " °C",
  ].filter(Boolean);
  lines.push(el("div", { class: "facts" }, [
    one.condition === "fine" ? "" : t("since", { time: time(one.since_ms) }), ...(one.away ? was(one, is) : is), one.version,
    ...Object.entries(one.mutes).filter(([, until]) => until > now()).map(([name, until]) => t("muted_until", { label: label(name), time: time(until) })),
  ].filter(Boolean).join(" · ")));
  if (me.role !== "duty") {
    const row = el("div", { class: "row" });
    const which = el("select", { "data-is": "label " + one.name, "aria-label": one.name });
    for (const name of one.labels.length ? one.labels : ["help"]) which.append(el("option", { value: name }, label(name)));
    for (const [word, verb, more] of [["mute", "mute", { seconds: 600 }], ["unmute", "unmute", {}], ["drill_now", "drill", {}]]) {
      row.append(el("button", { "data-is": verb + " " + one.name, onclick: () => wish(verb, one.name, { label: which.value, ...more }) }, t(word)));
    }
    row.prepend(which);
    lines.push(row);
  }
  return el("div", { class: "terminal" }, el("div", { class: "condition " + BAD[one.condition] }, t("condition_" + one.condition)), ...lines);
}

function terminals() {
  draw($("terminals"), [picture.terminals, picture.silent_today, words.title], () => {
    const silent = picture.silent_today, all = picture.terminals;
    if (!all.length) return [el("p", {}, t("no_terminals"))];
    const line = silent.length ? t("not_heard", { n: silent.length, all: all.length, names: silent.join(", ") }) : t("all_heard", { n: all.length });
    return [el("p", { class: silent.length ? "bad" : "good" }, line), ...all.map(terminalRow)];
  });
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 0.01, LONG_STEP = 0.05; // of the plan's width and height
const SETTLED_MS = 400; // after the last key: one wish for a walk of many steps

async function hang(name, spot) {
  if (!await post("/hang", { terminal: name, ...spot })) return;
  const one = picture.terminals.find((terminal) => terminal.name === name);
  if (one) one.spot = spot;
}

function moved(event, name, from) {
  const way = WAYS[event.key];
  if (!way) return;
  event.preventDefault();
  const step = event.shiftKey ? LONG_STEP : STEP;
  const along = (value, sign) => Math.round(Math.min(1, Math.max(0, value + sign * step)) * 1000) / 1000;
  const before = moving.get(name);
  const spot = { ...(before?.spot ?? from) };
  spot.x = along(spot.x, way[0]);
  spot.y = along(spot.y, way[1]);
  clearTimeout(before?.timer);
  moving.set(name, { spot, timer: setTimeout(async () => { await hang(name, spot); if (moving.get(name)?.spot === spot) moving.delete(name); show(); }, SETTLED_MS) });
  show();
}

function spotMark(name, place, spot, look, may_move) {
  const made = may_move
    ? el("button", { class: "spot " + look, "data-is": "spot " + name, "aria-description": t("plan_keys"), onkeydown: (event) => moved(event, name, spot) }, place || name)
    : el("span", { class: "spot " + look }, place || name);
  made.style.left = spot.x * 100 + "%";
  made.style.top = spot.y * 100 + "%";
  return made;
}

function plans() {
  if (!picture.plans.includes(plan)) plan = picture.plans[0] ?? null;
  const may_move = me.role !== "duty";
  const alarmed = new Set(picture.alerts.filter((alert) => alert.open).map((alert) => alert.terminal));
  const spots = picture.terminals.map((one) => [one.name, one.place, moving.get(one.name)?.spot ?? one.spot, alarmed.has(one.name) ? "bad" : BAD[one.condition]])
    .filter(([, , spot]) => spot && spot.plan === plan);
  draw($("plan"), [plan, picture.plans, spots, hanging, picture.terminals.map((one) => one.name), words.title], () => {
    if (!plan) return [el("p", {}, t("no_plans"))];
    const names = el("div", { class: "row" }, ...picture.plans.map((name) => el("button", { "aria-pressed": String(name === plan), "data-is": "plan " + name, onclick: () => { plan = name; show(); } }, name)));
    if (may_move) {
      const which = el("select", { "data-is": "hang", "aria-label": t("put"), onchange: (event) => { hanging = event.target.value; show(); } }, el("option", { value: "" }, t("put")));
      for (const one of picture.terminals) which.append(el("option", { value: one.name }, one.place || one.name));
      names.append(which, el("button", { "data-is": "middle", disabled: !hanging, onclick: () => hang(hanging, { plan, x: 0.5, y: 0.5 }) }, t("put_middle")));
    }
    const floor = el("div", { class: "floor", onclick: (event) => {
      if (!hanging || event.target.tagName === "BUTTON") return;
      const box = floor.getBoundingClientRect();
      hang(hanging, { plan, x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
    } }, el("img", {
      src: "/plan/" + encodeURIComponent(plan), alt: plan, onerror: (event) => event.target.replaceWith(el("p", { class: "bad" }, t("plan_broken"))),
    }));
    floor.append(...spots.map(([name, place, spot, look]) => spotMark(name, place, spot, look, may_move)));
    return [names, floor, may_move ? el("p", { class: "facts" }, t("plan_keys")) : null].filter(Boolean);
  });
}

function troubles() {
  const told = [];
  if (lost_ms) told.push(t("desk_away", { time: clock(lost_ms + ahead_ms) }));
  else if (picture.broker !== null) told.push(t("broker_away", { time: time(picture.broker_since_ms) }));
  if (picture.store !== null) told.push(t("store_refuses"));
  draw($("troubles"), told, () => told.map((sentence) => el("p", {}, sentence)));
}

function frame() {
  const waiting = picture.alerts.filter((alert) => alert.waiting).length;
  const bad = picture.terminals.filter((one) => BAD[one.condition] === "bad").length;
  document.title = (waiting ? "(" + waiting + ") " : "") + t("title");
  draw($("tabs"), [tab, waiting, bad, words.title], () => [["alerts", waiting], ["terminals", bad], ["plan", 0]].map(([name, n]) =>
    el("button", { role: "tab", id: "tab-" + name, "aria-controls": name, "aria-selected": String(tab === name), "data-is": "tab " + name, onclick: () => { tab = name; show(); } }, t(name) + (n ? " (" + n + ")" : ""))));
  draw($("tools"), [Boolean(sound), me.name, words.title], () => [
    el("button", { "data-is": "sound", "aria-pressed": String(Boolean(sound)), onclick: switchSound }, t(sound ? "sound_off" : "sound_on")),
    ...me.papers.map((name) => el("a", { class: "button", href: "/" + name, "data-is": name }, t(name))),
    el("a", { href: "/?lang=" + (me.language === "zh" ? "en" : "zh") }, me.language === "zh" ? "English" : "中文"),
    el("span", {}, me.name),
    el("button", { "data-is": "out", onclick: async () => { await post("/logout", {}); location.href = "/login"; } }, t("log_out")),
  ]);
  for (const name of ["alerts", "terminals", "plan"]) $(name).hidden = name !== tab;
}

function show() {
  if (!picture) return;
  $("title").textContent = t("title") + " · " + picture.site;
  frame(); troubles(); alerts(); terminals(); plans(); answers(); call();
}

// Browsers let a page make sound only after somebody has touched it.
function switchSound() {
  if (sound) { sound.close(); sound = null; } else {
    sound = new AudioContext();
    beep();
    if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
  }
  show();
}

function beep() {
  if (!sound) return;
  NEW_SCREAM_HZ.forEach((hz, i) => {
    const tone = sound.createOscillator(), loud = sound.createGain();
    tone.frequency.value = hz;
    loud.gain.value = 0.3;
    tone.connect(loud).connect(sound.destination);
    tone.start(sound.currentTime + i * 0.25);
    tone.stop(sound.currentTime + i * 0.25 + 0.2);
  });
}

async function notify(alert) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const title = t("alert_there", { label: label(alert.label), place: alert.place }), more = { tag: alert.id, requireInteraction: true };
  try { await worker.showNotification(title, more); } catch {
    try { new Notification(title, more); } catch { /* a phone without a worker shows none; the sound remains */ }
  }
}

function call() {
  const waiting = picture.alerts.filter((alert) => alert.calls);
  for (const alert of waiting) {
    if (seen.has(key(alert))) continue;
    seen.add(key(alert));
    if (seen.size > 1000) seen.delete(seen.values().next().value);
    tab = "alerts";
    frame();
    notify(alert);
  }
  const tags = waiting.map((alert) => alert.id);
  const over = called.some((tag) => !tags.includes(tag));
  called = tags;
  if (worker && over) { // not while one is about to be shown: Chromium would forget that one
    worker.getNotifications().then((shown) => shown.filter((one) => !tags.includes(one.tag)).forEach((one) => one.close()));
  }
  if (waiting.length && Date.now() - beeped_ms > BEEP_MS) { beeped_ms = Date.now(); beep(); }
}

function each_second() {
  for (const since of document.querySelectorAll("[data-since]")) since.textContent = ago(Number(since.dataset.since));
  if (Date.now() - heard_ms > SILENT_MS && !lost_ms) { lost_ms = heard_ms; listen(); }
  show();
}

function listen() {
  listen.stream?.close();
  clearTimeout(listen.again);
  const stream = listen.stream = new EventSource("/stream");
  stream.onmessage = (event) => {
    picture = JSON.parse(event.data);
    ahead_ms = picture.now_ms - Date.now();
    heard_ms = Date.now();
    lost_ms = null;
    show();
  };
  stream.onerror = () => {
    lost_ms ??= Date.now();
    show();
    stream.close();
    clearTimeout(listen.again);
    listen.again = setTimeout(async () => {
      try { if ((await fetch("/me.json")).status === 401) { location.href = "/login"; return; } } catch { /* the desk is away */ }
      listen();
    }, 2000);
  };
}

async function begin() {
  words = await (await fetch("/words.json")).json();
  me = await (await fetch("/me.json")).json();
  navigator.serviceWorker?.register("/static/worker.js").then((found) => { worker = found; }, () => { /* no TLS, or a certificate that is not trusted */ });
  listen();
  setInterval(each_second, 1000);
}

begin();
