"use strict";
// What all plots share: which objective they show, and which parameters.

const kShownParameters = 12;
const kMostShownParameters = 30;
const kListedParameters = 200;

const selection = {objective: 0, parameters: null};

/** Positions of the parameters that are shown: as picked, else those that decide most. */
function shownParameters() {
  const known = (selection.parameters ?? []).filter((position) => position < report.parameters.length);
  return known.length > 0 ? known : importantParameters().slice(0, kShownParameters);
}

/** Which of the study's parameters a plot leaves out, for its note. */
function leftOutNote(n_shown) {
  const n = report.parameters.length;
  return n > n_shown ? `${n_shown} of ${n} parameters; choose others above.` : "";
}

function select(label, options, chosen, onChange) {
  const list = element("select", {"aria-label": label});
  options.forEach(([value, text]) => list.append(element("option", {value: String(value), textContent: text})));
  list.value = String(chosen);
  list.addEventListener("change", () => onChange(Number(list.value)));
  return list;
}

function objectiveControl() {
  if (report.study.directions.length < 2) return null;
  const options = report.study.directions.map((_, i) => [i, cutText(printable(metricName(i)))]);
  return element(
    "label",
    {},
    "Objective ",
    select("Objective", options, selection.objective, (objective) => {
      selection.objective = objective;
      redrawAll();
    })
  );
}

function pickerEntry(position, shown) {
  const box = element("input", {type: "checkbox", checked: shown.has(position)});
  box.addEventListener("change", () => {
    const picked = new Set(shownParameters());
    if (box.checked && picked.size >= kMostShownParameters) {
      box.checked = false;
      return;
    }
    if (box.checked) picked.add(position);
    else picked.delete(position);
    selection.parameters = [...picked].sort((a, b) => a - b);
    selectionChanged();
  });
  return element("label", {className: "picker-entry"}, box, cutText(printable(report.parameters[position].name), 60));
}

function fillPicker(list, note, search) {
  const shown = new Set(shownParameters());
  const wanted = search.value.trim().toLowerCase();
  const found = importantParameters().filter((position) =>
    report.parameters[position].name.toLowerCase().includes(wanted)
  );
  list.replaceChildren(...found.slice(0, kListedParameters).map((position) => pickerEntry(position, shown)));
  note.textContent =
    found.length > kListedParameters
      ? `The first ${kListedParameters} of ${found.length}; type to find others.`
      : `Up to ${kMostShownParameters} can be shown.`;
}

function parameterControl() {
  if (report.parameters.length < 2) return null;
  const search = element("input", {
    type: "search",
    placeholder: "Find a parameter",
    "aria-label": "Find a parameter",
  });
  const list = element("div", {className: "picker-list"});
  const note = element("p", {className: "note"});
  const summary = element("summary", {id: "parameter-summary"});
  const picker = element(
    "details",
    {className: "picker", id: "parameter-picker"},
    summary,
    element("div", {className: "picker-panel"}, search, list, note)
  );
  search.addEventListener("input", () => fillPicker(list, note, search));
  picker.addEventListener("toggle", () => {
    if (picker.open) fillPicker(list, note, search);
  });
  document.addEventListener("click", (event) => {
    if (!picker.contains(event.target)) picker.open = false;
  });
  return picker;
}

function showParameterCount() {
  const summary = document.getElementById("parameter-summary");
  if (summary) summary.textContent = `Parameters: ${shownParameters().length} of ${report.parameters.length}`;
}

function selectionChanged() {
  showParameterCount();
  redraw("parallel");
  redraw("slice");
  showTable();
}

let shownControls = "";

/** What the controls offer. */
function controlNames() {
  return [...report.study.metrics, ...report.parameters.map((parameter) => parameter.name)].join("\n");
}

function showControls() {
  shownControls = controlNames();
  const controls = [objectiveControl(), parameterControl()].filter(Boolean);
  document.getElementById("controls").replaceChildren(...controls);
  document.getElementById("controls").hidden = controls.length === 0;
  showParameterCount();
}
