import { askJson, element } from "./dom.js";
import { startTheme } from "./theme.js";

startTheme();
const list = document.getElementById("list");
try {
  const dashboards = await askJson("/api/dashboards");
  list.append(...dashboards.map(({ uid, title, description }) =>
    element("a", { href: `/d/${encodeURIComponent(uid)}` }, element("strong", {}, title), element("span", {}, description))));
} catch (error) {
  list.append(element("p", {}, `The dashboards cannot be read: ${error.message}`));
}
list.removeAttribute("aria-busy");
