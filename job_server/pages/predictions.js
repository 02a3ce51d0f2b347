// The page: files become a job, the address names the job that is looked at.
import { byId } from "./dom.js";
import { showCharts } from "./charts.js";
import { droppedFiles, named } from "./dropped.js";
import { hideJob, showJob } from "./job.js";
import { showPast, updatePast } from "./past.js";
import { askJson, hideRefusal, Refusal, showRefusal } from "./refusal.js";
import { summaries } from "./summaries.js";
import { upload } from "./upload.js";
import { hasEnded, watch } from "./watch.js";

const AWAY = "The job server does not answer. What it has taken goes on; this page asks again by itself.";
let busy = false;
let leave = () => {};
const shownId = () => encodeURIComponent(location.hash.slice(1));

async function handIn(files) {
  if (!files.length || busy) return;
  busy = true;
  hideRefusal();
  try {
    location.hash = (await upload(files)).id;
  } catch (refusal) {
    if (refusal instanceof Refusal) showRefusal(refusal, () => handIn(files));
    else if (refusal) throw refusal;
  } finally {
    busy = false;
  }
}

function look() {
  leave();
  leave = () => {};
  hideJob();
  hideRefusal();
  byId("away").textContent = "";
  byId("charts").replaceChildren();
  const id = shownId();
  if (id) follow(id);
  showPast();
}

function follow(id) {
  let done = 0, wasOpen = false;
  const summed = summaries(id, showCharts);
  const close = watch(id, {
    show(job) {
      const ended = hasEnded(job);
      byId("away").textContent = "";
      showJob(job);
      updatePast(job);
      if (job.done > done || ended) summed.refresh(ended);
      if (ended && wasOpen) showPast();
      done = job.done;
      wasOpen = !ended;
    },
    away() { byId("away").textContent = AWAY; },
    gone(refusal) {
      byId("away").textContent = "";
      showRefusal(refusal);
    },
  });
  leave = () => { close(); summed.close(); };
}

byId("cancel").addEventListener("click", async () => {
  byId("cancel").disabled = true;  // until the next event shows the job
  try {
    await askJson(`/jobs/${shownId()}`, { method: "DELETE" });
  } catch (refusal) {
    byId("cancel").disabled = false;
    showRefusal(refusal, () => byId("cancel").click());
  }
});
byId("files").addEventListener("change", event => {
  const files = [...event.target.files].map(named);
  event.target.value = "";
  handIn(files);
});
addEventListener("dragover", event => { event.preventDefault(); byId("drop").classList.add("over"); });
addEventListener("dragleave", () => byId("drop").classList.remove("over"));
addEventListener("drop", async event => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  handIn(await droppedFiles(event.dataTransfer));
});
addEventListener("paste", event => handIn([...event.clipboardData.files].map(named)));
addEventListener("hashchange", look);
look();
