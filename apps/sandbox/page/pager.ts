import { fill, h } from "./element.ts";

/** Pages of a list that is read with `after`: forward by what a page names as its next, back by what was passed. */
export interface Pager {
  readonly node: HTMLElement;
  /** What the page shown begins after; `null` on the first. */
  readonly after: string | null;
  /** How many pages lie before it. */
  readonly passed: number;
  /** Tells which page was shown. */
  show(summary: string, next: string | null): void;
  restart(): void;
}

export function createPager(turn: () => void, what: string): Pager {
  const node = h("nav", { class: "actions pager", "aria-label": `Pages of ${what}` });
  let path: string[] = [];
  const go = (changed: string[]) => {
    path = changed;
    turn();
  };
  const button = (text: string, id: string, changed: string[] | undefined) =>
    h(
      "button",
      {
        type: "button",
        id: `pager-${id}`,
        class: "small",
        disabled: changed === undefined,
        onclick: () => changed && go(changed),
      },
      text,
    );
  return {
    node,
    get after() {
      return path.at(-1) ?? null;
    },
    get passed() {
      return path.length;
    },
    show(summary, next) {
      fill(
        node,
        h("span", { class: "quiet", role: "status" }, summary),
        button("First", "first", path.length > 0 ? [] : undefined),
        button("Previous", "previous", path.length > 0 ? path.slice(0, -1) : undefined),
        button("Next", "next", next === null ? undefined : [...path, next]),
      );
    },
    restart() {
      path = [];
    },
  };
}
