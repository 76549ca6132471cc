// The dead letters: what was given up, why, and giving it another chance.

import { act } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { on, store } from "./store.js";
import { plainText } from "./text.js";
import { openChat, showTrace } from "./view.js";

const panel = byId("panel-letters");

export function setUpLetters() {
  for (const name of ["snapshot", "letters"]) on(name, draw);
}

function draw() {
  const { letters } = store;
  const badge = byId("letters-count");
  badge.hidden = !letters.length;
  badge.textContent = String(letters.length);
  if (!letters.length) {
    fill(panel, el("p", { class: "empty-panel" }, "No dead letters. A message comes here when its handler has failed for good, with its error and everything needed to try again."));
    return;
  }
  const all = letters.map((each) => each.id);
  fill(
    panel,
    letters.length > 1
      ? el("div", { class: "row" }, el("button", { type: "button", onclick: () => touch("replay", all) }, "Replay all"), el("button", { type: "button", onclick: () => touch("purge", all) }, "Purge all"))
      : null,
    letters.map(card),
  );
}

function card(letter) {
  const message = letter.frame ? [...store.messages.values()].find((each) => each.frames.includes(letter.frame)) : null;
  const rows = [
    ["Handler", letter.handler || "none"],
    ["Attempts", letter.replays ? `${letter.attempts}, replayed ${letter.replays} times` : letter.attempts],
    ["Given up", new Date(letter.at * 1000).toLocaleTimeString()],
  ];
  return el(
    "section",
    { class: "card letter" },
    el("h3", {}, `${letter.errorType || letter.reason}`, el("small", {}, `no. ${letter.id}`)),
    el("p", { class: "note" }, letter.error || letter.reason),
    message ? el("p", { class: "excerpt" }, plainText(message)) : null,
    el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
    letter.traceback ? el("details", {}, el("summary", {}, "Traceback, as it is stored: without the message's words"), el("pre", { tabIndex: 0 }, letter.traceback)) : null,
    el(
      "div",
      { class: "row" },
      el("button", { type: "button", class: "primary", onclick: () => touch("replay", [letter.id]) }, "Replay"),
      el("button", { type: "button", onclick: () => touch("purge", [letter.id]) }, "Purge"),
      message
        ? el(
            "button",
            {
              type: "button",
              class: "link",
              onclick: () => {
                openChat(message.chat);
                showTrace(message.id);
              },
            },
            "Trace",
          )
        : null,
    ),
  );
}

function touch(action, ids) {
  act("dead-letters", { action, ids });
}
