// Writing: text, replies, edits, files, whom to post as.

import { act, upload } from "./api.js";
import { byId, bytes, el, fill, icon, iconButton } from "./dom.js";
import { focusLastMessage } from "./conversation.js";
import { closeSuggestions, pickAgain, pickedMentions, setUpMentions, suggestionKey } from "./mentions.js";
import { nameOf, on, store } from "./store.js";
import { plainText } from "./text.js";
import { postAs, view } from "./view.js";

const text = byId("text");
const TYPING_AGAIN = 5000; // milliseconds between two signs of typing

let reply = null;
let editing = null;
let files = [];
let typedAt = 0;

export function setUpComposer() {
  fill(byId("attach"), icon("attach"));
  fill(byId("new-poll"), icon("poll"));
  fill(byId("send"), icon("send"));
  setUpMentions();
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  text.addEventListener("keydown", onKey);
  text.addEventListener("input", () => {
    grow();
    tellTyping();
  });
  text.addEventListener("blur", stopTyping);
  text.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) addFiles(event.clipboardData.files);
  });
  byId("as").addEventListener("change", (event) => postAs(event.target.value));
  byId("attach").addEventListener("click", () => byId("file").click());
  byId("file").addEventListener("change", async (event) => {
    await addFiles(event.target.files);
    event.target.value = "";
    text.focus();
  });
  const conversation = byId("conversation");
  conversation.addEventListener("dragover", (event) => event.preventDefault());
  conversation.addEventListener("drop", (event) => {
    event.preventDefault();
    addFiles(event.dataTransfer.files);
  });
  on("chat", onChat);
  on("places", drawPeople);
}

export function startReply(message) {
  [reply, editing] = [message, null];
  drawContext();
  text.focus();
}

export function startEdit(message) {
  [reply, editing] = [null, message];
  text.value = plainText(message);
  grow();
  drawContext();
  text.focus();
}

function stopContext() {
  if (editing) text.value = "";
  [reply, editing] = [null, null];
  grow();
  drawContext();
}

let shownChat = null;
function onChat() {
  if (view.chat !== shownChat) {
    shownChat = view.chat;
    stopContext();
    closeSuggestions();
  }
  drawPeople();
}

/** In a group, its members; in a direct chat everybody, and choosing another goes to their chat. */
function drawPeople() {
  const chat = store.chats.get(view.chat);
  if (!chat) return;
  const ids = chat.kind === "group" ? chat.members : [...store.people.keys()];
  const select = byId("as");
  fill(select, ids.map((id) => el("option", { value: id, selected: id === view.as }, nameOf(id))));
  select.value = view.as;
  text.placeholder = chat.kind === "group" ? `Message to ${chat.name}` : `Message to ${store.bot.name}, or /help`;
}

async function send() {
  const value = text.value;
  if (!value.trim() && !files.length) return;
  const { chat, as } = view;
  const draft = { reply, editing, files };
  const [picks, call] = outgoing(value, chat, as);
  // Cleared now, not when the answer is there: by then the next message may be begun.
  typedAt = 0;
  text.value = "";
  files = [];
  drawFiles();
  stopContext();
  if ((await act(...call)) || view.chat !== chat || text.value) return;
  ({ reply, editing, files } = draft);
  text.value = value;
  pickAgain(picks);
  drawFiles();
  drawContext();
  grow();
}

function outgoing(value, chat, as) {
  if (editing) return [new Map(), ["edit", { message: editing.id, as, text: value }]];
  const { wire, mentions, picks } = pickedMentions(value);
  const quote = reply?.id ?? null;
  const ids = files.map((each) => each.id);
  return [picks, ["say", { chat, as, text: wire || null, mentions, quote, files: ids }]];
}

function onKey(event) {
  if (suggestionKey(event)) return;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && (reply || editing)) {
    stopContext();
  } else if (event.key === "ArrowUp" && !text.value) {
    event.preventDefault();
    focusLastMessage();
  }
}

function drawContext() {
  const box = byId("replying");
  const message = reply || editing;
  box.hidden = !message;
  if (!message) return;
  fill(
    box,
    el("span", {}, el("b", {}, editing ? "Editing" : `Replying to ${nameOf(message.author)}`), plainText(message)),
    iconButton("close", editing ? "Stop editing" : "Do not reply", () => {
      stopContext();
      text.focus();
    }),
  );
}

async function addFiles(chosen) {
  for (const file of chosen) {
    const stored = await upload(file);
    if (stored) files.push(stored);
  }
  drawFiles();
}

function drawFiles() {
  const list = byId("attached");
  list.hidden = !files.length;
  fill(
    list,
    files.map((file) =>
      el(
        "li",
        {},
        file.isImage ? el("img", { src: `files/${file.id}`, alt: "" }) : icon("file"),
        el("span", {}, file.name, el("small", {}, bytes(file.size))),
        iconButton("close", `Remove ${file.name}`, () => {
          files = files.filter((each) => each !== file);
          drawFiles();
          text.focus();
        }),
      ),
    ),
  );
}

/** As high as its text, up to what the style sheet allows. */
function grow() {
  text.rows = Math.min(text.value.split("\n").length, 6);
}

function tellTyping() {
  if (!text.value) {
    stopTyping();
  } else if (Date.now() - typedAt > TYPING_AGAIN && view.as) {
    typedAt = Date.now();
    act("typing", { chat: view.chat, as: view.as, on: true });
  }
}

function stopTyping() {
  if (!typedAt || !view.as) return;
  typedAt = 0;
  act("typing", { chat: view.chat, as: view.as, on: false });
}
