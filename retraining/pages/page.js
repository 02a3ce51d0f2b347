// Asks how far the run is, and draws what has changed.
import { byId } from "./dom.js";
import { showPast } from "./past.js";
import { showRun } from "./run.js";

const SOON = 1000, LATER = 5000;
let timer;

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  const found = await ask();
  byId("away").hidden = found !== null;
  if (found) {
    showRun(found.under_way);
    showPast(found);
  }
  timer = setTimeout(look, found?.under_way ? SOON : LATER);
}

async function ask() {
  try {
    const answer = await fetch("/overview", { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

document.addEventListener("visibilitychange", look);
look();
