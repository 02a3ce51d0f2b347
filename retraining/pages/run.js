// The run under way, step by step. Each step's line stays, so that a screen reader and a selection keep theirs.
import { byId, duration, element, moment, reportOf } from "./dom.js";

let shown = "";

export function showRun(run) {
  byId("now").hidden = !run;
  byId("none").hidden = Boolean(run);
  document.title = run ? `${present(run)} · Retraining` : "Retraining";
  if (!run) return;
  const key = `${run.id} ${run.steps.map(step => step.name)}`;
  if (shown !== key) byId("steps").replaceChildren(...run.steps.map(line));
  shown = key;
  byId("now-title").textContent = `Run ${run.id} is under way`;
  byId("now-seconds").textContent = duration(run.seconds);
  byId("now-report").href = reportOf(run.id);
  byId("now-by").textContent = `Begun ${moment(run.begun_at)} by ${run.who} (${run.trigger})${run.why ? `: ${run.why}` : ""}`;
  run.steps.forEach((step, place) => update(byId("steps").children[place], step));
}

const present = run => run.steps.find(step => !["done", "to come"].includes(step.state))?.name ?? "under way";

function line(step) {
  const fill = element("i");
  return element("li", {},
    element("span", { class: "mark", "aria-hidden": "true" }),
    element("div", { class: "words" },
      element("p", { class: "name" }, element("b", {}, step.name), " ", element("span", { class: "state" })),
      element("p", { class: "meta" }, step.what),
      element("div", { class: "track", "aria-hidden": "true" }, fill),
      element("p", { class: "says" }),
      element("p", { class: "fault" })),
    element("span", { class: "num" }));
}

function update(item, step) {
  item.className = step.state.replace(" ", "-");
  const isNow = !["done", "to come"].includes(step.state);
  if (isNow) item.setAttribute("aria-current", "step");
  else item.removeAttribute("aria-current");
  item.querySelector(".state").textContent = isNow ? step.state : "";
  const track = item.querySelector(".track"), isKnown = step.share !== null;
  track.hidden = !isNow;
  track.classList.toggle("unsure", !isKnown);
  track.firstChild.style.width = isKnown ? `${100 * step.share}%` : "";
  put(item.querySelector(".says"), step.says);
  put(item.querySelector(".fault"), step.fault);
  put(item.querySelector(".num"), step.seconds === null ? "" : duration(step.seconds));
}

function put(place, text) {
  place.textContent = text ?? "";
  place.hidden = !text;
}
