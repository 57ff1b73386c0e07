"use strict";
// The table of trials: sorted, filtered, a page of rows at a time.

const kRowsPerPage = 50;

const table = {sort: "number", isAscending: true, page: 0, filter: "", state: "", nodes: null, found: []};

function tableColumns() {
  const columns = [
    {
      id: "number",
      title: "trial",
      value: (trial) => trial.number,
      text: (trial) => String(trial.number),
      numeric: true,
    },
    {id: "state", title: "state", value: (trial) => trial.state, text: (trial) => trial.state},
  ];
  report.study.directions.forEach((_, i) =>
    columns.push({
      id: `value-${i}`,
      title: metricName(i),
      numeric: true,
      value: (trial) => valueOf(trial, i),
      text: (trial) => numberText(valueOf(trial, i)),
    })
  );
  columns.push({
    id: "duration",
    title: "duration",
    value: durationOf,
    text: (trial) => durationText(durationOf(trial) ?? NaN),
    numeric: true,
  });
  for (const position of shownParameters()) {
    columns.push({
      id: `param-${position}`,
      title: report.parameters[position].name,
      numeric: report.parameters[position].type !== "categorical",
      value: (trial) => paramOf(trial, position),
      text: (trial) => paramText(trial, position),
    });
  }
  columns.push({
    id: "start",
    title: "started (UTC)",
    value: (trial) => trial.start,
    text: (trial) => timeText(trial.start ?? NaN),
  });
  columns.push({
    id: "reason",
    title: "reason",
    value: (trial) => trial.reason || null,
    text: (trial) => trial.reason,
  });
  return columns;
}

/** Trials without a value stand last, whatever the order; NaN just before them. */
function compareBy(column, is_ascending) {
  const sign = is_ascending ? 1 : -1;
  const rank = (value) => (value === null ? 2 : Number.isNaN(value) ? 1 : 0);
  return (a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    if (rank(left) !== 0 || rank(right) !== 0) return rank(left) - rank(right) || a.number - b.number;
    if (left === right) return a.number - b.number;
    return sign * (left < right ? -1 : 1);
  };
}

function foundTrials(columns) {
  const passes = filterOf(table.filter);
  const found = report.trials.filter(
    (trial) =>
      (table.state === "" || trial.state === table.state) &&
      (brush.numbers === null || brush.numbers.has(trial.number)) &&
      passes(trial)
  );
  const column = columns.find((other) => other.id === table.sort) ?? columns[0];
  return found.sort(compareBy(column, table.isAscending));
}

function headCell(column) {
  const is_sorted = column.id === table.sort;
  const mark = is_sorted ? (table.isAscending ? " ↑" : " ↓") : "";
  const button = element("button", {
    type: "button",
    textContent: cutText(printable(column.title)) + mark,
    title: column.title,
  });
  button.addEventListener("click", () => {
    table.isAscending = is_sorted ? !table.isAscending : true;
    table.sort = column.id;
    table.page = 0;
    showTable();
    table.nodes.head.querySelector(`[data-column="${column.id}"] button`)?.focus();
  });
  const cell = element("th", {scope: "col", className: column.numeric ? "number" : ""}, button);
  cell.dataset.column = column.id;
  cell.setAttribute("aria-sort", is_sorted ? (table.isAscending ? "ascending" : "descending") : "none");
  return cell;
}

function bodyCell(column, trial) {
  const text = column.text(trial);
  const cell = element("td", {className: column.numeric ? "number" : ""});
  if (column.id === "state")
    cell.append(element("span", {className: `state ${trial.state.toLowerCase()}`, textContent: text}));
  else cell.textContent = cutText(printable(text), 60);
  if (text.length > 60) cell.title = text;
  return cell;
}

function bodyRow(columns, trial) {
  const row = element("tr", {tabIndex: 0}, ...columns.map((column) => bodyCell(column, trial)));
  if (report.best.has(trial.number)) row.classList.add("best");
  row.addEventListener("click", () => openTrial(trial));
  row.addEventListener("keydown", (event) => {
    if (event.key === "Enter") openTrial(trial);
  });
  return row;
}

