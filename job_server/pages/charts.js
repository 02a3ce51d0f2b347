// What a job's results say together, drawn.
import { byId, count, element, inputs, percent, short, track } from "./dom.js";
import { confusionOf, namesOf } from "./confusion.js";

const MOST_CLASSES = 12;
const MOST_NAMES_BESIDE = 5;  // in a confusion matrix of half the page's width

export function showCharts(summary) {
  const { confidence: counts, values: spread, labelled, failed } = summary;
  const isBeside = labelled !== null && namesOf(labelled).length <= MOST_NAMES_BESIDE;
  byId("charts").replaceChildren(...[
    counts && classes(summary, isBeside),
    counts && confidence(counts),
    spread && values(spread, !labelled),
    labelled && agreement(labelled, !isBeside),
    failed > 0 && failures(summary),
  ].filter(Boolean));
}

function card(title, name, isWide, ...children) {
  const kind = `card ${name}${isWide ? " wide" : ""}`;
  return element("section", { class: kind, "aria-label": title }, element("h2", {}, title), ...children);
}

function classes({ classes: found, other_classes: rest, answered }, isWide) {
  const all = Object.entries(found).sort((one, other) => other[1] - one[1]);  // objects put names that are numbers first
  const most = all[0][1];
  const lines = all.slice(0, MOST_CLASSES).flatMap(([name, number]) => [
    element("span", {}, name), track(number / most),
    element("span", { class: "num" }, count(number), " ", element("span", { class: "soft" }, percent(number / answered))),
  ]);
  const left = all.slice(MOST_CLASSES);
  const leftInputs = left.reduce((sum, [, number]) => sum + number, rest);
  const words = leftInputs ? [element("p", { class: "meta" }, `and ${inputs(leftInputs)} of other classes`)] : [];
  return card("Classes", "classes", isWide, element("div", { class: "bars" }, ...lines), ...words);
}

function confidence(counts) {
  const bounds = counts.map((_, place) => `${place * 10} to ${(place + 1) * 10} %`);
  return card("Confidence", "confidence", false, ...histogram("Confidence", counts, bounds, ["0 %", "50 %", "100 %"]));
}

function values({ low, width, counts }, isWide) {
  const at = place => short(low + place * width);
  const bounds = counts.map((_, place) => `${at(place)} to ${at(place + 1)}`);
  const ends = counts.length > 1 ? [at(0), at(counts.length / 2), at(counts.length)] : ["", at(0), ""];
  return card("Values", "values", isWide, ...histogram("Values", counts, bounds, ends));
}

function histogram(name, counts, bounds, ticks) {
  const most = Math.max(...counts);
  const words = counts.map((number, place) => `${bounds[place]}: ${inputs(number)}`);
  const columns = counts.map((number, place) => {
    const column = element("i", { title: words[place], "data-count": number });
    column.style.height = number ? `max(2px, ${(100 * number) / most}%)` : "0";
    return column;
  });
  const said = `${name}; ${words.filter((_, place) => counts[place]).join("; ")}`;
  return [
    element("div", { class: "histogram", role: "img", "aria-label": said }, ...columns),
    element("div", { class: "axis", "aria-hidden": "true" }, ...ticks.map(tick => element("span", {}, tick))),
  ];
}

function agreement(labelled, isWide) {
  const figure = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  const isClassifier = "accuracy" in labelled;
  const figures = element("dl", { class: "figures" },
    isClassifier ? figure("Accuracy", percent(labelled.accuracy)) : figure("RMSE", short(labelled.rmse)),
    figure("Labelled answers", count(labelled.n)));
  return card("Answers and labels", "agreement", isWide, figures, ...(isClassifier ? confusionOf(labelled) : []));
}

function failures({ failed, failures: reasons, other_failures: rest }) {
  const lines = reasons.map(({ reason, count: number, examples }) => element("tr", {},
    element("td", {}, reason), element("td", { class: "num" }, count(number)),
    element("td", {}, element("ul", {}, ...examples.map(one =>
      element("li", { title: one.error }, one.filename ?? `row ${one.row}`))))));
  if (rest) lines.push(element("tr", {}, element("td", {}, "Other reasons"), element("td", { class: "num" }, count(rest)), element("td")));
  const heads = [["Reason"], ["Inputs", "num"], ["For instance"]].map(([name, kind = ""]) => element("th", { class: kind }, name));
  return card(`${inputs(failed)} failed`, "failures", true, element("table", {},
    element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines)));
}
