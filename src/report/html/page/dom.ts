import { printable } from "../../../packets/printable.js";

export type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>;

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. Functions among its attributes listen: `onclick`. Text is text, whatever is in it, and what does something to its reader is shown as an escape. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  return filled(document.createElement(name), attributes, children);
}

/** An SVG element, likewise. */
export function s<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice("on".length), value);
    else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : shown(String(value)));
  }
  element.append(
    ...children
      .filter((child) => child !== undefined)
      .map((child) => (typeof child === "string" ? shown(child) : child)),
  );
  return element;
}

/** Text, line by line, as it can be shown. */
function shown(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** What says which thing an element is of, whatever it looks like. */
const NAMES = ["id", "data-flow", "data-place", "data-event"];
/** These do something for what they say: another text makes another one of them. */
const ACTING = new Set(["A", "BUTTON"]);
/** What a reader has opened stays open. */
const READERS = "open";
/** The page's policy takes no style as text. */
const STYLE = "style";

/** Gives an element other children, and leaves as they are those that stay: with what has the focus, is scrolled, is being clicked, or would be read out again. */
export function refill(element: Element, children: readonly (Node | undefined)[]): void {
  let at = 0;
  for (const child of children) {
    if (child === undefined) continue;
    const old = element.childNodes[at++];
    if (old === undefined) element.append(child);
    else if (old.isEqualNode(child)) continue;
    else if (old instanceof Element && child instanceof Element && isSame(old, child)) {
      takeAttributes(old, child);
      refill(old, [...child.childNodes]);
    } else old.replaceWith(child);
  }
  while (element.childNodes.length > at) element.lastChild?.remove();
}

function isSame(old: Element, now: Element): boolean {
  if (old.tagName !== now.tagName || ACTING.has(old.tagName)) return false;
  return NAMES.every((name) => old.getAttribute(name) === now.getAttribute(name));
}

function takeAttributes(old: Element, now: Element): void {
  for (const name of old.getAttributeNames())
    if (name !== READERS && !now.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of now.attributes)
    if (name !== STYLE && old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old instanceof HTMLElement && now instanceof HTMLElement && old.style.cssText !== now.style.cssText)
    old.style.cssText = now.style.cssText;
}

/** Has something done by Enter and Space as by a click: for what is no button of HTML's. */
export function onKeys(act: () => void): (event: Event) => void {
  return (event) => {
    if (!(event instanceof KeyboardEvent) || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    act();
  };
}
