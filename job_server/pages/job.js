// The job that is looked at: its state, its bar, its figures.
import { byId, clock, count, day, duration, element, inputs, percent } from "./dom.js";
import { hasEnded } from "./watch.js";

const STATES = { queued: "Waiting for a worker", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" };

export function showJob(job) {
  byId("job").hidden = false;
  const state = STATES[job.state] ?? job.state;
  if (byId("state").textContent !== state) byId("state").textContent = state;
  byId("model").textContent = job.version ? `${job.model}, version ${job.version}` : `${job.model}, the latest version`;
  byId("cancel").hidden = hasEnded(job);
  byId("cancel").disabled = false;
  showBar(job);
  byId("done").replaceChildren(count(job.done), " ", element("small", {}, `of ${count(job.total)}`));
  byId("failed").textContent = count(job.failed);
  byId("failed").parentElement.classList.toggle("bad", job.failed > 0);
  byId("rate").textContent = job.inputs_per_second === null ? "–" : count(job.inputs_per_second);
  showWhen(job);
  for (const form of ["jsonl", "csv"]) byId(`as-${form}`).href = `/jobs/${job.id}/results?format=${form}`;
  document.title = hasEnded(job) ? `${state} · Predictions` : `${percent(job.done / job.total)} · Predictions`;
}

function showBar(job) {
  const bar = byId("job-bar"), [answered, failed] = bar.children;
  answered.style.width = `${(100 * (job.done - job.failed)) / job.total}%`;
  failed.style.width = `${(100 * job.failed) / job.total}%`;
  bar.setAttribute("aria-valuemax", job.total);
  bar.setAttribute("aria-valuenow", job.done);
  bar.setAttribute("aria-valuetext", `${count(job.done)} of ${inputs(job.total)}, ${count(job.failed)} failed`);
}

function showWhen(job) {
  if (hasEnded(job)) {
    byId("when-name").textContent = "Handed in";
    byId("when").textContent = day(job.created_at);
    return;
  }
  byId("when-name").textContent = "Expected end";
  const left = job.inputs_per_second ? (job.total - job.done) / job.inputs_per_second : null;
  if (job.expected_end === null || left === null) byId("when").textContent = "–";
  else byId("when").replaceChildren(clock(job.expected_end), " ", element("small", {}, `in ${duration(left)}`));
}

export function hideJob() {
  byId("job").hidden = true;
  document.title = "Predictions";
}
