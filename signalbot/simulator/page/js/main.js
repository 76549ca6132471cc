// Puts the page together.

import { setUpChats } from "./chats.js";
import { setUpComposer, startEdit, startReply } from "./composer.js";
import { setUpConversation } from "./conversation.js";
import { setUpDialogs } from "./dialogs.js";
import { byId } from "./dom.js";
import { setUpInspector } from "./inspector.js";
import { connect, on, store, tell } from "./store.js";
import { begin, openChat, view } from "./view.js";

setUpChats();
setUpConversation({ onReply: startReply, onEdit: startEdit });
setUpComposer();
setUpInspector();
setUpDialogs();

on("snapshot", () => {
  if (store.chats.has(view.chat)) tell("chat");
  else {
    begin();
    byId("text").focus({ preventScroll: true });
  }
});
window.addEventListener("hashchange", () => {
  const asked = location.hash.slice(1);
  if (asked !== view.chat) openChat(asked);
});
connect();
