"use strict";
// Texts and elements. Names in a study are anybody's: they reach the page as text nodes, or escaped for Plotly, which
// reads a little HTML in labels.

/** An element with properties and children; strings become text. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

const kLongestLabel = 28;

function cutText(text, longest = kLongestLabel) {
  const characters = Array.from(String(text).slice(0, 4 * longest + 8));
  return characters.length <= longest ? characters.join("") : characters.slice(0, longest - 1).join("") + "…";
}

/** Control characters, and those that turn the direction of writing, as a visible mark. */
function printable(text) {
  return String(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "␣");
}

/** For labels and hover texts of Plotly. */
function plotText(text, longest = kLongestLabel) {
  return cutText(printable(text), longest).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Six significant digits; infinities and NaN by name. */
function numberText(number, digits = 6) {
  if (number === null || number === undefined) return "";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  if (Number.isInteger(number) && Math.abs(number) < 1e12) return String(number).replace("-", "−");
  const text = Number(number.toPrecision(digits));
  const size = Math.abs(text);
  const shown = size !== 0 && (size < 1e-4 || size >= 1e9) ? text.toExponential() : String(text);
  return shown.replace("e+", "e").replace(/-/g, "−");
}

function durationText(milliseconds) {
  if (!Number.isFinite(milliseconds)) return "";
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.95 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** UTC to the second. */
function timeText(milliseconds) {
  if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15) return "";
  return new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
}

function countText(number, singular, plural = singular + "s") {
  return `${number.toLocaleString("en")} ${number === 1 ? singular : plural}`;
}
