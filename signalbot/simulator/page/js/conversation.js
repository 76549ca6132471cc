// The open chat: its head, its messages, who is typing.

import { act } from "./api.js";
import { arrowKeys, avatar, byId, el, fill, focusItem, icon } from "./dom.js";
import { messageElement } from "./message.js";
import { messagesOf, nameOf, on, store } from "./store.js";
import { showList, toggleInspector, view } from "./view.js";

const list = byId("messages");
let isAtEnd = true;
const GAP = 5 * 60 * 1000; // milliseconds after which the author is named again

export function setUpConversation({ onReply, onEdit }) {
  const options = { onReply, onEdit };
  fill(byId("back"), icon("back"));
  fill(byId("toggle-inspector"), icon("inspect"));
  byId("back").addEventListener("click", () => {
    showList();
    document.querySelector(`.chats [data-chat="${view.chat}"]`)?.focus();
  });
  byId("toggle-inspector").addEventListener("click", () => toggleInspector());
  arrowKeys(list, items);
  list.addEventListener("focusin", (event) => {
    const item = event.target.closest("[data-item]");
    for (const each of items()) each.tabIndex = each === item ? 0 : -1;
  });
  // On a phone the toolbar takes room of its own, so it comes after the click: what lies below
  // must not move while it is being pressed.
  for (const done of ["click", "keyup"]) list.addEventListener(done, choose);
  list.addEventListener("keydown", (event) => {
    if (event.key === "Escape") byId("text").focus();
  });
  on("chat", () => drawAll(options));
  on("places", drawHead);
  on("message", ({ message, isNew }) => {
    if (message.chat !== view.chat) return;
    if (isNew) append(message, options);
    else redraw(message.id, options);
    markRead();
  });
  on("trace", (trace) => {
    for (const message of messagesOf(view.chat)) if (message.frames.includes(trace.id)) redraw(message.id, options);
  });
  on("typing", (chat) => chat === view.chat && drawTyping());
  document.addEventListener("visibilitychange", markRead);
  list.addEventListener("scroll", () => {
    isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  });
  // Pictures that arrive late and a composer that grows must not push the last message away.
  list.addEventListener("load", stayAtEnd, true);
  new ResizeObserver(stayAtEnd).observe(list);
}

/** From the composer into the messages. */
export function focusLastMessage() {
  const all = items();
  if (all.length) focusItem(all, all.at(-1));
}

function choose(event) {
  const item = event.target.closest("[data-item]");
  for (const each of items()) each.toggleAttribute("data-chosen", each === item);
  stayAtEnd();
}

function items() {
  return [...list.querySelectorAll("[data-item]")];
}

function drawAll(options) {
  drawHead();
  const messages = messagesOf(view.chat);
  fill(list, messages.map((message, index) => messageElement(message, { ...options, isFollowUp: follows(messages[index - 1], message) })));
  drawTyping();
  drawEmpty();
  makeReachable();
  isAtEnd = true;
  stayAtEnd();
  markRead();
}

function drawHead() {
  const chat = store.chats.get(view.chat);
  if (!chat) return;
  fill(byId("chat-avatar"), avatar(chat.kind === "direct" ? chat.members[0] : chat.id, chat.name, chat.kind));
  byId("chat-name").textContent = chat.name;
  const names = chat.members.map(nameOf);
  if (chat.hasBot) names.push(store.bot.name);
  const number = store.people.get(chat.members[0])?.number;
  byId("chat-members").textContent = chat.kind === "group" ? names.join(", ") : number || "hides the number";
}

function append(message, options) {
  const before = messagesOf(view.chat).at(-2);
  list.append(messageElement(message, { ...options, isFollowUp: follows(before, message) }));
  drawEmpty();
  makeReachable();
  isAtEnd ||= message.author === view.as;
  stayAtEnd();
}

/** Only what has changed: a button must not vanish between press and release. */
function redraw(id, options) {
  const old = list.querySelector(`[data-message="${id}"]`);
  if (!old) return;
  const fresh = messageElement(store.messages.get(id), { ...options, isFollowUp: old.classList.contains("follow-up") });
  const [stack, freshStack] = [old.querySelector(".stack"), fresh.querySelector(".stack")];
  if (old.className !== fresh.className) {
    const hadFocus = old.contains(document.activeElement);
    fresh.tabIndex = old.tabIndex;
    fresh.toggleAttribute("data-chosen", old.hasAttribute("data-chosen"));
    old.replaceWith(fresh);
    if (hadFocus) fresh.focus();
  } else if (!stack.isEqualNode(freshStack)) {
    const hadFocus = stack.contains(document.activeElement);
    stack.replaceWith(freshStack);
    old.setAttribute("aria-label", fresh.getAttribute("aria-label"));
    if (hadFocus) old.focus();
  }
  stayAtEnd();
}

function stayAtEnd() {
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

/** One message is a tab stop: the last one, until the arrow keys choose another. */
function makeReachable() {
  const all = items();
  if (all.includes(document.activeElement?.closest?.("[data-item]"))) return;
  for (const each of all) each.tabIndex = each === all.at(-1) ? 0 : -1;
}

function follows(before, message) {
  return Boolean(before) && before.author === message.author && message.timestamp - before.timestamp < GAP;
}

function drawTyping() {
  const who = (store.typing.get(view.chat) || []).filter((each) => each !== view.as);
  const line = who.length ? `${who.map(nameOf).join(", ")} ${who.length > 1 ? "are" : "is"} typing` : "";
  fill(byId("typing"), line ? [el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), line] : []);
}

function drawEmpty() {
  const isEmpty = !list.children.length;
  const chat = store.chats.get(view.chat);
  byId("empty").hidden = !isEmpty;
  if (isEmpty && chat) {
    byId("empty").textContent = chat.kind === "group"
      ? `Nothing was said in ${chat.name} yet. Write as any member; the bot reads along.`
      : `Write to ${store.bot.name} as ${chat.name}. Try /help.`;
  }
}

/** What is on the screen is read by whom one posts as, and the bot hears of it. */
function markRead() {
  if (document.hidden || !view.as) return;
  const isNews = messagesOf(view.chat).some((each) => each.author === "bot" && !each.read.includes(view.as) && !each.deleted);
  if (isNews) act("read", { chat: view.chat, as: view.as });
}
