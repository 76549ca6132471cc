// The way of a message's frames through the bot: arrival, handlers asked, attempts, end.

import { act } from "./api.js";
import { byId, clock, el, fill } from "./dom.js";
import { nameOf, on, store } from "./store.js";
import { plainText } from "./text.js";
import { view } from "./view.js";

const panel = byId("panel-trace");

const OUTCOMES = {
  running: ["running", "calm"],
  asking: ["waiting for an answer", "calm"],
  done: ["done", "good"],
  handled_error: ["an error handler took care of it", "warn"],
  retry: ["failed, will be tried again", "warn"],
  outage: ["the server cannot be reached: waiting, no attempt lost", "warn"],
  dead_letter: ["failed, given up", "bad"],
  stuck: ["did not end in time, given up", "bad"],
  unreadable: ["could not be read", "bad"],
  left: ["the bot stopped meanwhile: kept for its next start", "warn"],
};

export function setUpTrace() {
  for (const name of ["tab", "snapshot", "letters"]) on(name, draw);
  on("trace", (trace) => store.messages.get(view.message)?.frames.includes(trace.id) && draw());
  on("message", ({ message }) => message.id === view.message && draw());
}

function draw() {
  const message = store.messages.get(view.message);
  if (!message) {
    fill(panel, el("p", { class: "empty-panel" }, "Choose a message, then its trace: which handlers matched it and why others did not, every attempt, and where it ended."));
    return;
  }
  const open = new Set([...panel.querySelectorAll("details[open]")].map((each) => each.dataset.key));
  fill(panel, heading(message), message.author === "bot" ? ofBot(message) : null, message.frames.map((id) => ofFrame(message, id)));
  for (const each of panel.querySelectorAll("details")) if (open.has(each.dataset.key)) each.open = true;
}

function heading(message) {
  return el("header", { class: "trace-head" }, el("h3", {}, `${nameOf(message.author)}, ${clock(message.timestamp)}`), el("p", {}, plainText(message)));
}

function ofBot(message) {
  const rows = [
    ["Delivered to", message.delivered.map(nameOf).join(", ") || "nobody yet"],
    ["Read by", message.read.map(nameOf).join(", ") || "nobody yet"],
  ];
  if (message.failed?.length) rows.push(["Did not reach", message.failed.map(nameOf).join(", ")]);
  return [
    el("p", { class: "note" }, "The bot sent this. What people do with it comes back to the bot and is traced below."),
    el("dl", { class: "facts" }, rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
  ];
}

function ofFrame(message, id) {
  const trace = store.traces.get(id);
  if (!trace) return null;
  return el(
    "section",
    { class: "frame" },
    el("h4", {}, trace.about),
    el("ol", { class: "steps" }, arrival(message, trace), trace.attempts.map((each, index) => attempt(trace, each, index)), ending(trace)),
    trace.routing.length ? routing(trace) : null,
  );
}

function arrival(message, trace) {
  if (!trace.arrived) {
    const text = store.status?.connected ? "It has not reached the bot" : "It has not reached the bot, which is not connected";
    return step(`${text}. The server keeps nothing: what no socket takes at once is lost.`, "bad");
  }
  const lines = [step("Reached the bot, stored in its inbox", "good", new Date(trace.arrived * 1000).toLocaleTimeString())];
  if (trace.copies > 1) lines.push(step(`Came ${trace.copies} times; the bot knew the copies by sender and timestamp`, "calm"));
  if (trace.answers) {
    const asking = [...store.messages.values()].find((each) => each.frames.includes(trace.answers));
    lines.push(step(`Taken as the answer to a question asked after “${asking ? plainText(asking) : "an earlier message"}”`, "good"));
  } else if (!trace.wanted) {
    lines.push(step("No handler asks for events of this kind, so it was not kept", "calm"));
  } else if (!trace.attempts.length) {
    lines.push(step("Waits for its turn in this chat", "calm"));
  }
  return lines;
}

function attempt(trace, each, index) {
  const [text, kind] = OUTCOMES[each.outcome] || [each.outcome, "calm"];
  const took = each.ended ? `${Math.max(1, Math.round((each.ended - each.began) * 1000))} ms` : "";
  const handler = each.handler ? `${short(each.handler)} · ${each.place}` : (each.outcome === "done" ? "no handler matched" : "");
  return el(
    "li",
    { class: kind },
    el("p", {}, el("b", {}, `Attempt ${each.number}`), `: ${text}`, took ? el("small", {}, took) : null),
    each.delay !== null ? el("p", { class: "sub" }, `again in ${each.delay.toFixed(1)} s`) : null,
    handler ? el("p", { class: "sub" }, handler) : null,
    each.error
      ? el(
          "details",
          { "data-key": `${trace.id}-${index}` },
          el("summary", {}, `${each.error.type}: ${each.error.text}`),
          el("pre", { tabIndex: 0 }, each.error.traceback),
        )
      : null,
  );
}

function ending(trace) {
  if (!trace.letter) return null;
  const letter = store.letters.find((each) => each.frame === trace.id);
  if (!letter) return step("In the dead letters", "bad");
  return el(
    "li",
    { class: "bad" },
    el("p", {}, el("b", {}, "In the dead letters"), ` as number ${letter.id}`),
    el("button", { type: "button", class: "small", onclick: () => act("dead-letters", { action: "replay", ids: [letter.id] }) }, "Replay it"),
  );
}

function routing(trace) {
  return [
    el("h5", {}, "Handlers: which fit, and why the others did not"),
    el(
      "ul",
      { class: "routing" },
      // Those that fit come first; among themselves they keep the order in which they were asked.
      ["runs", "matched", "not"].flatMap((kind) => trace.routing.filter((each) => kindOf(each) === kind)).map((each) => {
        const kind = kindOf(each);
        return el(
          "li",
          { class: kind },
          el("span", { class: "sign", role: "img", "aria-label": { runs: "runs", matched: "matches", not: "does not match" }[kind] }, { runs: "●", matched: "◐", not: "○" }[kind]),
          el("div", {}, el("p", {}, el("b", {}, short(each.handler)), el("small", {}, each.decorator ? `@${each.decorator}` : "", each.place ? ` ${each.place}` : "")), el("p", { class: "sub" }, each.why)),
        );
      }),
    ),
  ];
}

function kindOf({ runs, matched }) {
  return runs ? "runs" : matched ? "matched" : "not";
}

function step(text, kind, when) {
  return el("li", { class: kind }, el("p", {}, text, when ? el("small", {}, when) : null));
}

/** A handler's own name, without the module and functions around it. */
function short(name) {
  return name.split(".").at(-1);
}
