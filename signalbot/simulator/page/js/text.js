// A message's text with its styles and mentions; offsets are UTF-16 units, as in JavaScript.

import { el } from "./dom.js";
import { nameOf } from "./store.js";

const CLASSES = {
  BOLD: "bold",
  ITALIC: "italic",
  STRIKETHROUGH: "strike",
  MONOSPACE: "mono",
  SPOILER: "spoiler",
};

/** The nodes for a text. */
export function richText(text, styles = [], mentions = []) {
  const cuts = new Set([0, text.length]);
  for (const { start, length } of [...styles, ...mentions]) {
    cuts.add(clamp(start, text));
    cuts.add(clamp(start + length, text));
  }
  const ordered = [...cuts].sort((a, b) => a - b);
  const nodes = [];
  for (let index = 0; index + 1 < ordered.length; index += 1) {
    const [from, to] = [ordered[index], ordered[index + 1]];
    const mention = mentions.find((each) => each.start <= from && to <= each.start + each.length);
    if (mention && mention.start !== from) continue;
    const shown = mention ? `@${nameOf(mention.who)}` : text.slice(from, to);
    const names = styles
      .filter((each) => each.start <= from && to <= each.start + each.length)
      .map((each) => CLASSES[each.style])
      .filter(Boolean);
    if (mention) names.push("mention");
    nodes.push(names.length ? styled(shown, names) : shown);
  }
  return nodes;
}

/** The text as one line, for previews and quotes. */
export function plainText(message) {
  if (message.deleted) return "deleted";
  if (message.poll) return `Poll: ${message.poll.question}`;
  let text = message.text || "";
  for (const { who, start, length } of [...message.mentions].sort((a, b) => b.start - a.start)) {
    text = `${text.slice(0, start)}@${nameOf(who)}${text.slice(start + length)}`;
  }
  if (text) return text;
  if (message.files.length) return message.files.map((each) => each.name).join(", ");
  return message.sticker ? "Sticker" : "";
}

function styled(text, names) {
  if (!names.includes("spoiler")) return el("span", { class: names.join(" ") }, text);
  const spoiler = el("button", { type: "button", class: names.join(" "), "aria-label": "Spoiler, press to read" }, text);
  spoiler.addEventListener("click", () => {
    spoiler.classList.add("shown");
    spoiler.removeAttribute("aria-label");
  });
  return spoiler;
}

function clamp(offset, text) {
  return Math.min(Math.max(offset, 0), text.length);
}
