// The page of the staff: which of its tabs is shown.

import { byId } from "./elements.mjs";
import { look } from "./looking.mjs";
import { tryOut } from "./trying.mjs";

const { prefix, path } = document.querySelector("script[data-path]").dataset;
const tabs = [...document.querySelectorAll("[role=tab]")];
const looking = byId("live") && look(path, prefix);

function select(tab, { focus = false } = {}) {
  for (const each of tabs) {
    const isSelected = each === tab;
    each.setAttribute("aria-selected", String(isSelected));
    each.tabIndex = isSelected ? 0 : -1;
    byId(each.getAttribute("aria-controls")).hidden = !isSelected;
  }
  if (focus) tab.focus();
  byId("status").hidden = tab.id !== "tab-live";
  looking.show(tab.id === "tab-live");
  history.replaceState(null, "", tab.id === "tab-try" ? "#try" : location.pathname + location.search);
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) select(tabs[(at + step + tabs.length) % tabs.length], { focus: true });
  });
}
if (tabs.length) select(tabs[location.hash === "#try" ? 1 : 0]);
tryOut(prefix);
