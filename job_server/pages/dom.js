// What all of the page's parts need. Text is always text, never markup: a file's name is a stranger's.
export const byId = id => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function track(share) {
  const fill = element("i");
  fill.style.width = `${100 * share}%`;
  return element("span", { class: "track", "aria-hidden": "true" }, fill);
}

export const count = number => number.toLocaleString("en");
export const inputs = number => `${count(number)} ${number === 1 ? "input" : "inputs"}`;
export const percent = share => `${(100 * share).toFixed(1)} %`;
export const short = number => String(Number(number.toPrecision(4)));

export function size(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const DAY = { month: "short", day: "numeric" }, MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
export const day = time => new Date(time).toLocaleString("en", { ...DAY, ...MINUTE });
export const clock = time => new Date(time).toLocaleTimeString("en", { ...MINUTE, second: "2-digit" });
