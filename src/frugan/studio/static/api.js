// The way to the program: every request of the page passes here.

const HEADER = { "frugan-studio": "1" };

export class Problem extends Error {}

export function address(path, values = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") query.set(key, Array.isArray(value) ? value.join(",") : value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function answer(response) {
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(content.error || `The studio answered with status ${response.status}. Try again.`);
  return content;
}

async function reach(target, options) {
  try {
    return await fetch(target, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The studio does not answer. Start it again with frugan studio; what was trained is kept.");
  }
}

export async function get(path, values, signal) {
  return answer(await reach(address(path, values), { signal }));
}

export async function send(path, content, { method = "POST", values = {} } = {}) {
  const headers = { ...HEADER, "content-type": "application/json" };
  return answer(await reach(address(path, values), { method, headers, body: JSON.stringify(content) }));
}

// One file; `onprogress` hears the part that is sent, from 0 to 1.
export function upload(file, values, onprogress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address("/api/uploads", { name: file.name, ...values }));
    request.setRequestHeader("frugan-studio", "1");
    request.responseType = "json";
    request.upload.onprogress = (event) => onprogress?.(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Problem(request.response?.error || "The studio did not take the file. Try again."));
    };
    request.onerror = () => reject(new Problem("The file could not be sent. Look whether the studio still runs."));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

export async function bitmap(path, values, signal) {
  const response = await reach(address(path, values), { signal });
  if (!response.ok) await answer(response);
  return createImageBitmap(await response.blob());
}

// Server-sent events, until the page is left.
export function listen(path, values, heard) {
  const source = new EventSource(address(path, values));
  source.onmessage = (event) => heard(JSON.parse(event.data));
  window.addEventListener("pagehide", () => source.close());
  return source;
}

export function note(error) {
  if (error?.name === "AbortError") return;
  const place = document.getElementById("notes");
  const line = document.createElement("p");
  line.textContent = error instanceof Problem || typeof error === "string" ? String(error.message ?? error) : `The page has a fault: ${error}`;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.onclick = () => line.remove();
  line.append(" ", close);
  place.replaceChildren(line);
}

// Runs what a control does: shows that it waits, and tells what went wrong.
export function doing(button, work) {
  return async (event) => {
    event?.preventDefault();
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      await work(event);
    } catch (error) {
      note(error);
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  };
}

export function picture(place, stamp, wish, more = {}) {
  const chosen = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== null && value !== ""));
  return address("/api/picture", { place, stamp, ...chosen, ...more });
}

const RUNNING = ["running", "stopping"];
export const isRunning = (job) => RUNNING.includes(job.state);

// Follows one job to its end. `heard` is told each state.
export function follow(number, heard) {
  return new Promise((resolve) => {
    const source = listen("/api/jobs/events", {}, ({ jobs = [] }) => {
      const job = jobs.find((each) => each.number === number);
      if (!job) return;
      heard(job);
      if (!isRunning(job)) { source.close(); resolve(job); }
    });
  });
}