function showPager(n_found) {
  const n_pages = Math.max(1, Math.ceil(n_found / kRowsPerPage));
  const {earlier, later, place} = table.nodes;
  earlier.disabled = table.page === 0;
  later.disabled = table.page >= n_pages - 1;
  place.textContent = n_pages === 1 ? "" : `page ${table.page + 1} of ${n_pages.toLocaleString("en")}`;
}

function showTable() {
  if (!table.nodes) return;
  const columns = tableColumns();
  const found = foundTrials(columns);
  table.found = found;
  table.page = Math.min(table.page, Math.max(0, Math.ceil(found.length / kRowsPerPage) - 1));
  const first = table.page * kRowsPerPage;
  table.nodes.head.replaceChildren(element("tr", {}, ...columns.map(headCell)));
  table.nodes.body.replaceChildren(
    ...found.slice(first, first + kRowsPerPage).map((trial) => bodyRow(columns, trial))
  );
  table.nodes.count.textContent = joinNotes(
    `${found.length.toLocaleString("en")} of ${countText(report.trials.length, "trial")}.`,
    brush.numbers ? "Only those selected in the parallel coordinates." : "",
    leftOutNote(shownParameters().length)
  );
  showPager(found.length);
}

function csvCell(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The trials that were found, all parameters, as the command `trials -f csv` names them. */
function foundCsv() {
  const values =
    report.study.directions.length === 1 ? ["value"] : report.study.directions.map((_, i) => `values_${i}`);
  const lines = [
    [
      "number",
      "state",
      ...values,
      "duration_seconds",
      "reason",
      ...report.parameters.map((parameter) => `params_${parameter.name}`),
    ],
  ];
  for (const trial of table.found) {
    lines.push([
      trial.number,
      trial.state,
      ...values.map((_, i) => valueOf(trial, i) ?? ""),
      durationOf(trial) === null ? "" : durationOf(trial) / 1000,
      trial.reason,
      ...report.parameters.map((parameter, position) => {
        const value = paramOf(trial, position);
        return value === null ? "" : parameter.type === "categorical" ? parameter.choices[value] : value;
      }),
    ]);
  }
  return lines.map((line) => line.map((cell) => csvCell(String(cell))).join(",")).join("\n") + "\n";
}

function saveCsv() {
  const address = URL.createObjectURL(new Blob([foundCsv()], {type: "text/csv"}));
  element("a", {href: address, download: "trials.csv"}).click();
  URL.revokeObjectURL(address);
}

function tableControls() {
  const filter = element("input", {
    type: "search",
    id: "table-filter",
    size: 28,
    "aria-label": "Filter trials",
    placeholder: "Filter: lr<0.01 optimizer=adam",
  });
  filter.addEventListener("input", () => {
    table.filter = filter.value;
    table.page = 0;
    showTable();
  });
  const state = element(
    "select",
    {id: "table-state", "aria-label": "State"},
    element("option", {value: "", textContent: "all states"}),
    ...kStates.map((name) => element("option", {value: name, textContent: name}))
  );
  state.addEventListener("change", () => {
    table.state = state.value;
    table.page = 0;
    showTable();
  });
  const save = element("button", {type: "button", className: "quiet", textContent: "Save CSV"});
  save.addEventListener("click", saveCsv);
  return [filter, state, save];
}

function addTable() {
  const turn = (text, by) => {
    const button = element("button", {type: "button", className: "quiet", textContent: text});
    button.addEventListener("click", () => {
      table.page += by;
      showTable();
    });
    return button;
  };
  table.nodes = {
    head: element("thead"),
    body: element("tbody"),
    count: element("span", {className: "note"}),
    earlier: turn("Earlier", -1),
    later: turn("Later", 1),
    place: element("span", {className: "note"}),
  };
  const {head, body, count, earlier, later, place} = table.nodes;
  document
    .getElementById("cards")
    .append(
      element(
        "section",
        {className: "card full", id: "trials", "aria-label": "Trials"},
        element(
          "div",
          {className: "card-head"},
          element("h2", {textContent: "Trials"}),
          element("div", {className: "card-controls"}, ...tableControls())
        ),
        element("div", {className: "table-frame"}, element("table", {id: "trial-table"}, head, body)),
        element("div", {className: "pager"}, count, element("span", {className: "spring"}), place, earlier, later)
      )
    );
  showTable();
}
