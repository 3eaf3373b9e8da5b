// Filters, for a page that says everything without them.
"use strict";
(() => {
  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  let zones;

  // The page is gone through once, when a filter is first wanted.
  const read = () => Array.from(document.querySelectorAll(".zone"), (section) => ({
    section,
    name: section.dataset.zone.toLowerCase(),
    tables: Array.from(section.querySelectorAll(".changes"), (table) => ({
      table,
      rows: Array.from(table.tBodies[0].rows, (row) => ({
        row,
        action: row.dataset.do,
        cause: row.dataset.cause,
        risks: (row.dataset.risks || "").split(" ").filter(Boolean),
      })),
    })),
  }));

  const wanted = () => Object.fromEntries(Array.from(new FormData(form), ([name, value]) => [name, value.trim()]));

  const fits = (change, want) =>
    (!want.action || change.action === want.action) &&
    (!want.cause || change.cause === want.cause) &&
    (!want.risk || (want.risk === "*" ? change.risks.length > 0 : change.risks.includes(want.risk)));

  function filter() {
    zones ||= read();
    const want = wanted();
    const byChange = Boolean(want.action || want.cause || want.risk);
    let all = 0, visible = 0, visibleZones = 0;
    for (const { section, name, tables } of zones) {
      const named = name.includes((want.zone || "").toLowerCase());
      let ofZone = 0;
      for (const { table, rows } of tables) {
        let ofTable = 0;
        for (const change of rows) {
          const fit = named && fits(change, want);
          if (change.row.hidden === fit) change.row.hidden = !fit;
          if (fit) ofTable++;
        }
        table.hidden = ofTable === 0;
        all += rows.length;
        ofZone += ofTable;
      }
      // A zone without changes still has something to say, unless changes are asked for.
      section.hidden = !named || (byChange && ofZone === 0);
      visible += ofZone;
      if (!section.hidden) visibleZones++;
    }
    none.hidden = visibleZones > 0 || zones.length === 0;
    shown.textContent = `${visible} of ${all} changes shown`;
  }

  function showAll(event) {
    event.preventDefault(); // which would reset after this, and so too late to filter by
    for (const { name } of form.elements) if (name) form.elements[name].value = "";
    filter();
  }

  // What a link above leads to is shown, whatever is filtered.
  function reveal(event) {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(link.hash.slice(1));
    if (target && target.closest("[hidden]")) form.reset();
  }

  form.addEventListener("input", filter);
  form.addEventListener("reset", showAll);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", reveal);
  form.hidden = false;
})();
