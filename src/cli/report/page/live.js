"use strict";
// A page that is served follows the study: the server sends what changed.

function tellLive(text, kind) {
  const state = document.getElementById("live-state");
  state.hidden = false;
  state.textContent = text;
  state.className = `live ${kind}`;
}

function showBanner(text) {
  const banner = document.getElementById("banner");
  banner.hidden = text === "";
  banner.textContent = text;
}

let pending = false;

/** Several changes at once are drawn once. */
function drawSoon() {
  if (pending) return;
  pending = true;
  setTimeout(() => {
    pending = false;
    showEverything();
  }, 250);
}

/** The stream of changes; null on a page that is a file. */
let events = null;

function startLive() {
  if (!report.page.live) return;
  tellLive("connecting", "waiting");
  // What the last event told: a connection alone changes nothing about it.
  let in_trouble = false;
  const tellState = () => (in_trouble ? tellLive("nothing new", "off") : tellLive("live", "on"));
  events = new EventSource(`events?since=${encodeURIComponent(report.page.revision)}`);
  events.addEventListener("open", tellState);
  events.addEventListener("error", () => tellLive("connection lost, trying again", "off"));
  events.addEventListener("change", (event) => {
    in_trouble = false;
    showBanner("");
    tellState();
    report.page.time = new Date().toISOString();
    takeOver(JSON.parse(event.data));
    drawSoon();
  });
  events.addEventListener("trouble", (event) => {
    const text = String(JSON.parse(event.data)).replace(/[^.!?]$/, "$&.");
    showBanner(`${text} What is shown is the last that was known.`);
    in_trouble = true;
    tellState();
  });
  // The server was started anew, or another study has the name now.
  events.addEventListener("reload", () => location.reload());
  addEventListener("pagehide", () => events.close());
}
