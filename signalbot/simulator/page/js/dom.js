// Making elements. Whatever came from a person or the bot goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

// 24 x 24, drawn with the text's colour.
const ICONS = {
  add: "M12 5v14M5 12h14",
  attach: "M20 11.500l-8.300 8.300a5.200 5.200 0 0 1-7.400-7.400l8.600-8.600a3.500 3.500 0 0 1 5 5l-8.600 8.500a1.800 1.800 0 0 1-2.500-2.500l7.900-7.800",
  back: "M15 5l-7 7 7 7",
  bot: "M6 9.500a3 3 0 0 1 3-3h6a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3H9a3 3 0 0 1-3-3zM12 6.500V3.500M9.800 11.500v1.500M14.200 11.500v1.500M3.500 11.500v3M20.500 11.500v3",
  close: "M6 6l12 12M18 6L6 18",
  delete: "M5 7h14M10 7V4.500h4V7M7 7l1 12.500h8L17 7M10.500 10.500v5.500M13.500 10.500v5.500",
  edit: "M5 19l.8-3.800L15.600 5.400a1.600 1.600 0 0 1 2.300 0l.7.7a1.600 1.600 0 0 1 0 2.300L8.800 18.200z",
  file: "M7 3.500h7l4 4v13H7zM14 3.500v4h4",
  inspect: "M4 6h16M4 12h10M4 18h7M17.500 15.500m-2.500 0a2.500 2.500 0 1 0 5 0a2.500 2.500 0 1 0-5 0M19.400 17.400L21.500 19.500",
  poll: "M5 20V11M12 20V4M19 20v-6",
  react: "M12 12m-8.500 0a8.500 8.500 0 1 0 17 0a8.500 8.500 0 1 0-17 0M8.500 14.500c1.800 2.400 5.200 2.400 7 0M9 9.500v.5M15 9.500v.5",
  reply: "M10 6L4.500 11.500 10 17M5 11.500h8.500a6 6 0 0 1 6 6v.5",
  send: "M4.500 12L4 4.500 20.500 12 4 19.500 4.500 12zM4.500 12H12",
  trace: "M6 5v14M6 8h12M6 13h9M6 18h6",
};

/** An element with properties, attributes (aria-*, data-*, role), handlers and children. */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows a picture and says its name. */
export function iconButton(name, label, onclick) {
  return el("button", { type: "button", class: "icon", title: label, "aria-label": label, onclick }, icon(name));
}

export function byId(id) {
  return document.getElementById(id);
}

export function fill(element, ...children) {
  element.replaceChildren(...present(children));
}

/** A round picture: initials, in a colour of the person's own. */
export function avatar(id, name, kind = "person") {
  const words = name.trim().split(/\s+/);
  const initials = [...(words[0] || "?")][0] + (words.length > 1 ? [...words.at(-1)][0] : "");
  const colour = id === "bot" ? "bot" : `hue-${Number(id.slice(1)) % 8}`;
  return el("span", { class: `avatar ${kind} ${colour}`, "aria-hidden": "true" }, id === "bot" ? icon("bot") : initials.toUpperCase());
}

/** The arrow keys move through a list of which only one element is a tab stop. */
export function arrowKeys(list, items, { previous = "ArrowUp", next = "ArrowDown" } = {}) {
  list.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(event.target.closest("[data-item]"));
    if (at < 0) return;
    const to = { [previous]: at - 1, [next]: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    focusItem(all, all[to]);
  });
}

export function focusItem(all, item) {
  for (const each of all) each.tabIndex = each === item ? 0 : -1;
  item.focus();
}

export function clock(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function bytes(size) {
  if (size < 1024) return `${size} bytes`;
  return size < 1024 ** 2 ? `${(size / 1024).toFixed(1)} kB` : `${(size / 1024 ** 2).toFixed(1)} MB`;
}

let hiding;
export function toast(text) {
  const box = byId("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { box.hidden = true; }, 6000);
}
