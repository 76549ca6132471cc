// The three forms that open over the page: a person, a group, a poll.

import { act } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { on, store } from "./store.js";
import { openChat, view } from "./view.js";

export function setUpDialogs() {
  form("person", "new-person", async () => {
    const made = await act("add-person", { name: byId("person-name").value });
    if (made) openWhenThere(made.id.replace("a", "p"));
  });
  form("group", "new-group", async () => {
    const members = [...document.querySelectorAll("#group-members input:checked")].map((each) => each.value);
    const made = await act("add-group", { name: byId("group-name").value, members });
    if (made) openWhenThere(made.id);
  });
  form("poll", "new-poll", async () => {
    const options = byId("poll-options").value.split("\n").map((each) => each.trim()).filter(Boolean);
    await act("poll", { chat: view.chat, as: view.as, question: byId("poll-question").value, options, multiple: byId("poll-multiple").checked });
  });
}

function form(name, opener, onOk) {
  const dialog = byId(`${name}-dialog`);
  byId(opener).addEventListener("click", () => {
    dialog.querySelector("form").reset();
    dialog.returnValue = "";
    if (name === "group") drawMembers();
    dialog.showModal();
  });
  dialog.addEventListener("close", () => dialog.returnValue === "ok" && onOk());
}

function drawMembers() {
  fill(
    byId("group-members"),
    [...store.people.values()].map((each) => el("label", { class: "check" }, el("input", { type: "checkbox", value: each.id, checked: true }), each.name)),
  );
}

let awaited = null;
on("places", () => {
  if (awaited && store.chats.has(awaited)) {
    openChat(awaited);
    awaited = null;
  }
});

/** The stream may be a moment behind the answer to the request. */
function openWhenThere(chat) {
  if (store.chats.has(chat)) openChat(chat);
  else awaited = chat;
}
