// One message: bubble, quote, files, poll, reactions, ticks, and what can be done with it.

import { act } from "./api.js";
import { avatar, bytes, clock, el, icon, iconButton } from "./dom.js";
import { nameOf, store } from "./store.js";
import { plainText, richText } from "./text.js";
import { pollOf } from "./poll.js";
import { showTrace, view } from "./view.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

export function messageElement(message, { onReply, onEdit, isFollowUp }) {
  const isMine = message.author === view.as;
  const kind = isMine ? "mine" : message.author === "bot" ? "from-bot" : "from-other";
  const element = el(
    "li",
    {
      class: `message ${kind}${isFollowUp ? " follow-up" : ""}${message.deleted ? " deleted" : ""}`,
      "data-item": true,
      "data-message": message.id,
      tabIndex: -1,
      "aria-label": `${nameOf(message.author)}, ${clock(message.timestamp)}: ${plainText(message)}`,
    },
    isMine ? null : avatar(message.author, nameOf(message.author)),
    el(
      "div",
      { class: "stack" },
      el("div", { class: "bubble" }, body(message, isMine), foot(message)),
      reactions(message),
    ),
    message.deleted ? null : toolbar(message, { onReply, onEdit }),
  );
  element.addEventListener("keydown", (event) => shortcut(event, message, element, { onReply, onEdit }));
  return element;
}

function body(message, isMine) {
  if (message.deleted) return el("p", { class: "gone" }, "This message was deleted.");
  return [
    isMine ? null : el("p", { class: "author" }, nameOf(message.author), message.author === "bot" ? el("span", { class: "tag" }, "bot") : null),
    message.quote ? quote(message.quote) : null,
    message.files.length ? el("div", { class: "files" }, message.files.map(file)) : null,
    message.sticker ? el("p", { class: "sticker" }, `Sticker ${message.sticker}`) : null,
    message.poll ? pollOf(message) : null,
    message.text ? el("p", { class: "text" }, richText(message.text, message.styles, message.mentions)) : null,
    message.preview ? linkPreview(message.preview) : null,
  ];
}

function quote({ id, author, text }) {
  const quoted = id ? store.messages.get(id) : null;
  return el(
    "button",
    {
      type: "button",
      class: "quote",
      disabled: !quoted,
      onclick: () => document.querySelector(`[data-message="${id}"]`)?.focus(),
      "aria-label": `In reply to ${author ? nameOf(author) : "somebody"}`,
    },
    el("b", {}, author ? nameOf(author) : "Somebody"),
    el("span", {}, quoted ? plainText(quoted) : text || "Attachment"),
  );
}

function file({ id, name, size, isImage }) {
  const address = `files/${encodeURIComponent(id)}`;
  if (isImage) {
    return el("a", { class: "picture", href: address, target: "_blank", rel: "noopener" }, el("img", { src: address, alt: name }), el("span", { class: "caption" }, name));
  }
  return el("a", { class: "file", href: address, download: name }, icon("file"), el("span", {}, el("b", {}, name), el("small", {}, bytes(size))));
}

function linkPreview({ url, title, description }) {
  return el("div", { class: "preview-card" }, el("b", {}, title), description ? el("span", {}, description) : null, el("small", {}, url));
}

function foot(message) {
  const notes = [];
  if (message.viewOnce) notes.push("view once");
  if (message.edits && !message.deleted) notes.push("edited");
  if (message.failed?.length) notes.push(`not to ${message.failed.map(nameOf).join(", ")}`);
  return el("p", { class: "foot" }, notes.length ? el("span", {}, notes.join(" · ")) : null, alarm(message), el("time", {}, clock(message.timestamp)), ticks(message));
}

/** Whether a frame about this message ended badly, or is being tried again. */
function alarm(message) {
  const traces = message.frames.map((id) => store.traces.get(id)).filter(Boolean);
  if (traces.some((each) => each.letter)) return badge("dead letter", "bad", message);
  const last = traces.map((each) => each.attempts.at(-1)?.outcome);
  if (last.some((each) => each === "retry" || each === "outage")) return badge("retrying", "warn", message);
  if (last.includes("asking")) return badge("waiting for an answer", "calm", message);
  return null;
}

