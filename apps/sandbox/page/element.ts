export type Child = Node | string | number | null | undefined | false;

type Listener = (event: Event) => void;
type Attributes = Readonly<Record<string, string | number | boolean | Listener | undefined>>;

/**
 * An HTML element with attributes, listeners (`onclick: () => …`) and children. Texts become text nodes, whatever they
 * hold: nothing on this page is ever parsed as HTML.
 */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  decorate(element, attributes);
  element.append(...nodesOf(children));
  return element;
}

/** The same for SVG. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  decorate(element, attributes);
  element.append(...nodesOf(children));
  return element;
}

/**
 * Replaces what an element holds, unless that would change nothing: focus and selection stay. Else the focus returns to the
 * element with the same id.
 */
export function fill(element: Element, ...children: readonly Child[]): void {
  const wanted = document.createElement("div");
  wanted.append(...nodesOf(children));
  if (element.innerHTML === wanted.innerHTML) return;
  const focused = element.contains(document.activeElement) ? document.activeElement?.id : "";
  element.replaceChildren(...wanted.childNodes);
  if (focused) document.getElementById(focused)?.focus();
}

function nodesOf(children: readonly Child[]): (Node | string)[] {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === "number" ? String(child) : child));
}

function decorate(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
}
