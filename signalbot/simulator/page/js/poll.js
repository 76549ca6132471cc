// A poll in a message: its options, the votes, the result.

import { act } from "./api.js";
import { el } from "./dom.js";
import { nameOf } from "./store.js";
import { view } from "./view.js";

export function pollOf(message) {
  const { poll } = message;
  const voters = Object.entries(poll.votes).filter(([, choices]) => choices.length);
  const mine = poll.votes[view.as] || [];
  const kind = poll.multiple ? "checkbox" : "radio";
  const options = poll.options.map((option, index) => {
    const who = voters.filter(([, choices]) => choices.includes(index)).map(([id]) => nameOf(id));
    return el(
      "label",
      { class: "option", title: who.join(", ") },
      el("input", {
        type: kind,
        name: `poll-${message.id}`,
        checked: mine.includes(index),
        disabled: poll.closed,
        onchange: (event) => vote(message, mine, index, event.target.checked),
      }),
      el("span", { class: "option-text" }, option),
      el("span", { class: "option-count" }, String(who.length)),
      el("progress", { max: Math.max(voters.length, 1), value: who.length, "aria-label": `${who.length} of ${voters.length} votes` }),
    );
  });
  const end = poll.closed ? "closed" : poll.multiple ? "several choices" : "one choice";
  const count = voters.length === 1 ? "1 voter" : `${voters.length} voters`;
  return el(
    "fieldset",
    { class: "poll" },
    el("legend", {}, poll.question),
    options,
    el("p", { class: "poll-foot" }, `${count} · ${end}`, closer(message)),
  );
}

function vote(message, mine, index, isChosen) {
  let choices = isChosen ? [index] : [];
  if (message.poll.multiple) {
    choices = isChosen ? [...mine, index] : mine.filter((each) => each !== index);
  }
  act("vote", { message: message.id, as: view.as, choices });
}

function closer(message) {
  if (message.poll.closed || message.author !== view.as) return null;
  return el(
    "button",
    { type: "button", class: "link", onclick: () => act("close-poll", { message: message.id, as: view.as }) },
    "End it",
  );
}
