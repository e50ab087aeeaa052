import { double, size, word } from "../packets/memory/layout.js";

/** Words that both threads look at: how many batches were filled so far and how many given back … */
export const SHARED_WORDS = size();
export const FILLED = word();
export const USED = word();
/** … and 1 where one of the two waits for the other, which then takes that back and calls it. */
export const FILLER_WAITS = word();
export const USER_WAITS = word();

/** Doubles that a `BatchRing` has for each batch: what the batch says beside its rows … */
export const WORDS = size();
export const COUNT = double();
export const IS_IN_ORDER = double();
export const REACHED_NS = double();
export const QUOTES = double();
export const OUTERS = double();
export const ROWLESS = double();
/** … and its source, as of then. */
export const FIRST_NS = double();
export const LAST_NS = double();
export const CAPTURE_DROPPED = double();
export const FRAMES = double();
export const NOT_IP = double();
export const UNDECODABLE = double();
export const CUT = double();
/** How many marks there are: they come by another way. */
export const MARKS = double();
/** 1 where there are DNS answers among its packets: what they said comes so, too. */
export const HAS_ANSWERS = double();
/** How many silences it found meanwhile, of which so many are told, and their beginnings and ends. It takes hundreds of frames until there can be another one. */
export const SILENCES = double();
export const MOST_SILENCES = 26;
export const SILENCE_FROM_NS = double(MOST_SILENCES);
export const SILENCE_TO_NS = double(MOST_SILENCES);
