// The bar: variables, annotations, time range, refresh. The address keeps the choice, so a link shows the same.
import { element } from "./dom.js";

const RANGES = { "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "3h": 10800, "6h": 21600, "24h": 86400, "7d": 604800 };
const PAUSES = { off: 0, "5s": 5, "15s": 15, "1m": 60 };

function chooser(options, chosen) {
  return options.map(([text, value]) => {
    const option = element("option", { value }, text);
    option.selected = String(value) === String(chosen);
    return option;
  });
}

export function startControls(dashboard, refresh) {
  const address = new URL(location.href);
  const chosen = (name, fallback) => address.searchParams.get(name) ?? fallback;
  const range = document.getElementById("range");
  const pause = document.getElementById("refresh");
  const from = String(dashboard.time?.from ?? "").replace("now-", "");
  range.append(...chooser(Object.entries(RANGES).map(([text, seconds]) => [`Last ${text}`, seconds]), chosen("range", RANGES[from] ?? 1800)));
  pause.append(...chooser(Object.entries(PAUSES), PAUSES[dashboard.refresh] ?? 5));
  const variables = (dashboard.templating?.list ?? []).map((variable) => addVariable(variable, chosen));
  const marks = (dashboard.annotations?.list ?? []).filter(({ expr }) => expr).map(addMark);

  const query = () => new URLSearchParams([["range", range.value], ...variables.map((select) => [select.name, select.value])]).toString();
  document.getElementById("controls").addEventListener("change", () => {
    history.replaceState(null, "", `?${query()}`);
    schedule();
    refresh(true);
  });

  let timer;
  function schedule() {
    clearInterval(timer);
    if (Number(pause.value)) timer = setInterval(() => document.hidden || refresh(false), Number(pause.value) * 1000);
  }
  schedule();
  return { query, shows: (name) => marks.some((box) => box.checked && box.name === name) };
}

function addVariable({ name, label, query, includeAll }, chosen) {
  const values = [...(includeAll ? ["All"] : []), ...query.split(",")];
  const select = element("select", { name: `var-${name}` });
  select.append(...chooser(values.map((value) => [value, value]), chosen(`var-${name}`, values[0])));
  document.getElementById("variables").append(element("label", {}, `${label ?? name} `, select));
  return select;
}

function addMark({ name, enable }) {
  const box = element("input", { type: "checkbox", name });
  box.checked = enable;
  document.getElementById("marks").append(element("label", {}, box, ` ${name}`));
  return box;
}
