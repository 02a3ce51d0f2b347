// A job as it goes on, by Server-Sent Events; a server that is away for a while is asked again.
import { askJson } from "./refusal.js";

const AGAIN_MS = 2000;
const ENDED = new Set(["done", "failed", "cancelled"]);
export const hasEnded = job => ENDED.has(job.state);

export function watch(id, { show, away, gone }) {
  let source = null, timer = null, closed = false;

  function open() {
    source = new EventSource(`/jobs/${id}/events`);
    source.onmessage = event => {
      const job = JSON.parse(event.data);
      if (hasEnded(job)) close();  // else the browser would ask for the ended job again and again
      show(job);
    };
    source.onerror = () => {
      away();
      if (source.readyState === EventSource.CLOSED && !closed) look();  // an error status: it asks no more by itself
    };
  }

  async function look() {
    try {
      await askJson(`/jobs/${id}`);
    } catch (refusal) {
      if (closed) return;
      if (refusal.status === 404) return gone(refusal);
    }
    if (!closed) timer = setTimeout(open, AGAIN_MS);
  }

  function close() {
    closed = true;
    clearTimeout(timer);
    source.close();
  }

  open();
  return close;
}
