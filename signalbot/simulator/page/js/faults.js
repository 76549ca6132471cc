// Breaking the server, and mending it.

import { act } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { on, store } from "./store.js";
import { view } from "./view.js";

const panel = byId("panel-faults");

export function setUpFaults() {
  for (const name of ["snapshot", "faults", "status"]) on(name, draw);
}

const fault = (action, more = {}) => act("faults", { action, ...more });

function draw() {
  const { faults, status } = store;
  if (!faults || !status) return;
  byId("faults-on").hidden = !(faults.fail || faults.limits.length || faults.slow || faults.lossy || faults.down || faults.duplicates);
  const focused = panel.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const count = panel.querySelector("#fault-count")?.value || "1";
  fill(panel, answers(faults, count), speed(faults), socket(faults), numbers(status), button("mend", "Mend everything", () => fault("clear"), "wide"));
  if (focused) panel.querySelector(`[data-key="${focused}"]`)?.focus();
}

function answers(faults, count) {
  const number = () => Number(byId("fault-count").value);
  const limits = faults.limits.map((limit, index) => {
    const token = limit.tokens[0];
    return el(
      "p",
      { class: "armed" },
      `Rate limit, ${limit.left ?? "many"} left, token `,
      el("code", {}, token || "none"),
      token ? button(`solve-${index}`, "Solve its challenge", () => fault("solve", { token }), "small") : null,
    );
  });
  return card(
    "The server refuses",
    "A refused message is never sent twice by the client; the handler gets the error, and its retry policy decides.",
    el(
      "div",
      { class: "row" },
      el("label", {}, "Next ", el("select", { id: "fault-count", "data-key": "count" }, ["1", "2", "3", "5", "10"].map((each) => el("option", { value: each, selected: each === count }, each))), " sends"),
      button("fail", "Answer 500", () => fault("fail", { count: number() })),
      button("limit", "Rate limit", () => fault("rate-limit", { count: number() })),
    ),
    faults.fail ? el("p", { class: "armed" }, `500 for the next ${faults.fail} send${faults.fail > 1 ? "s" : ""}`) : null,
    limits,
  );
}

function speed(faults) {
  return card(
    "The server is slow",
    "Every send waits so long. Other chats go on meanwhile.",
    el(
      "div",
      { class: "segments", role: "group", "aria-label": "Delay of each send" },
      [0, 1, 3, 10].map((seconds) =>
        el(
          "button",
          { type: "button", "data-key": `slow-${seconds}`, "aria-pressed": String(faults.slow === seconds), onclick: () => fault("slow", { seconds }) },
          seconds ? `${seconds} s` : "off",
        ),
      ),
    ),
  );
}

function socket(faults) {
  return card(
    "The websocket",
    "The real server has no buffer: in a burst, or while no socket is open, frames are lost.",
    toggle("lossy", "Lossy, like the real one", faults.lossy, (isOn) => fault("lossy", { on: isOn })),
    toggle("down", "Server is gone", faults.down, (isOn) => fault("down", { on: isOn })),
    el(
      "div",
      { class: "row" },
      button("drop", "Drop the websocket", () => fault("drop")),
      button("twice", "Deliver the next twice", () => fault("duplicate")),
      button("burst", "Send a burst of 10", () => act("burst", { chat: view.chat, as: view.as, count: 10 })),
    ),
    faults.duplicates ? el("p", { class: "armed" }, "The next frame comes twice") : null,
  );
}

function numbers(status) {
  const rows = [
    ["Bot", status.connected ? "connected" : `${status.state}, not connected`],
    ["Connections so far", status.connections],
    ["Frames delivered", status.delivered],
    ["Frames lost", status.lost],
    ["Requests by the bot", status.requests],
  ];
  return el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))]));
}

function card(title, text, ...children) {
  return el("section", { class: "card" }, el("h3", {}, title), el("p", { class: "note" }, text), children);
}

function button(key, text, onclick, more = "") {
  return el("button", { type: "button", "data-key": key, class: more, onclick }, text);
}

function toggle(key, text, isOn, onChange) {
  return el("label", { class: "toggle" }, el("input", { type: "checkbox", role: "switch", "data-key": key, checked: isOn, onchange: (event) => onChange(event.target.checked) }), text);
}
