// The confusion matrix: a row a label, a column a class that was said of it.
import { count, element, inputs } from "./dom.js";

const STRONGEST = 55;  // percent of colour behind a number that is to be read

export function namesOf({ confusion = {} }) {
  const said = Object.values(confusion).flatMap(Object.keys);
  return [...new Set([...Object.keys(confusion), ...said])].sort();
}

export function confusionOf({ confusion, other }) {
  const names = namesOf({ confusion });
  const labels = names.filter(name => Object.hasOwn(confusion, name));
  const heading = (name, scope) => element("th", { scope, title: name }, name);  // a long one is cut off
  const head = element("tr", {}, element("th", {}, "Label ↓ Said →"), ...names.map(name => heading(name, "col")));
  const lines = labels.map(label => {
    const row = confusion[label], total = Object.values(row).reduce((sum, number) => sum + number, 0);
    const cells = names.map(name => cell(Object.hasOwn(row, name) ? row[name] : 0, total, name === label));
    return element("tr", {}, heading(label, "row"), ...cells);
  });
  const table = element("table", { class: "confusion" }, element("thead", {}, head), element("tbody", {}, ...lines));
  const words = other ? [element("p", { class: "meta" }, `and ${inputs(other)} with other names`)] : [];
  return [element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" }, table), ...words];
}

function cell(number, total, isRight) {
  const made = element("td", { class: number ? "" : "soft" }, count(number));
  made.style.setProperty("--tone", isRight ? "var(--main)" : "var(--bad)");
  made.style.setProperty("--share", `${(STRONGEST * number) / total}%`);
  return made;
}
