// One dashboard: build its panels, ask for their answers, keep them fresh.
import { startControls } from "./controls.js";
import { askJson, element } from "./dom.js";
import { DRAWN, drawText } from "./panels.js";
import { startTheme } from "./theme.js";

const uid = decodeURIComponent(location.pathname.split("/")[2]);
const api = `/api/dashboards/${encodeURIComponent(uid)}`;
const grid = document.getElementById("grid");
const state = document.getElementById("state");
const cards = [];
const visible = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) isIntersecting ? visible.add(target) : visible.delete(target);
}, { rootMargin: "200px" });

function place({ gridPos: { x, y, w, h } }) {
  return { "grid-column": `${x + 1} / span ${w}`, "grid-row": `${y + 1} / span ${h}`, "--height": h };
}

function addPanel(panel) {
  if (panel.type === "row") return grid.append(element("h2", { class: "row", style: place(panel) }, panel.title));
  const tip = element("span", { class: "info", tabindex: "0", role: "note", "aria-label": panel.description, "data-tip": panel.description }, "i");
  const body = element("div", { class: "body" });
  const card = element("section", { class: "panel", "data-panel-id": panel.id, "data-panel-type": panel.type, "data-state": "loading", "aria-label": panel.title, style: place(panel) }, element("h2", {}, panel.title, tip), body);
  grid.append(card);
  if (panel.type === "text") return finish(card, "drawn", () => drawText(body, panel));
  watcher.observe(card);
  return cards.push({ card, body, panel, answer: null });
}

function finish(card, outcome, draw) {
  draw();
  card.dataset.state = outcome;
}

function say(entry, outcome, words) {
  finish(entry.card, outcome, () => entry.body.replaceChildren(element("p", { class: "words" }, words)));
}

function draw(entry, marks) {
  const { card, body, panel, answer } = entry;
  const failed = answer.targets.find(({ error }) => error);
  const kind = DRAWN[panel.type];
  if (!kind) return say(entry, "error", `This page cannot draw panels of the kind “${panel.type}”.`);
  if (failed) return say(entry, "error", `Query ${failed.ref_id} failed: ${failed.error}.`);
  const answered = answer.targets.some(({ series }) => series.some(({ points }) => points.some(([, value]) => value !== null)));
  if (!answered) return say(entry, "empty", panel.fieldConfig?.defaults?.noValue ?? "Prometheus has no values for this panel in the chosen time.");
  return finish(card, "drawn", () => kind(body, panel, answer, marks));
}

async function refreshPanel(entry, query, marks) {
  try {
    entry.answer = await askJson(`${api}/panels/${entry.panel.id}?${query}`);
    draw(entry, marks);
  } catch (error) {
    entry.answer = null;
    say(entry, "error", `No answer: ${error.message}.`);
  }
  return entry.card.dataset.state !== "error";
}

async function askMarks(controls) {
  try {
    const marks = await askJson(`${api}/annotations?${controls.query()}`);
    return marks.filter(({ name }) => controls.shows(name));
  } catch {
    return []; // every panel says itself what failed
  }
}

let running = false;
let again = false;
let marks = [];

// All panels at first and after a change; later only what the reader can see.
async function refresh(controls, everything) {
  if (running) { again ||= everything; return; }
  running = true;
  marks = await askMarks(controls);
  const wanted = cards.filter(({ card, answer }) => everything || answer === null || visible.has(card));
  const good = await Promise.all(wanted.map((entry) => refreshPanel(entry, controls.query(), marks)));
  running = false;
  const failures = good.filter((fine) => !fine).length;
  state.className = failures ? "failed" : "";
  state.textContent = failures ? `${failures} panels failed at ${new Date().toLocaleTimeString()}` : `Updated ${new Date().toLocaleTimeString()}`;
  grid.removeAttribute("aria-busy");
  if (again) { again = false; refresh(controls, true); }
}

async function start() {
  const [dashboards, dashboard] = await Promise.all([askJson("/api/dashboards"), askJson(api)]);
  document.title = dashboard.title;
  document.getElementById("dashboards").append(...dashboards.map((one) =>
    element("a", { href: `/d/${encodeURIComponent(one.uid)}`, ...(one.uid === uid ? { "aria-current": "page" } : {}) }, one.title)));
  dashboard.panels.forEach(addPanel);
  const controls = startControls(dashboard, (everything) => refresh(controls, everything));
  const redraw = () => cards.forEach((entry) => entry.answer && draw(entry, marks));
  startTheme(redraw);
  let resized;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(redraw, 150); });
  refresh(controls, true);
}

start().catch((error) => {
  startTheme();
  grid.append(element("p", { class: "words", style: { "grid-column": "1 / -1" } }, `This dashboard cannot be shown: ${error.message}.`));
});
