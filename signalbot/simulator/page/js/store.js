// What the simulator has told, kept up to date by its event stream.

const listeners = {};

export const store = {
  bot: { id: "bot", name: "Bot", number: "" },
  people: new Map(),
  chats: new Map(),
  messages: new Map(), // by id
  order: new Map(), // chat -> ids of its messages, oldest first
  typing: new Map(), // chat -> who
  traces: new Map(),
  status: null,
  faults: null,
  letters: [],
};

/** Call `listener` whenever something of that name changes. */
export function on(name, listener) {
  (listeners[name] ||= []).push(listener);
}

export function tell(name, detail) {
  for (const listener of listeners[name] || []) listener(detail);
}

export function nameOf(id) {
  if (id === "bot") return store.bot.name;
  return store.people.get(id)?.name ?? "Somebody";
}

export function messagesOf(chat) {
  return (store.order.get(chat) || []).map((id) => store.messages.get(id));
}

/** Messages of the bot that nobody has read: what the badge beside a chat counts. */
export function unread(chat) {
  return messagesOf(chat).filter((each) => each.author === "bot" && !each.read.length && !each.deleted).length;
}

const takers = {
  snapshot(change) {
    store.bot = change.bot;
    store.messages.clear();
    store.order.clear();
    store.typing.clear();
    store.traces = new Map(Object.entries(change.traces || {}));
    takePlaces(change);
    change.messages.forEach(keep);
    change.typing.forEach(takeTyping);
    for (const name of ["status", "faults", "letters"]) if (change[name]) store[name] = change[name];
    tell("snapshot");
  },
  places(change) {
    takePlaces(change);
    tell("places");
  },
  message({ message }) {
    tell("message", { message, isNew: keep(message) });
  },
  typing(change) {
    takeTyping(change);
    tell("typing", change.chat);
  },
  trace({ trace }) {
    store.traces.set(trace.id, trace);
    tell("trace", trace);
  },
  part({ name, value }) {
    store[name] = value;
    tell(name, value);
  },
};

function takePlaces({ people, chats }) {
  store.people = new Map(people.map((each) => [each.id, each]));
  store.chats = new Map(chats.map((each) => [each.id, each]));
}

function keep(message) {
  const isNew = !store.messages.has(message.id);
  store.messages.set(message.id, message);
  if (isNew) {
    if (!store.order.has(message.chat)) store.order.set(message.chat, []);
    store.order.get(message.chat).push(message.id);
  }
  return isNew;
}

function takeTyping({ chat, who, on: isOn }) {
  const present = store.typing.get(chat) || [];
  const others = present.filter((each) => each !== who);
  store.typing.set(chat, isOn ? [...others, who] : others);
}

/** Listen; the browser connects again by itself, and then a new snapshot comes first. */
export function connect() {
  const source = new EventSource("events");
  source.addEventListener("message", (event) => {
    const change = JSON.parse(event.data);
    takers[change.type]?.(change);
  });
  source.addEventListener("open", () => tell("online", true));
  source.addEventListener("error", () => tell("online", false));
}
