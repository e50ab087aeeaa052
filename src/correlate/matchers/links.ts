import type { Proxied } from "./proxied/proxy-ends.js";
import type { Turned } from "./turned/turns.js";

/** What is known of two conversations that are one flow. It goes on. */
export type Linked = Proxied | Turned;

/** Takes two conversations that turned out to be one flow; `begin` says what is known of it, from its id. */
export type Link = (tuples: readonly [number, number], begin: (id: number) => Linked) => void;

/** Takes a further conversation of the flow that another one belongs to. */
export type Join = (tuple: number, to: number) => void;
