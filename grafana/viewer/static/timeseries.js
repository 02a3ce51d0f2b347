// Lines over time, drawn by plotly.js.
import { element } from "./dom.js";
import { defaults, lineColour, lineDash } from "./field.js";
import { colour } from "./theme.js";
import { ticks, written } from "./units.js";

// plotly.js knows no time zones: shift the clock, so that the axis reads like the reader's own.
const clock = (seconds) => new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 19);
const faded = (hex, share) => hex + Math.round(share * 255).toString(16).padStart(2, "0");

export function drawTimeseries(body, panel, answer, marks) {
  const series = answer.targets.flatMap((target) => target.series);
  const plot = body.querySelector(".plot") ?? prepare(body);
  const hidden = new Set(body.dataset.hidden ? JSON.parse(body.dataset.hidden) : []);
  const traces = series.map((one, index) => trace(panel, one, index, hidden, answer.step));
  const axis = valueAxis(panel, series.filter((one) => !hidden.has(one.name)));
  drawLegend(body, panel, series, hidden, () => drawTimeseries(body, panel, answer, marks)); // first: it takes its height from the plot
  const size = { width: plot.clientWidth, height: plot.clientHeight };
  Plotly.react(plot, [...traces, markTrace(marks)], layout(size, answer, axis, marks), { displayModeBar: false });
}

function prepare(body) {
  body.replaceChildren(element("div", { class: "plot" }), element("div", { class: "legend" }));
  return body.firstChild;
}

function trace(panel, { name, points }, index, hidden, step) {
  const { unit, decimals, custom = {} } = defaults(panel);
  const tone = lineColour(panel, name, index);
  const stacked = custom.stacking?.mode === "normal";
  const spaced = withGaps(points, step);
  const whole = spaced.every(([, value]) => value !== null); // plotly.js would fill the gaps too
  return {
    type: "scatter", mode: "lines", name, x: spaced.map(([at]) => clock(at)), y: spaced.map(([, value]) => value),
    customdata: spaced.map(([, value]) => written(value, unit, decimals)), hovertemplate: "%{customdata}",
    visible: !hidden.has(name), connectgaps: false,
    line: { color: tone, width: custom.lineWidth ?? 1, dash: lineDash(panel, name) },
    fillcolor: faded(tone, (custom.fillOpacity ?? 0) / 100),
    ...(stacked ? { stackgroup: "all" } : { fill: custom.fillOpacity && whole ? "tozeroy" : "none" }),
  };
}

// A step without an answer is a gap, not a line from its left to its right.
function withGaps(points, step) {
  return points.flatMap((point, index) => {
    const before = points[index - 1];
    return before && point[0] - before[0] > step * 1.5 ? [[before[0] + step, null], point] : [point];
  });
}

function valueAxis(panel, series) {
  const { min, max, unit, decimals, custom = {}, thresholds } = defaults(panel);
  const stacked = custom.stacking?.mode === "normal";
  const sums = new Map();
  const values = series.flatMap(({ points }) => points.filter(([, value]) => value !== null).map(([at, value]) => {
    if (!stacked) return value;
    sums.set(at, (sums.get(at) ?? 0) + value);
    return sums.get(at);
  }));
  const extremes = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const low = min ?? Math.min(0, extremes[0]) ;
  let high = max ?? Math.max(extremes[1], low);
  if (!Number.isFinite(high) || high === low) high = low + 1;
  const room = max === undefined ? (high - low) * 0.08 : (high - low) * 0.02;
  const bottom = Number.isFinite(low) ? low : 0;
  const tickvals = ticks(bottom, high + room, unit);
  return { range: [bottom - (min === undefined && bottom < 0 ? room : 0), high + room], tickvals, ticktext: tickvals.map((value) => written(value, unit)), thresholds, custom };
}

const clockFormat = (seconds) => seconds > 86400 ? "%d %b" : seconds > 600 ? "%H:%M" : "%H:%M:%S";

