// What a panel's field configuration says about one series: colour, threshold, mapping, the value to show.
import { colour } from "./theme.js";
import { written } from "./units.js";

const PALETTE = ["#73bf69", "#5794f2", "#f2cc0c", "#ff780a", "#b877d9", "#e0409a", "#33b8c9", "#c8714f", "#8f9fb3", "#a3c13a"];

export const defaults = (panel) => panel.fieldConfig?.defaults ?? {};

function overridden(panel, name) {
  const found = {};
  for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
    const pattern = matcher.id === "byRegexp" && matcher.options.match(/^\/(.*)\/([a-z]*)$/);
    const fits = matcher.id === "byName" ? matcher.options === name : pattern && new RegExp(pattern[1], pattern[2]).test(name);
    if (fits) for (const { id, value } of properties) found[id] = value;
  }
  return found;
}

export function lineColour(panel, name, index) {
  const fixed = overridden(panel, name).color?.fixedColor;
  return fixed ? colour(fixed) : PALETTE[index % PALETTE.length];
}

export const lineDash = (panel, name) => overridden(panel, name)["custom.lineStyle"]?.fill === "dash" ? "4px,3px" : "solid";

export function thresholdColour(panel, value) {
  const reached = (defaults(panel).thresholds?.steps ?? []).filter((step) => step.value === null || step.value === undefined || value >= step.value);
  return colour(reached.at(-1)?.color ?? "blue");
}

export function shown(panel, value) {
  const { unit, decimals, mappings = [] } = defaults(panel);
  const word = mappings.filter(({ type }) => type === "value").map(({ options }) => options[String(value)]).find(Boolean);
  if (word) return { text: word.text, tone: colour(word.color) };
  if (value === null) return { text: "–", tone: colour("faint") };
  return { text: written(value, unit, decimals), tone: thresholdColour(panel, value) };
}

export const newest = (points) => points.findLast(([, value]) => value !== null)?.[1] ?? null;
