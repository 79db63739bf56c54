/** Text in which the words that were searched for stand out. */

import { pieces } from "../format/matches";

export function MarkedText({ text, words }: { text: string; words: string[] }) {
  return pieces(text, words).map((piece, at) => (at % 2 ? <mark key={at}>{piece}</mark> : piece));
}
