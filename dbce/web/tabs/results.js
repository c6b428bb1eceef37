// Table 1 of the paper beside the scores of the bundled networks: made from their manifest, nothing typed in.

(() => {
  const box = $("#view-results");
  const text = (value) => (value === null ? "" : value.toFixed(2));

  function table({ columns, rows }) {
    const best = (side, k) => Math.max(...rows.map((row) => row[side]?.[k] ?? -1));
    const cells = (row, side) => columns.map((_, k) => {
      const value = row[side] ? row[side][k] : null;
      return `<td class="${value !== null && value === best(side, k) ? "best" : ""}">${text(value)}</td>`;
    }).join("");
    const head = columns.map((name) => `<th scope="col">${name}</th>`).join("");
    return `<div class="scroll"><table class="wide"><thead><tr><td></td><th colspan="${columns.length}" scope="colgroup">here, %</th><th colspan="${columns.length}" scope="colgroup">in the paper, %</th></tr>
      <tr><td></td>${head}${head}</tr></thead>
      <tbody>${rows.map((row) => `<tr data-row="${row.loss}"><th scope="row">${CONFIG.titles[row.loss]}</th>${cells(row, "ours")}${cells(row, "paper")}</tr>`).join("")}</tbody></table></div>`;
  }

  // Many columns: the paper's row below ours.
  function longTable({ columns, rows }) {
    const best = columns.map((_, k) => Math.max(...rows.map((row) => row.ours[k])));
    const cells = (values, mark) => values.map((value, k) => `<td class="${mark && value === best[k] ? "best" : ""}">${text(value)}</td>`).join("");
    const both = (row) => `<tr data-row="${row.loss}"><th scope="row">${CONFIG.titles[row.loss]}</th>${cells(row.ours, true)}</tr>` +
      (row.paper ? `<tr class="theirs"><th scope="row">in the paper</th>${cells(row.paper, false)}</tr>` : "");
    return `<div class="scroll"><table class="wide long"><thead><tr><td></td>${columns.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows.map(both).join("")}</tbody></table></div>`;
  }

  // What the paper does not measure.
  const more = ({ title, columns, rows }) => `<h3>${title}</h3><div class="scroll"><table class="wide more"><thead><tr><td></td>${columns.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
    <tbody>${rows.map(([name, ...cells]) => `<tr><th scope="row">${name}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("")}</tbody></table></div>`;

  if (!CONFIG.results.length) box.innerHTML = '<div class="card"><h2>Not measured</h2><p class="quiet">These networks come without scores. <code>python -m dbce evaluate</code> measures them on a test set, <code>python -m dbce bundle</code> records what it finds for this tab.</p></div>';
  else box.innerHTML = CONFIG.results.map((result) => `<div class="card"><h2>${result.title}</h2><p class="quiet">${result.setting}</p>
    ${(result.columns.length > 4 ? longTable : table)(result)}
    ${result.more ? more(result.more) : ""}
    <ul class="said">${result.differences.map((sentence) => `<li>${sentence}</li>`).join("")}</ul>
    <p class="quiet">Made by ${result.commands.data ? `<code>${result.commands.data}</code>, ` : ""}<code>${result.commands.train}</code> for each loss, and <code>${result.commands.evaluate}</code>${result.commands.evidence ? `; deviations and intervals by <code>${result.commands.evidence}</code>` : ""}.</p></div>`).join("");

  tabs.results = { draw() {} };
})();
