// The jobs that there are, the newest first.
import { byId, count, day, element } from "./dom.js";
import { askJson } from "./refusal.js";

const SHOWN = 10;
let all = false;

export async function showPast() {
  const jobs = await askJson("/jobs").catch(() => null);
  if (!jobs) return;
  byId("past").hidden = !jobs.length;
  byId("past-rows").replaceChildren(...(all ? jobs : jobs.slice(0, SHOWN)).map(row));
  byId("past-all").textContent = `Show all ${count(jobs.length)}`;
  byId("past-all").hidden = all || jobs.length <= SHOWN;
  markShown();
}

function row(job) {
  const model = job.version ? `${job.model}, version ${job.version}` : job.model;
  const link = element("a", { href: `#${job.id}` }, day(job.created_at));
  return element("tr", { "data-job": job.id },
    element("td", {}, link, element("span", { class: "meta" }, model)), ...progress(job));
}

const progress = job => [
  element("td", {}, element("span", { class: `pill ${job.state}` }, job.state)),
  element("td", { class: "num" }, count(job.total)),
  element("td", { class: "num" }, count(job.failed)),
];

export function updatePast(job) {  // the cells behind the link, which may have the focus
  const row = [...byId("past-rows").children].find(one => one.dataset.job === job.id);
  if (row) progress(job).forEach((cell, place) => row.children[place + 1].replaceWith(cell));
}

function markShown() {
  for (const one of byId("past-rows").children) {
    if (one.dataset.job === location.hash.slice(1)) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
}

byId("past-all").addEventListener("click", () => {
  all = true;
  showPast();
});
