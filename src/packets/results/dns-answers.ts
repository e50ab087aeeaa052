import { Answers, heardBy } from "./answers.js";
import { Resolvers } from "./resolvers.js";

/** What DNS answers say, of names and of who answers, as it is heard. */
export class DnsAnswers {
  readonly answers = new Answers();
  readonly resolvers = new Resolvers();
  readonly hear = heardBy(this.answers, this.resolvers);
}
