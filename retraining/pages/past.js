// The runs that have ended, the newest first.
import { byId, duration, element, moment, reportOf } from "./dom.js";

let shown = "";

export function showPast({ ended, more }) {
  const key = JSON.stringify([ended.map(run => run.id), more]);
  if (shown === key) return;
  shown = key;
  byId("past").hidden = !ended.length;
  byId("runs").replaceChildren(...ended.map(item));
  byId("more").textContent = more ? `And ${more} before.` : "";
}

function item(run) {
  const version = run.version ? ` · candidate ${run.version}` : "";
  return element("li", { class: run.outcome },
    element("a", { href: reportOf(run.id) }, run.subject),
    element("p", { class: "reason" }, run.reason),
    element("p", { class: "meta" },
      `${moment(run.begun_at)} · ${duration(run.seconds)} · ${run.who} (${run.trigger})${version}`),
    element("span", { class: "pill" }, run.outcome.replaceAll("_", " ")));
}
