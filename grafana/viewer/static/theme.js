// Dark or light: what the reader chose, else what the system prefers.
const root = document.documentElement;
const stored = () => { try { return localStorage.getItem("theme"); } catch { return null; } };

export function startTheme(onChange = () => {}) {
  const preferred = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  root.dataset.theme = stored() ?? preferred;
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* private window: keep it for this page */ }
    onChange();
  });
}

export function colour(name) {
  const own = /^[a-z]+$/.test(name) && getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  return own || name;
}
