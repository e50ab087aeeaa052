import picocolors from "picocolors";

type Style = (text: string) => string;

/** How meaning is shown: in colour, or with a mark where there is none. */
export interface Paint {
  /** Whether rewritten fields carry a mark in the text itself. */
  readonly isMarked: boolean;
  readonly rewritten: Style;
  readonly outbound: Style;
  readonly inbound: Style;
  readonly bad: Style;
  readonly doubtful: Style;
  readonly faint: Style;
  readonly heading: Style;
}

const asItIs: Style = (text) => text;

const PLAIN: Paint = {
  isMarked: true,
  rewritten: (text) => `*${text}`,
  outbound: asItIs,
  inbound: asItIs,
  bad: asItIs,
  doubtful: asItIs,
  faint: asItIs,
  heading: asItIs,
};

export function paint(isColored: boolean): Paint {
  if (!isColored) return PLAIN;
  const colors = picocolors.createColors(true);
  return {
    isMarked: false,
    rewritten: (text) => colors.bold(colors.yellow(text)),
    outbound: colors.green,
    inbound: colors.cyan,
    bad: (text) => colors.bold(colors.red(text)),
    doubtful: colors.magenta,
    faint: colors.dim,
    heading: colors.bold,
  };
}
