// What was refused, in words and with what to do; problem documents have both.
import { byId } from "./dom.js";

const TITLES = {
  0: "The job server cannot be reached", 404: "There is no such job", 413: "That is too large for one job",
  415: "The model does not take that", 422: "These inputs do not fit", 503: "Not now",
};
const AWAY = "Is it running? Nothing was lost that it had taken. Try again in a moment.";
const MAY_PASS = new Set([0, 409, 429, 500, 502, 503, 504]);

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function refusalOf(status, body) {
  if (status === 0) return new Refusal(0, AWAY);
  const said = (() => { try { return JSON.parse(body); } catch { return {}; } })();
  return new Refusal(status, typeof said.detail === "string" ? said.detail : `The server answered ${status}. Try again.`);
}

export async function askJson(url, options = {}) {
  const response = await fetch(url, options).catch(() => { throw refusalOf(0); });
  if (!response.ok) throw refusalOf(response.status, await response.text().catch(() => ""));
  return response.json();
}

let repeat = null;

export function showRefusal(refusal, again = null) {
  repeat = again;
  byId("refusal-title").textContent = TITLES[refusal.status] ?? "That was not taken";
  byId("refusal-words").textContent = refusal.message;
  byId("again").hidden = !again || !MAY_PASS.has(refusal.status);
  byId("refusal").hidden = false;
}

export function hideRefusal() {
  byId("refusal").hidden = true;
}

byId("again").addEventListener("click", () => {
  hideRefusal();
  repeat();
});
