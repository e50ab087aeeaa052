/** Yes, no, or (undefined) cannot be told. */
export type Answer = boolean | undefined;

export function not(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer;
}
