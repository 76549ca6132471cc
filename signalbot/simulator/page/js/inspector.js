// The tabs beside the conversation.

import { byId, fill, icon } from "./dom.js";
import { on } from "./store.js";
import { setUpFaults } from "./faults.js";
import { setUpLetters } from "./letters.js";
import { setUpTrace } from "./trace.js";
import { inspectorIsOpen, showTab, toggleInspector, view } from "./view.js";

const TABS = ["trace", "faults", "letters"];

export function setUpInspector() {
  fill(byId("close-inspector"), icon("close"));
  byId("close-inspector").addEventListener("click", close);
  byId("inspector").addEventListener("keydown", (event) => event.key === "Escape" && close());
  for (const tab of TABS) byId(`tab-${tab}`).addEventListener("click", () => showTab(tab));
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    showTab(TABS[(TABS.indexOf(view.tab) + step + TABS.length) % TABS.length]);
    byId(`tab-${view.tab}`).focus();
  });
  on("tab", draw);
  setUpTrace();
  setUpFaults();
  setUpLetters();
  draw();
}

function close() {
  toggleInspector(false);
  byId("toggle-inspector").focus();
}

function draw() {
  byId("toggle-inspector").setAttribute("aria-expanded", String(inspectorIsOpen()));
  for (const tab of TABS) {
    const isOpen = tab === view.tab;
    byId(`tab-${tab}`).setAttribute("aria-selected", String(isOpen));
    byId(`tab-${tab}`).tabIndex = isOpen ? 0 : -1;
    byId(`panel-${tab}`).hidden = !isOpen;
  }
}
