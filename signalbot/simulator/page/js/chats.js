// The list of direct chats and groups.

import { arrowKeys, avatar, byId, clock, el, fill, icon } from "./dom.js";
import { messagesOf, nameOf, on, store, unread } from "./store.js";
import { plainText } from "./text.js";
import { openChat, view } from "./view.js";

const lists = { direct: byId("direct"), group: byId("groups") };

export function setUpChats() {
  for (const [id, name] of [["new-person", "add"], ["new-group", "add"]]) fill(byId(id), icon(name));
  // One list for the arrow keys, whatever the headings between.
  arrowKeys(byId("sidebar"), () => [...document.querySelectorAll(".chats [data-item]")]);
  for (const name of ["snapshot", "places", "chat", "typing"]) on(name, draw);
  on("message", draw);
  on("status", drawStatus);
  on("snapshot", drawStatus);
  on("online", (isOnline) => {
    if (!isOnline) setStatus("simulator is gone", "bad");
    else drawStatus();
  });
}

function draw() {
  const focused = document.activeElement?.closest?.("[data-chat]")?.dataset.chat;
  for (const kind of ["direct", "group"]) {
    const chats = [...store.chats.values()].filter((each) => each.kind === kind);
    redraw(lists[kind], chats.map((chat) => el("li", {}, row(chat))));
  }
  const all = [...document.querySelectorAll(".chats [data-item]")];
  if (!all.some((each) => each.tabIndex === 0) && all.length) all[0].tabIndex = 0;
  if (focused) document.querySelector(`.chats [data-chat="${focused}"]`)?.focus();
}

/** Only what has changed: a row must not vanish between press and release. */
function redraw(list, fresh) {
  const old = [...list.children];
  fresh.forEach((item, index) => {
    if (!old[index]) list.append(item);
    else if (!old[index].isEqualNode(item)) old[index].replaceWith(item);
  });
  for (const item of old.slice(fresh.length)) item.remove();
}

function row(chat) {
  const last = messagesOf(chat.id).at(-1);
  const count = unread(chat.id);
  const isOpen = chat.id === view.chat;
  const typing = (store.typing.get(chat.id) || []).includes("bot");
  return el(
    "button",
    {
      type: "button",
      class: "chat-row",
      "data-item": true,
      "data-chat": chat.id,
      "aria-current": isOpen ? "true" : null,
      tabIndex: isOpen ? 0 : -1,
      onclick: () => openChat(chat.id),
    },
    avatar(chat.kind === "direct" ? chat.members[0] : chat.id, chat.name, chat.kind),
    el(
      "span",
      { class: "chat-text" },
      el("span", { class: "chat-line" }, el("b", {}, chat.name), last ? el("time", {}, clock(last.timestamp)) : null),
      el(
        "span",
        { class: "chat-line" },
        el("span", { class: typing ? "preview typing-now" : "preview" }, typing ? "typing …" : preview(chat, last)),
        count ? el("span", { class: "count", "aria-label": `${count} unread` }, String(count)) : null,
      ),
    ),
  );
}

function preview(chat, last) {
  if (!last) return chat.kind === "group" ? `${chat.members.length + (chat.hasBot ? 1 : 0)} members` : "No messages yet";
  return `${nameOf(last.author)}: ${plainText(last)}`;
}

function drawStatus() {
  const { status } = store;
  if (!status) return;
  if (status.connected) setStatus(`${store.bot.name} is connected`, "good");
  else setStatus(status.state === "running" ? `${store.bot.name} is not connected` : `${store.bot.name} is ${status.state}`, "bad");
}

function setStatus(text, kind) {
  const line = byId("status");
  if (line.textContent === text) return;
  line.textContent = text;
  line.className = `status ${kind}`;
}