function layout({ width, height }, answer, axis, marks) {
  const faint = colour("faint");
  return {
    width, height, margin: { l: 64, r: 8, t: 6, b: 22 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "Inter, system-ui, DejaVu Sans, sans-serif", size: 11, color: faint }, showlegend: false,
    hovermode: "x unified", hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("text") } },
    xaxis: { type: "date", range: [clock(answer.start), clock(answer.end)], gridcolor: colour("grid"), linecolor: colour("line"), nticks: Math.max(2, Math.floor(width / 70)), tickangle: 0, tickformat: clockFormat(answer.end - answer.start), fixedrange: true, showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "solid", spikecolor: faint, hoverformat: "%H:%M:%S" },
    yaxis: { range: axis.range, tickvals: axis.tickvals, ticktext: axis.ticktext, gridcolor: colour("grid"), zeroline: false, fixedrange: true },
    yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    shapes: [...thresholdLines(axis), ...marks.map(markShape)], annotations: momentWords(width - 72, answer, marks),
  };
}

function thresholdLines({ thresholds, custom, range }) {
  if (!custom.thresholdsStyle || custom.thresholdsStyle.mode === "off") return [];
  return (thresholds?.steps ?? []).filter(({ value }) => value !== null && value !== undefined && value <= range[1]).map(({ value, color }) => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: value, y1: value, line: { color: colour(color), width: 1.2, dash: "dash" },
  }));
}

function markShape({ start, end, colour: name, is_moment: isMoment }) {
  const tone = colour(name);
  if (isMoment) return { type: "line", yref: "paper", y0: 0, y1: 1, x0: clock(start), x1: clock(start), line: { color: tone, width: 1.5, dash: "dot" } };
  return { type: "rect", yref: "paper", y0: 0, y1: 1, x0: clock(start), x1: clock(Math.max(end, start + 1)), fillcolor: faded(tone, 0.07), line: { color: faded(tone, 0.4), width: 1 }, layer: "below" };
}

const WORD = { line: 13, letter: 6.2, lines: 3 };

// A moment's word stands at the top of its line, on the first of three lines of text that has room; where none has,
// only the triangle below says it, when it is pointed at.
function momentWords(width, { start, end }, marks) {
  const free = Array(WORD.lines).fill(-Infinity);
  const moments = marks.filter((mark) => mark.is_moment).sort((one, other) => one.start - other.start);
  return moments.flatMap(({ start: at, title, colour: name }) => {
    const x = (at - start) / (end - start) * width;
    const wide = title.length * WORD.letter + 10;
    const turned = x + wide > width; // it would leave the plot on the right
    const left = turned ? x - wide : x;
    const line = free.findIndex((until) => until <= left);
    if (line < 0) return [];
    free[line] = left + wide;
    return [{
      text: title, x: clock(at), y: 1, yref: "paper", xanchor: turned ? "right" : "left", yanchor: "top", xshift: turned ? -2 : 2, yshift: -line * WORD.line, showarrow: false,
      font: { size: 10.5, color: colour(name) }, bgcolor: faded(colour("card"), 0.8), borderpad: 0,
    }];
  });
}

function markTrace(marks) {
  return {
    type: "scatter", mode: "markers", yaxis: "y2", cliponaxis: false, name: "", x: marks.map(({ start }) => clock(start)), y: marks.map(() => 0),
    customdata: marks.map(({ title }) => title), hovertemplate: "%{customdata}<extra></extra>",
    marker: { symbol: "triangle-up", size: 9, color: marks.map((mark) => colour(mark.colour)) },
  };
}

function drawLegend(body, panel, series, hidden, redraw) {
  const entries = series.map(({ name }, index) => {
    const entry = element("button", { type: "button", "aria-pressed": String(!hidden.has(name)) }, element("i", { style: { "--tone": lineColour(panel, name, index) } }), name);
    entry.addEventListener("click", () => {
      hidden.has(name) ? hidden.delete(name) : hidden.add(name);
      body.dataset.hidden = JSON.stringify([...hidden]);
      redraw();
    });
    return entry;
  });
  body.querySelector(".legend").replaceChildren(...entries);
}
