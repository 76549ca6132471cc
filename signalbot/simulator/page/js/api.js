// Asking the simulator to do something. What comes of it arrives by the event stream.

import { toast } from "./dom.js";

/** Do an action; answers its result, or null after telling what was wrong. */
export async function act(action, body) {
  return send(`api/${action}`, {
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Hand in a file; answers its record. */
export async function upload(file) {
  return send(`api/uploads?name=${encodeURIComponent(file.name)}`, {
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
}

async function send(path, options) {
  try {
    const response = await fetch(path, { method: "POST", ...options });
    const result = await response.json();
    if (response.ok) return result;
    toast(result.error);
  } catch {
    toast("The simulator does not answer. Is it still running?");
  }
  return null;
}
