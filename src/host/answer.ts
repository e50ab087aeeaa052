/** Yes, no, or (undefined) cannot be told. */
export type Answer = boolean | undefined;

/** Yes where all are yes, no where one is no. */
export function all(answers: Iterable<Answer>): Answer {
  let answer: Answer = true;
  for (const each of answers) {
    if (each === false) return false;
    if (each === undefined) answer = undefined;
  }
  return answer;
}

export function not(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer;
}
