// The kinds of panel, by Grafana's names. Each draws an answer into a panel's body.
import { element } from "./dom.js";
import { defaults, lineColour, newest, shown } from "./field.js";
import { colour } from "./theme.js";
import { drawTimeseries } from "./timeseries.js";
import { written } from "./units.js";

const allSeries = (answer) => answer.targets.flatMap((target) => target.series);

function drawStat(body, panel, answer) {
  const { colorMode, graphMode } = panel.options;
  const series = allSeries(answer);
  const wide = panel.gridPos.w >= 2 * panel.gridPos.h;
  const tiles = series.map(({ name, points }) => {
    const { text, tone } = shown(panel, newest(points));
    const tile = element("div", { class: colorMode.startsWith("background") ? "stat filled" : "stat", style: { "--tone": tone, "--letters": text.length } });
    if (graphMode === "area" && points.length > 1) tile.append(spark(points, tone));
    tile.append(element("b", {}, text), element("span", { title: name }, ...breakable(name)));
    return tile;
  });
  const many = series.length > 3;
  const columns = many ? "repeat(auto-fit, minmax(84px, 1fr))" : wide ? `repeat(${series.length}, minmax(0, 1fr))` : "1fr";
  body.replaceChildren(element("div", { class: "stats", style: { "grid-template-columns": columns } }, ...tiles));
  for (const place of body.querySelectorAll(".spark")) place.draw();
}

// HighLatencyP99 may go on a second line, between its words.
const breakable = (name) => name.split(/(?<=[a-z])(?=[A-Z])/).flatMap((word, index) => (index ? [element("wbr"), word] : [word]));

function spark(points, tone) {
  const step = Math.min(...points.slice(1).map(([at], index) => at - points[index][0]));
  const whole = points.every(([at, value], index) => value !== null && (!index || at - points[index - 1][0] <= step * 1.5));
  const place = element("div", { class: "spark", "aria-hidden": "true" });
  place.draw = () => Plotly.newPlot(place, [{
    type: "scatter", mode: "lines", x: points.map(([at]) => at), y: points.map(([, value]) => value), fill: whole ? "tozeroy" : "none",
    fillcolor: `${tone}22`, line: { color: tone, width: 1 }, hoverinfo: "skip",
  }], {
    margin: { l: 0, r: 0, t: 2, b: 0 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    xaxis: { visible: false, fixedrange: true }, yaxis: { visible: false, fixedrange: true, rangemode: "tozero" },
  }, { staticPlot: true, responsive: true });
  return place;
}

function drawBars(body, panel, answer) {
  const { unit, decimals, max } = defaults(panel);
  const bars = allSeries(answer).map(({ name, points }) => ({ name, value: newest(points) }));
  const full = max ?? Math.max(...bars.map(({ value }) => value ?? 0), 1e-12);
  const cells = bars.flatMap(({ name, value }, index) => {
    const fill = element("div", { class: "fill", style: { width: `${Math.min(100, 100 * (value ?? 0) / full)}%` } });
    const tone = { style: { "--tone": lineColour(panel, name, index) } };
    return [element("span", {}, name), element("div", { class: "track", ...tone }, fill), element("b", tone, written(value, unit, decimals))];
  });
  body.replaceChildren(element("div", { class: "bars" }, ...cells));
}

function drawGauge(body, panel, answer) {
  const { min = 0, max = 1, thresholds } = defaults(panel);
  const [{ name, points }] = allSeries(answer);
  const value = newest(points);
  const { text, tone } = shown(panel, value);
  const place = body.querySelector(".plot") ?? element("div", { class: "plot" });
  body.replaceChildren(place);
  const steps = thresholds.steps.map(({ value: from, color }, index) => ({
    range: [from ?? min, thresholds.steps[index + 1]?.value ?? max], color: `${colour(color)}44`,
  }));
  Plotly.react(place, [{
    type: "indicator", mode: "gauge", value: value ?? min,
    gauge: { axis: { range: [min, max], visible: false }, bar: { color: tone, thickness: 0.7 }, bgcolor: colour("grid"), borderwidth: 0, steps },
  }], {
    margin: { l: 16, r: 16, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)",
    annotations: [
      { text, x: 0.5, y: 0.12, xref: "paper", yref: "paper", showarrow: false, font: { size: 24, color: tone } },
      { text: name, x: 0.5, y: -0.04, xref: "paper", yref: "paper", showarrow: false, font: { size: 11, color: colour("faint") } },
    ],
  }, { displayModeBar: false, responsive: true, staticPlot: true });
}

function drawTable(body, panel, answer) {
  const organized = panel.transformations?.find(({ id }) => id === "organize")?.options ?? {};
  const { excludeByName = {}, indexByName = {}, renameByName = {} } = organized;
  const answers = allSeries(answer).map(({ labels, points }) => ({ labels, value: newest(points) }));
  const rows = answers.map(({ labels, value }) => ({ ...labels, Value: shown(panel, value).text }));
  const names = [...new Set(rows.flatMap(Object.keys))].filter((name) => !excludeByName[name]);
  names.sort((one, other) => (indexByName[one] ?? 99) - (indexByName[other] ?? 99));
  const [sorted] = panel.options?.sortBy ?? [];
  const by = names.find((name) => sorted && (renameByName[name] || name) === sorted.displayName) ?? names[0];
  rows.sort((one, other) => String(one[by]).localeCompare(String(other[by])) * (sorted?.desc ? -1 : 1));
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, renameByName[name] || name)));
  const lines = rows.map((row) => element("tr", {}, ...names.map((name) => cell(row[name] ?? ""))));
  body.replaceChildren(element("div", { class: "scroll" }, element("table", { style: { "--columns": names.length } }, element("thead", {}, head), element("tbody", {}, ...lines))));
}

// A time or a name stays on one line; a checksum or a sentence may be broken anywhere.
const cell = (text) => element("td", text.length <= 20 ? { class: "short" } : {}, text);

// Paragraphs, lists, bold and code: as much Markdown as our dashboards write.
export function drawText(body, panel) {
  const blocks = panel.options.content.split(/\n{2,}/).map((block) => {
    const lines = block.split("\n");
    if (!lines.every((line) => line.startsWith("- "))) return element("p", {}, ...inline(lines.join(" ")));
    return element("ul", {}, ...lines.map((line) => element("li", {}, ...inline(line.slice(2)))));
  });
  body.replaceChildren(element("div", { class: "prose" }, ...blocks));
}

function inline(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith("**")) return element("strong", {}, part.slice(2, -2));
    return part.startsWith("`") ? element("code", {}, part.slice(1, -1)) : part;
  });
}

export const DRAWN = { timeseries: drawTimeseries, stat: drawStat, bargauge: drawBars, gauge: drawGauge, table: drawTable };
