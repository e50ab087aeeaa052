import { Answers, type Hear } from "../packets/results/answers.js";
import { Resolvers } from "../packets/results/resolvers.js";

/** What DNS answers say, of names and of who answers, as it is heard. */
export class DnsAnswers {
  readonly answers = new Answers();
  readonly resolvers = new Resolvers();

  readonly hear: Hear = (...heard) => {
    this.answers.hear(...heard);
    this.resolvers.hear(...heard);
  };
}
