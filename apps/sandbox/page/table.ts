import { h, type Child } from "./element.ts";

export interface Column<Row> {
  readonly title: string;
  readonly kind?: "number" | "main" | "actions";
  readonly cell: (row: Row) => Child | readonly Child[];
}

export interface LiveTable<Row> {
  readonly node: HTMLElement;
  /** Shows these rows, or `empty`; rows that did not change keep their elements, and with them focus and selection. */
  show(rows: readonly Row[], empty?: Child): void;
}

/**
 * A table that is shown again and again. On a phone each row becomes a card, so roles say what the layout takes
 * away, and each cell carries its column's title.
 */
export function createTable<Row>(options: {
  caption: string;
  columns: readonly Column<Row>[];
  /** What makes a row the same one when it is shown again. */
  keyOf: (row: Row, index: number) => string | number;
  /** What to show instead while there are no rows. */
  empty?: Child;
}): LiveTable<Row> {
  const { caption, columns, keyOf } = options;
  const body = h("tbody", { role: "rowgroup" });
  const head = columns.map(({ title, kind }) =>
    h("th", { scope: "col", role: "columnheader", class: kind }, title),
  );
  const table = h(
    "table",
    { role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...head)),
    body,
  );
  const node = h("div", { class: "panel table" }, table);
  const shown = new Map<string | number, { look: string; line: HTMLElement }>();

  const lineOf = (row: Row, index: number) => {
    const look = JSON.stringify(row);
    const key = keyOf(row, index);
    const known = shown.get(key);
    if (known?.look === look) return { key, ...known };
    return {
      key,
      look,
      line: h("tr", { role: "row" }, ...columns.map((column) => toCell(column, row))),
    };
  };

  return {
    node,
    show(rows, empty = options.empty) {
      const lines = rows.map(lineOf);
      shown.clear();
      for (const { key, look, line } of lines) shown.set(key, { look, line });
      arrange(
        body,
        lines.map(({ line }) => line),
      );
      if (rows.length === 0)
        node.replaceChildren(h("div", { class: "empty" }, empty ?? "Nothing yet"));
      else if (table.parentNode === null) node.replaceChildren(table);
    },
  };
}

function toCell<Row>({ title, kind, cell }: Column<Row>, row: Row): HTMLElement {
  const content = cell(row);
  const children = Array.isArray(content) ? (content as readonly Child[]) : [content as Child];
  return h("td", { role: "cell", class: kind, "data-title": title }, ...children);
}

/** Moves only what is out of place: an element that stays where it is keeps the focus. */
function arrange(parent: HTMLElement, wanted: readonly HTMLElement[]): void {
  const isWanted = new Set<Element>(wanted);
  const focused = parent.contains(document.activeElement) ? document.activeElement?.id : "";
  for (const child of Array.from(parent.children)) if (!isWanted.has(child)) child.remove();
  wanted.forEach((line, index) => {
    if (parent.children[index] !== line) parent.insertBefore(line, parent.children[index] ?? null);
  });
  if (focused && document.activeElement === document.body)
    document.getElementById(focused)?.focus();
}
