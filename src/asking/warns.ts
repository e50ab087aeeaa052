/** Takes what is to be told to the user, a sentence at a time: that the host did not say something, or has not yet. */
export interface Warns {
  warn(text: string): void;
}