function badge(text, kind, message) {
  return el("button", { type: "button", class: `badge ${kind}`, onclick: () => showTrace(message.id) }, text);
}

/** One tick: sent. Two: it has reached the bot, or the people. Coloured: read. */
function ticks(message) {
  const isBot = message.author === "bot";
  const frame = store.traces.get(message.frames[0]);
  const readers = message.read.filter((each) => each !== message.author);
  const arrived = isBot ? message.delivered.length > 0 : Boolean(frame?.arrived);
  const state = readers.length ? "read" : arrived ? "delivered" : "sent";
  const whom = readers.length ? ` by ${readers.map(nameOf).join(", ")}` : "";
  return el("span", { class: `ticks ${state}`, role: "img", "aria-label": state + whom, title: state + whom }, state === "sent" ? "✓" : "✓✓");
}

function reactions(message) {
  if (!message.reactions.length) return null;
  const whose = new Map();
  for (const { emoji, who } of message.reactions) whose.set(emoji, [...(whose.get(emoji) || []), who]);
  return el(
    "div",
    { class: "reactions" },
    [...whose].map(([emoji, people]) => {
      const isMine = people.includes(view.as);
      const names = people.map(nameOf).join(", ");
      return el(
        "button",
        {
          type: "button",
          "aria-pressed": String(isMine),
          "aria-label": `${emoji} by ${names}`,
          title: names,
          onclick: () => react(message, emoji, isMine),
        },
        emoji,
        people.length > 1 ? el("span", {}, String(people.length)) : null,
      );
    }),
  );
}

function react(message, emoji, remove = false) {
  act("react", { message: message.id, as: view.as, emoji, remove });
}

function toolbar(message, { onReply, onEdit }) {
  const isMine = message.author === view.as;
  const picker = el("div", { class: "picker", role: "group", "aria-label": "Reactions", hidden: true });
  const open = iconButton("react", "React", () => {
    picker.hidden = !picker.hidden;
    if (picker.hidden) return;
    const present = store.messages.get(message.id).reactions.find((each) => each.who === view.as)?.emoji;
    picker.replaceChildren(
      ...EMOJI.map((emoji) =>
        el(
          "button",
          {
            type: "button",
            "aria-label": `React with ${emoji}`,
            "aria-pressed": String(emoji === present),
            onclick: () => {
              picker.hidden = true;
              picker.closest("[data-item]").focus();
              react(message, emoji, emoji === present);
            },
          },
          emoji,
        ),
      ),
    );
    picker.firstChild.focus();
  });
  picker.addEventListener("keydown", (event) => walkPicker(event, picker, open));
  return el(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Message" },
    open,
    iconButton("reply", "Reply", () => onReply(store.messages.get(message.id))),
    isMine && message.text ? iconButton("edit", "Edit", () => onEdit(store.messages.get(message.id))) : null,
    isMine ? iconButton("delete", "Delete for everybody", () => act("delete", { message: message.id, as: view.as })) : null,
    iconButton("trace", "Trace", () => showTrace(message.id)),
    picker,
  );
}

function walkPicker(event, picker, open) {
  const all = [...picker.children];
  const at = all.indexOf(document.activeElement);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") {
    picker.hidden = true;
    open.focus();
  } else if (step && all[at + step]) all[at + step].focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Keys on a focused message; the toolbar offers the same to the mouse. */
function shortcut(event, message, element, { onReply, onEdit }) {
  if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
  const isMine = message.author === view.as && !message.deleted;
  const actions = {
    Enter: () => showTrace(message.id),
    t: () => showTrace(message.id),
    r: () => onReply(store.messages.get(message.id)),
    e: () => isMine && message.text && onEdit(store.messages.get(message.id)),
    Delete: () => isMine && act("delete", { message: message.id, as: view.as }),
    "+": () => element.querySelector(".toolbar button")?.click(),
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}
