import { printable } from "../../../packets/printable.js";

type Child = Node | string | undefined;
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

/** Has something done by Enter and Space as by a click: for what is no button of HTML's. */
export function onKeys(act: () => void): (event: Event) => void {
  return (event) => {
    if (!(event instanceof KeyboardEvent) || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    act();
  };
}
