// "@" in the composer: a list of people to mention, and the mentions that go out.

import { byId, el, fill } from "./dom.js";
import { nameOf, store } from "./store.js";
import { view } from "./view.js";

const text = byId("text");
const list = byId("suggestions");
const PLACEHOLDER = "\ufffc";

const picked = new Map(); // "@Name" -> id
let chosen = 0;
let found = [];

export function setUpMentions() {
  text.setAttribute("aria-controls", "suggestions");
  text.setAttribute("aria-autocomplete", "list");
  text.addEventListener("input", suggest);
  // At once: choosing does not take the focus away, and a late end would close the list that
  // belongs to what was typed meanwhile.
  text.addEventListener("blur", closeSuggestions);
}

/** The text as it goes out, with U+FFFC for each name, where those are, and what was picked. */
export function pickedMentions(value) {
  const picks = new Map(picked);
  const names = [...picked.keys()].sort((a, b) => b.length - a.length);
  const mentions = [];
  let wire = "";
  for (let index = 0; index < value.length; ) {
    const name = value[index] === "@" ? names.find((each) => value.startsWith(each, index)) : undefined;
    if (name) {
      mentions.push({ who: picked.get(name), start: wire.length });
      wire += PLACEHOLDER;
      index += name.length;
    } else {
      wire += value[index];
      index += 1;
    }
  }
  picked.clear();
  return { wire, mentions, picks };
}

/** Take back what pickedMentions() gave out. */
export function pickAgain(picks) {
  for (const [name, id] of picks) picked.set(name, id);
}

export function closeSuggestions() {
  found = [];
  draw();
}

/** Whether the list took the key. */
export function suggestionKey(event) {
  if (!found.length) return false;
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step) chosen = (chosen + step + found.length) % found.length;
  else if (event.key === "Enter" || event.key === "Tab") pick(found[chosen]);
  else if (event.key === "Escape") found = [];
  else return false;
  event.preventDefault();
  draw();
  return true;
}

function suggest() {
  const begun = /(?:^|\s)@([^\s@]*)$/u.exec(text.value.slice(0, text.selectionStart));
  const chat = store.chats.get(view.chat);
  found = begun && chat
    ? ["bot", ...chat.members].filter((id) => nameOf(id).toLowerCase().startsWith(begun[1].toLowerCase()))
    : [];
  chosen = 0;
  draw();
}

function pick(id) {
  const end = text.selectionStart;
  const start = text.value.lastIndexOf("@", end - 1);
  const name = `@${nameOf(id)}`;
  picked.set(name, id);
  text.setRangeText(`${name} `, start, end, "end");
  found = [];
  draw();
}

function draw() {
  list.hidden = !found.length;
  fill(
    list,
    found.map((id, index) =>
      el(
        "li",
        {
          role: "option",
          id: `suggestion-${index}`,
          "aria-selected": String(index === chosen),
          onmousedown: (event) => {
            event.preventDefault();
            pick(id);
          },
        },
        nameOf(id),
        id === "bot" ? el("span", { class: "tag" }, "bot") : null,
      ),
    ),
  );
  if (found.length) text.setAttribute("aria-activedescendant", `suggestion-${chosen}`);
  else text.removeAttribute("aria-activedescendant");
}
