// A job's summary, again while results come: seldom enough that asking is a tenth of the time at most.
import { askJson } from "./refusal.js";

const LEAST_MS = 2000;

export function summaries(id, show) {
  let timer = null, asking = false, stale = false, hurry = false, closed = false;
  let last = -Infinity, pause = LEAST_MS;

  async function ask() {
    const began = performance.now();
    asking = true;
    stale = hurry = false;
    try {
      const summary = await askJson(`/jobs/${id}/summary`);
      if (!closed) show(summary);
    } catch {
      stale = true;
    }
    asking = false;
    last = performance.now();
    pause = Math.max(LEAST_MS, 10 * (last - began));
    if (stale) plan();
  }

  function plan() {
    if (closed || asking) return;
    clearTimeout(timer);
    timer = setTimeout(ask, hurry ? 0 : Math.max(0, last + pause - performance.now()));
  }

  return {
    refresh(isLast) {
      stale = true;
      hurry = isLast;
      plan();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
