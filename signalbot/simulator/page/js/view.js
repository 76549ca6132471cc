// Where the person at the screen is: the chat, whom they post as, what the inspector shows.

import { byId, toast } from "./dom.js";
import { store, tell } from "./store.js";

export const view = {
  chat: null,
  as: null,
  message: null, // id of the message that the trace is about
  tab: "trace",
};

const app = byId("app");
const isNarrow = window.matchMedia("(max-width: 760px)");
const isMiddling = window.matchMedia("(max-width: 1120px)");

/** Show a chat; in a direct chat one can only be that person. */
export function openChat(id, { isUser = true } = {}) {
  const chat = store.chats.get(id);
  if (!chat) return;
  view.chat = id;
  const kept = [sessionStorage.getItem(`as-${id}`), view.as].find((each) => chat.members.includes(each));
  view.as = kept ?? chat.members[0] ?? null;
  history.replaceState(null, "", `#${id}`);
  if (isUser) app.dataset.view = "chat";
  tell("chat");
}

/** Post as somebody; who is not in a direct chat has another one. */
export function postAs(person) {
  const chat = store.chats.get(view.chat);
  if (chat.kind === "direct" && !chat.members.includes(person)) {
    const other = [...store.chats.values()].find((each) => each.kind === "direct" && each.members.includes(person));
    if (other) openChat(other.id);
    else toast("There is no direct chat with them.");
    return;
  }
  view.as = person;
  sessionStorage.setItem(`as-${view.chat}`, person);
  tell("chat");
}

export function showList() {
  app.dataset.view = "list";
}

/** The chat of the address, if it is there, else the first one; on a phone the list comes first. */
export function begin() {
  const asked = decodeURIComponent(location.hash.slice(1));
  const first = store.chats.has(asked) ? asked : store.chats.keys().next().value;
  if (isMiddling.matches) app.dataset.inspector = "closed";
  if (first) openChat(first, { isUser: !isNarrow.matches || store.chats.has(asked) });
}

export function showTab(tab) {
  view.tab = tab;
  app.dataset.inspector = "open";
  tell("tab");
}

export function showTrace(message) {
  view.message = message;
  showTab("trace");
}

/** Open or close the inspector, which on small screens lies over everything else. */
export function toggleInspector(isOpen = app.dataset.inspector !== "open") {
  app.dataset.inspector = isOpen ? "open" : "closed";
  tell("tab");
}

export function inspectorIsOpen() {
  return app.dataset.inspector === "open";
}
